/**
 * The sockets to PostgreSQL, which are known until they have closed: the other end of a dead connection never closes its own.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { connect, type Socket } from "node:net"
import { clearTimeout, setTimeout } from "node:timers"

/** Milliseconds after which a connection that was ended is dropped, whether or not the other end has agreed. */
const farewell = 2_000

/**
 * Where a server is: a host, or the folder of its socket; and after how long an idle connection to it is probed.
 *
 * @since 0.2.0
 * @category models
 */
export interface PostgresAddress {
  readonly host: string
  readonly port: number
  readonly keepAlive: Duration.Input
}

/**
 * The sockets of a client.
 *
 * @since 0.2.0
 * @category models
 */
export interface PostgresSockets {
  /** Makes a socket that connects. */
  readonly connect: () => Socket
  /** Drops all of them, whatever they are doing. */
  readonly dropAll: Effect.Effect<void>
}

/**
 * Makes the sockets of a client. When the scope closes, none of them keeps the process alive any longer.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makePostgresSockets = (
  { host, keepAlive, port }: PostgresAddress
): Effect.Effect<PostgresSockets, never, Scope.Scope> => {
  const sockets = new Set<Socket>()
  const address = host.startsWith("/")
    ? { path: `${host}/.s.PGSQL.${port}` }
    // A statement is one write and then a wait for its answer, so that there is nothing to be gathered.
    : {
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: Duration.toMillis(Duration.fromInputUnsafe(keepAlive))
    }

  const make = (): Socket => {
    const socket = connect(address)
    sockets.add(socket)
    let timer: NodeJS.Timeout | undefined
    // It has said all that it had to say.
    socket.once("finish", () => {
      timer = setTimeout(() => socket.destroy(), farewell).unref()
      socket.unref()
    })
    socket.once("close", () => {
      clearTimeout(timer)
      sockets.delete(socket)
    })
    return socket
  }

  return Effect.acquireRelease(
    Effect.succeed({
      connect: make,
      dropAll: Effect.sync(() => {
        for (const socket of sockets) socket.destroy()
      })
    }),
    () =>
      Effect.sync(() => {
        for (const socket of sockets) {
          socket.unref()
          // @effect-diagnostics-next-line globalTimersInEffect:off -- a network takes real time
          setTimeout(() => socket.destroy(), farewell).unref()
        }
      })
  )
}
