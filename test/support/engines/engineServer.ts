/**
 * Starts the engines that test files share, packs the package, bundles programs, and looks for Java, each when it is first asked for.
 * It stops the engines when its input ends. It says where it is to be asked.
 *
 * It is a process of its own, because the package that starts PostgreSQL ends the one that it is loaded in with success,
 * whatever it was to end with: failed tests would pass.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { once as event } from "node:events"
import { createServer } from "node:http"
import { hasJava, startDynamoDb } from "../../layers/dynamodb/startDynamoDb.ts"
import { startPostgres } from "../../layers/postgres/startPostgres.ts"
import { pack } from "../../package/pack.ts"
import { bundleProgram } from "./bundleProgram.ts"
import type { Shared } from "./shared.ts"

const scope = Scope.makeUnsafe()
const once = <A>(make: Effect.Effect<A, never, Scope.Scope>): Effect.Effect<A> =>
  Effect.runSync(Effect.cached(Effect.provideService(make, Scope.Scope, scope)))
const portOnce = (start: Effect.Effect<{ readonly port: number }, never, Scope.Scope>): Effect.Effect<string> =>
  once(Effect.map(start, ({ port }) => String(port)))
const made: { readonly [name in Shared]: Effect.Effect<string> } = {
  dynamodb: portOnce(startDynamoDb()),
  hasJava: once(Effect.sync(() => String(hasJava()))),
  package: once(pack),
  postgres: portOnce(startPostgres)
}
const byUrl = new Map(Object.entries(made).map(([name, make]) => [`/${name}`, make]))

/** Gives what is made for a request: of the others, the path of a program is asked for. */
const madeFor = (url: string): Effect.Effect<string> => {
  const known = byUrl.get(url)
  if (known !== undefined) return known
  const bundled = once(Effect.promise(() => bundleProgram(decodeURI(url))))
  byUrl.set(url, bundled)
  return bundled
}

const server = createServer(async ({ url = "" }, response) => {
  const exit = await Effect.runPromiseExit(madeFor(url))
  if (Exit.isSuccess(exit)) response.end(exit.value)
  else response.writeHead(500).end(String(exit.cause))
})
server.listen(0, "127.0.0.1")
await event(server, "listening")
const address = server.address()
if (address === null || typeof address === "string") throw new Error("no port")
console.log(`http://127.0.0.1:${address.port}`)

// It ends with whoever started it, however that ends.
process.stdin.resume()
await event(process.stdin, "end")
server.close()
server.closeAllConnections()
await Effect.runPromise(Scope.close(scope, Exit.void))
process.exit()
