/** Effect's server, as the table of behaviours starts it. */
import * as McpSchema from "effect/ai/McpSchema"
import { McpServer } from "effect/ai/McpServer"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { serve } from "../../adapters/effect/server.ts"
import { bothRevisions, userOfHeader } from "../../adapters/effect/servers.ts"
import type { BehaviourServer } from "./BehaviourServer.ts"
import type { BehaviourContext, BehaviourTool } from "./tools.ts"

const inputSchema = { type: "object" as const, properties: {} }

/** Tools of the table run in promises, on a context in promises. */
const runTool = ({ run }: BehaviourTool, context: BehaviourContext) =>
  Effect.callback<McpSchema.CallToolResult, TaskRunner.TaskFailure>((resume) => {
    run(context).then(
      (result) => resume(Effect.succeed(new McpSchema.CallToolResult(result))),
      (error: unknown) => resume(error instanceof TaskRunner.TaskFailure ? Effect.fail(error) : Effect.die(error))
    )
  })

const noContext: BehaviourContext = {
  attempt: 1,
  elicit: () => Promise.reject(new Error("This tool is no task")),
  sample: () => Promise.reject(new Error("This tool is no task")),
  progress: () => Promise.resolve(),
  setTtl: () => Promise.resolve()
}

const register = (tool: BehaviourTool) => {
  const { isIdempotent = false, name, resultTtl, retry, taskAfter, taskSupport, ttl } = tool
  const described = new McpSchema.Tool({ name, inputSchema, annotations: { idempotentHint: isIdempotent } })
  if (taskSupport === "forbidden") {
    return Effect.flatMap(McpServer, (server) =>
      server.addTool({
        tool: described,
        annotations: Context.empty(),
        handle: () => Effect.orDie(runTool(tool, noContext))
      }))
  }
  return McpTasks.addTool({
    tool: described,
    taskSupport,
    ttl,
    resultTtl,
    taskAfter,
    retry,
    handle: () =>
      Effect.flatMap(TaskRunner.TaskContext, ({ attempt, elicit, progress, sample, setTtl }) =>
        runTool(tool, {
          attempt,
          elicit: (key, params) => Effect.runPromise(elicit(key, params)),
          progress: (message, amount) => Effect.runPromise(progress(message, amount)),
          setTtl: (ttl) => Effect.runPromise(setTtl(ttl)),
          sample: (key, params) =>
            Effect.runPromise(Effect.result(sample(key, params))).then((result) => {
              if (result._tag === "Failure") throw result.failure
              return result.success
            })
        }))
  })
}

export const effectServer: BehaviourServer = {
  name: "Effect",
  revisions: ["2025-11-25", "2026-07-28"],
  exceptions: {},
  start: (filename, tools, limits) =>
    serve(
      McpTasks.layerHttp({
        name: "behaviours",
        version: "1.0.0",
        path: "/mcp",
        protocols: bothRevisions,
        registrations: Layer.effectDiscard(Effect.forEach(tools, register, { discard: true })),
        owner: userOfHeader,
        limits
      }).pipe(
        Layer.provide(TaskRunner.layer({ shutdownTimeout: 10, recovery: { interval: 100 } })),
        Layer.provide(SqliteTaskStorage.layer({ filename })),
        Layer.orDie
      )
    ).pipe(Effect.orDie)
}
