/** A server on standard input and output, for the test that runs it; its logs go to standard error. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { bothRevisions } from "./servers.ts"
import { taskTools } from "./tools.ts"

const Server = McpTasks.layerStdio({
  name: "stdio",
  version: "1.0.0",
  protocols: bothRevisions,
  registrations: taskTools
}).pipe(
  Layer.provide(TaskRunner.layer({ shutdownTimeout: 10 })),
  Layer.provide(SqliteTaskStorage.layer({ filename: process.argv[2] ?? ":memory:" })),
  Layer.provide(NodeStdio.layer),
  Layer.provide(Layer.succeed(Logger.LogToStderr, true))
)

NodeRuntime.runMain(Layer.launch(Server))
