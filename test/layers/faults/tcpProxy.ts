/** A network that fails when it is told to: what stands between a client and its engine. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { once } from "node:events"
import { createServer } from "node:net"
import type { Behaviour, Endpoint } from "./Behaviour.ts"
import { ProxyLink } from "./ProxyLink.ts"

export interface TcpProxy {
  readonly endpoint: Endpoint
  /** Changes the behaviour, of the connections that are open too. */
  readonly behave: (behaviour: Behaviour) => Effect.Effect<void>
  /** Cuts all connections, except those that hang. */
  readonly cut: Effect.Effect<void>
  /**
   * Forgets the connections that are open, as a router does that has dropped them from its table: what they carry is lost,
   * and neither end is told. New connections get through.
   */
  readonly forget: Effect.Effect<void>
  /** How many connections have lost an answer. */
  readonly losses: Effect.Effect<number>
}

/** The engine may come and go behind it. The scope ends the proxy and its connections. */
export const makeTcpProxy = (engine: Endpoint): Effect.Effect<TcpProxy, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(Effect.promise(() => listen(engine)), ({ close }) => Effect.promise(close)),
    ({ proxy }) => proxy
  )

const listen = async (engine: Endpoint) => {
  let behaviour: Behaviour = { _tag: "Pass" }
  const links = new Set<ProxyLink>()
  let losses = 0
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (behaviour._tag === "Refuse") {
      client.resetAndDestroy()
      return
    }
    const link = new ProxyLink(client, engine, behaviour, {
      lost: () => losses++,
      ended: () => links.delete(link)
    })
    links.add(link)
  })
  const host = "127.0.0.1"
  server.listen(0, host)
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const cut = () => {
    for (const link of links) link.cut()
  }
  const proxy: TcpProxy = {
    endpoint: { host, port },
    cut: Effect.sync(cut),
    forget: Effect.sync(() => {
      for (const link of links) link.silence()
    }),
    losses: Effect.sync(() => losses),
    behave: (next) =>
      Effect.sync(() => {
        behaviour = next
        for (const link of links) link.behave(next)
      })
  }
  const close = async () => {
    server.close()
    for (const link of links) link.destroy()
    await once(server, "close")
  }
  return { close, proxy }
}
