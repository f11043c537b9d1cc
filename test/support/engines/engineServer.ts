/**
 * Starts the engines that test files share, each when it is first asked for, and stops them when its input ends. It says
 * where it is to be asked.
 *
 * It is a process of its own, because the package that starts PostgreSQL ends the one that it is loaded in with success,
 * whatever it was to end with: failed tests would pass.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { once } from "node:events"
import { createServer } from "node:http"
import { startDynamoDb } from "../../layers/dynamodb/startDynamoDb.ts"
import { startPostgres } from "../../layers/postgres/startPostgres.ts"

/** For some minutes of work the compiler that is meant for hours costs more than it gains. */
process.env["JDK_JAVA_OPTIONS"] ??= "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"

const scope = Scope.makeUnsafe()
const portOnce = (start: Effect.Effect<{ readonly port: number }, never, Scope.Scope>) =>
  Effect.runSync(Effect.cached(Effect.map(Effect.provideService(start, Scope.Scope, scope), ({ port }) => port)))
const ports = new Map([
  ["/dynamodb", portOnce(startDynamoDb())],
  ["/postgres", portOnce(startPostgres)]
])

const server = createServer(async ({ url = "" }, response) => {
  const exit = await Effect.runPromiseExit(ports.get(url) ?? Effect.die(new Error(`there is no engine ${url}`)))
  if (Exit.isSuccess(exit)) response.end(String(exit.value))
  else response.writeHead(500).end(String(exit.cause))
})
server.listen(0, "127.0.0.1")
await once(server, "listening")
const address = server.address()
if (address === null || typeof address === "string") throw new Error("no port")
console.log(`http://127.0.0.1:${address.port}`)

// It ends with whoever started it, however that ends.
process.stdin.resume()
await once(process.stdin, "end")
server.close()
server.closeAllConnections()
await Effect.runPromise(Scope.close(scope, Exit.void))
process.exit()
