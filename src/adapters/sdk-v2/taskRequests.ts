/**
 * The requests of the extension, on one server.
 *
 * @since 0.2.0
 */
import type { McpServer, Result, ServerContext } from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import type { OwnedTasks } from "../../protocol/OwnedTasks.ts"
import { taskIdOf } from "../../protocol/params.ts"
import { declaresTasks } from "../../protocol/TaskClient.ts"
import { cancelTask20260728, getTask20260728, updateTask20260728 } from "../../protocol/Tasks20260728.ts"
import { missingCapability, unsupported, type WireError } from "../../protocol/WireError.ts"
import { anything, envelopeClient, inputResponsesOf } from "./requestOf.ts"
import { serverInfoOf } from "./sdkSeams.ts"
import type { ServedTasks } from "./ServedTasks.ts"

type Answer = (
  owned: OwnedTasks,
  taskId: string,
  ctx: ServerContext,
  mcp: McpServer
) => Effect.Effect<Readonly<Record<string, unknown>>, WireError>

/** Every server is given these, which may be one for each request. */
const answers: ReadonlyArray<readonly [method: string, answer: Answer]> = [
  ["tasks/get", (owned, taskId, _, mcp) => getTask20260728(owned, taskId, serverInfoOf(mcp))],
  ["tasks/update", (owned, taskId, ctx) => updateTask20260728(owned, taskId, inputResponsesOf(ctx))],
  ["tasks/cancel", (owned, taskId) => cancelTask20260728(owned, taskId)]
]

const takesParams = { params: anything }

/**
 * Answers the requests for tasks on a server. Throws where one is answered already.
 *
 * @since 0.2.0
 * @category registration
 */
export const answerTaskRequests = (mcp: McpServer, served: ServedTasks): void => {
  const { server } = mcp
  for (const [method] of answers) server.assertCanSetRequestHandler(method)
  for (const [method, answer] of answers) {
    server.setRequestHandler(
      method,
      takesParams,
      (params, ctx): Promise<Result> =>
        served.answer((tasks) =>
          Effect.flatMap(admitted(params, ctx), (taskId) =>
            Effect.flatMap(
              served.ownedBy(tasks, ctx),
              (owned) => Effect.map(answer(owned, taskId, ctx, mcp), (result) => ({ ...result }))
            )), ctx.mcpReq.signal)
    )
  }
}

/** Gives the id that a request names, if it is one of the extension. */
const admitted = (params: unknown, { mcpReq }: ServerContext): Effect.Effect<string, WireError> => {
  const client = envelopeClient(mcpReq.envelope)
  if (client === undefined) return Effect.fail(unsupported("Method not found"))
  return declaresTasks(client) ? taskIdOf(params) : Effect.fail(missingCapability)
}
