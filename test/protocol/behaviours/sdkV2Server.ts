/**
 * A server on version 2 of the official SDK, as the table of behaviours starts it. Its tasks are those of revision 2026-07-28: the
 * SDK has none in 2025-11-25, whose clients get plain calls.
 */
import * as Effect from "effect/Effect"
import * as z from "zod"
import { TasksExtension } from "../../../src/adapters/sdk-v2/index.ts"
import type { TasksLimits } from "../../../src/protocol/TasksOptions.ts"
import { serveUntilClosed } from "../../adapters/sdk-v2/serve.ts"
import type { BehaviourServer } from "./BehaviourServer.ts"
import type { BehaviourTool } from "./tools.ts"

const inputSchema = z.looseObject({})

const noContext = {
  attempt: 1,
  elicit: () => Promise.reject(new Error("This tool is no task")),
  sample: () => Promise.reject(new Error("This tool is no task")),
  progress: () => Promise.resolve(),
  setTtl: () => Promise.resolve()
}

const serve = async (filename: string, tools: ReadonlyArray<BehaviourTool>, limits: TasksLimits) => {
  const tasks = new TasksExtension({
    storage: `sqlite:${filename}`,
    owner: (_, request) => request?.headers.get("x-user"),
    recovery: { interval: 100 },
    limits,
    shutdownTimeout: 10,
    // What is thrown is to be seen by the table alone.
    onError: () => {}
  })
  for (const { isIdempotent = false, name, resultTtl, retry, run, taskAfter, taskSupport, ttl } of tools) {
    if (taskSupport === "forbidden") continue
    const config = {
      inputSchema,
      annotations: { idempotentHint: isIdempotent },
      taskSupport,
      ttl,
      resultTtl,
      taskAfter,
      retry
    }
    tasks.registerTool(name, config, async (_, context) => ({ ...await run(context) }))
  }
  await tasks.ready()
  return serveUntilClosed(tasks, (server) => {
    for (const { name, run, taskSupport } of tools) {
      if (taskSupport === "forbidden") {
        server.registerTool(name, { inputSchema }, async () => ({ ...await run(noContext) }))
      }
    }
  })
}

export const sdkV2Server: BehaviourServer = {
  name: "SDK v2",
  revisions: ["2026-07-28"],
  exceptions: {
    "answers that are no object are told as that":
      "the SDK takes such answers for none, and gives the extension an empty object"
  },
  start: (filename, tools, limits) =>
    Effect.acquireRelease(
      Effect.promise(() => serve(filename, tools, limits)),
      ({ close }) => Effect.promise(close)
    ).pipe(Effect.map(({ url }) => url))
}
