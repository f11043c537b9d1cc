/** The Effect server on SQLite and a real port, for clients that know nothing of Effect. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { onTestFinished } from "vitest"
import * as McpTasks from "../../../../src/adapters/effect/index.ts"
import * as SqliteTaskStorage from "../../../../src/layers/SqliteTaskStorage.ts"
import * as TaskRunner from "../../../../src/runner/index.ts"
import { freshFile } from "../../../layers/sqlite/database.ts"
import { serve } from "../server.ts"
import { bothRevisions, userOfHeader } from "../servers.ts"
import { clientTools } from "./tools.ts"

interface ServeOptions {
  readonly filename?: string
  readonly inputOnPoll?: boolean
}

interface Served {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** A scope that ends with the test, if not before. */
const scoped = () => {
  const scope = Effect.runSync(Scope.make())
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  onTestFinished(close)
  return { scope, close }
}

/** Names a database that no test has used, and that is gone when this one has finished. */
export const freshDatabase = (): string => Effect.runSync(Scope.provide(freshFile, scoped().scope))

/** Serves until it is stopped, or the test has finished. Whoever sends `x-user: NAME` is NAME. */
export const startServer = async (options: ServeOptions = {}): Promise<Served> => {
  const { filename = freshDatabase(), inputOnPoll = false } = options
  const { close, scope } = scoped()
  const server = McpTasks.layerHttp({
    name: "clients",
    version: "1.0.0",
    path: "/mcp",
    protocols: bothRevisions,
    registrations: clientTools,
    owner: userOfHeader,
    pollInterval: 20,
    inputOnPoll
  }).pipe(
    // What the server before left in the middle is soon taken up.
    Layer.provide(TaskRunner.layer({ shutdownTimeout: 10, recovery: { interval: 100 } })),
    Layer.provide(Layer.fresh(SqliteTaskStorage.layer({ filename })))
  )
  const url = await Effect.runPromise(Scope.provide(serve(server), scope))
  return { url, stop: close }
}
