/**
 * The task that a call becomes.
 *
 * @since 0.2.0
 */
import type { StartTask } from "../runner/TaskRunner.ts"
import { toolsCall } from "./names.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import { clientMeta } from "./TaskClient.ts"
import type { ReadyCall, ToolCall } from "./ToolCall.ts"

/**
 * Drafts the task of a call.
 *
 * @since 0.2.0
 * @category constructors
 */
export const taskDraft = <A, E>(
  { client, tool: { name, policy } }: ToolCall<A, E>,
  { principal }: OwnedTasks,
  { arguments: given, inputResponses }: ReadyCall<A>
): StartTask => ({
  originalMethod: toolsCall,
  originalParams: { name, arguments: given, inputResponses },
  ttl: policy.ttl,
  pollInterval: policy.pollInterval,
  meta: clientMeta(client),
  ...(principal === undefined ? {} : { principal })
})
