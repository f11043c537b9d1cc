/**
 * The engines that test files share. Each is started when the first file asks for it, so that a file that needs none
 * starts none, and is stopped after the last: to start one takes seconds, and one that has run for a while is faster.
 *
 * This is run by Vitest itself, outside of the processes in which the tests are. They ask over HTTP for a port.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { once } from "node:events"
import { createServer } from "node:http"
import type { TestProject } from "vitest/node"
import { startDynamoDb } from "../dynamodb/startDynamoDb.ts"
import { startPostgres } from "../postgres/startPostgres.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** Where to ask for an engine. */
    readonly engines: string
  }
}

/** For some minutes of work the compiler that is meant for hours costs more than it gains. */
const javaOptions = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"

/** Gives how the engines are stopped. */
export default async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  process.env["JDK_JAVA_OPTIONS"] ??= javaOptions

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
  provide("engines", `http://127.0.0.1:${address.port}`)

  return async () => {
    server.close()
    server.closeAllConnections()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
