/**
 * Calls that become tasks if they take long.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { ReservedSlot } from "../runner/service/TaskRunner.ts"
import { dispose } from "./callInline.ts"
import { type Inline, type Restore, runStorable } from "./runStorable.ts"
import { createdTask20260728 } from "./Tasks20260728.ts"
import type { ToolAnswer, ToolCall } from "./ToolCall.ts"
import type { WireError } from "./WireError.ts"

/**
 * Runs a call in its request, on a slot that was reserved for it. If it ends within the `taskAfter` of its tool, it is answered
 * with its result, and nothing is stored. When that time is over, or when it asks or sleeps, it becomes a task, and the request is answered
 * with that. The caller frees the slot in the end. It is not interruptible; `restore` makes it so while it waits.
 *
 * @since 0.2.0
 * @category handlers
 */
export const callThenTask = <A, E>(
  call: ToolCall<A, E>,
  inline: Inline<A>,
  slot: ReservedSlot,
  restore: Restore
): Effect.Effect<ToolAnswer<A>, WireError | E> =>
  runStorable(
    call,
    { ...inline, taskId: () => slot.taskId() },
    {
      startTask: (draft, run, span) => slot.startTask(draft, run, { span }),
      asking: (become) => ({
        // Clients of this revision refuse elicitations alone, which is an answer.
        request: (requests) => Effect.flatMap(become, (task) => Effect.orDie(task.request(requests))),
        suspend: (requests) => Effect.flatMap(become, (task) => task.suspend(requests)),
        sleep: (key, duration) => Effect.flatMap(become, (task) => task.sleep(key, duration))
      }),
      after: call.tool.policy.taskAfter,
      answer: (record) => Effect.succeed({ _tag: "Wire", result: createdTask20260728(record) }),
      // Its client does not learn the id.
      abandon: ({ taskId }) => dispose(inline.owned, taskId)
    },
    restore
  )
