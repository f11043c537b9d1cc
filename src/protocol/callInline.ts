/**
 * Calls without a task.
 *
 * Nothing of them is stored, because nobody could ask about it. There is one exception: a call that asks a client of revision
 * 2026-07-28, which answers with another call. It is stored from that moment on, and continues as a task of this process.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { backgroundSleep } from "../domain/effects/backgroundSleep.ts"
import { toFinalOutcome } from "../domain/task/TaskProjection.ts"
import type { TaskRecord, TaskSummary } from "../domain/task/TaskRecord.ts"
import { inCallSpan } from "./callSpan.ts"
import { askOnStream } from "./InlineContext.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import { orUnknown } from "./readTask.ts"
import { asAnswer, type Inline, inlineContext, runInline, runStorable, type Storing } from "./runStorable.ts"
import { ownProperty } from "./TaskClient.ts"
import { updateTask20260728 } from "./Tasks20260728.ts"
import type { ToolAnswer, ToolCall } from "./ToolCall.ts"
import { toResult20260728 } from "./toolResult.ts"
import { failWire, report, unknownTask, type WireError, wireError } from "./WireError.ts"

/** Names the tool in the `meta` of a stored call that is no task. */
const storedCallKey = "mcp-task-storage/inline"

/**
 * Tells whether a stored task is a call that waits for answers, which no client knows as a task.
 *
 * @since 0.2.0
 * @category guards
 */
export const isStoredCall = (task: Pick<TaskSummary, "meta">): boolean =>
  ownProperty(task.meta, storedCallKey) !== undefined

/** Marks the request state of a call that waits for answers. */
const statePrefix = "mcp-task-storage:"

/**
 * Finds the stored call that a request state names. The state comes from the client, which may have made it up.
 *
 * @since 0.2.0
 * @category accessors
 */
export const storedCallId = (requestState: unknown): string | undefined =>
  typeof requestState === "string" && requestState.startsWith(statePrefix)
    ? requestState.slice(statePrefix.length)
    : undefined

/**
 * Runs a call in its request.
 *
 * @since 0.2.0
 * @category handlers
 */
export const callInline = <A, E>(
  call: ToolCall<A, E>,
  inline: Inline<A>
): Effect.Effect<ToolAnswer<A>, WireError | E> =>
  call.client.protocolVersion === "2026-07-28"
    ? callThatMayAsk(call, inline)
    : asAnswer(
      call,
      inCallSpan(
        call,
        runInline(
          call,
          inline,
          inlineContext(call, inline, {
            request: askOnStream(call.tool.name, call.ask, inline.owned.limits, inline.tasks.settings.answerTimeout)
          })
        )
      )
    )

/** The call is stored once it has asked, and goes on when its request has been answered with the questions. */
const callThatMayAsk = <A, E>(
  call: ToolCall<A, E>,
  inline: Inline<A>
): Effect.Effect<ToolAnswer<A>, WireError | E> => {
  const { owned, tasks } = inline
  const storing: Storing<A, E> = {
    startTask: (draft, run, span) =>
      owned.runner.startTask({ ...draft, meta: { ...draft.meta, [storedCallKey]: call.tool.name } }, run, {
        isUnderWay: true,
        span
      }),
    asking: (become) => ({
      request: (requests) =>
        Effect.flatMap(become, (task) =>
          task.request(requests).pipe(
            // Clients of this revision refuse elicitations alone, which is an answer.
            Effect.orDie,
            Effect.raceFirst(
              // Its client does not come back.
              backgroundSleep(tasks.settings.answerTimeout).pipe(
                Effect.andThen(Effect.forkDetach(dispose(owned, task.taskId))),
                Effect.andThen(Effect.never)
              )
            )
          ))
    }),
    answer: ({ taskId }) => awaitStoredCall(owned, taskId, call.serverInfo),
    abandon: ({ taskId }) => dispose(owned, taskId)
  }
  return Effect.uninterruptibleMask((restore) => runStorable(call, inline, storing, restore))
}

/**
 * Goes on with a call that was answered with questions, in whichever process it runs.
 *
 * @since 0.2.0
 * @category handlers
 */
export const resumeInline = Effect.fnUntraced(function*<A, E>(
  call: ToolCall<A, E>,
  owned: OwnedTasks,
  taskId: string
): Effect.fn.Return<ToolAnswer<A>, WireError> {
  const summary = yield* orUnknown(taskId, owned.storage.getTaskSummary(taskId))
  if (ownProperty(summary.meta, storedCallKey) !== call.tool.name) return yield* Effect.fail(unknownTask(taskId))
  yield* updateTask20260728(owned, taskId, call.inputResponses ?? {})
  return yield* awaitStoredCall(owned, taskId, call.serverInfo)
})

/** Waits until a stored call has ended or asks. When its client goes, it is of no use to anybody. */
const awaitStoredCall = (
  owned: OwnedTasks,
  taskId: string,
  serverInfo: unknown
): Effect.Effect<{ readonly _tag: "Wire"; readonly result: Readonly<Record<string, unknown>> }, WireError> =>
  owned.storage.changes(taskId).pipe(
    Stream.filter(({ status }) => status !== "working"),
    Stream.runHead,
    Effect.catch((error) => failWire(error, taskId)),
    Effect.onInterrupt(() => dispose(owned, taskId)),
    Effect.flatMap(Option.match({
      onNone: () => Effect.fail(unknownTask(taskId)),
      onSome: (record) =>
        Effect.map(answerOf(owned, record, serverInfo), (result) => ({ _tag: "Wire" as const, result }))
    }))
  )

const answerOf = (owned: OwnedTasks, record: TaskRecord, serverInfo: unknown) => {
  const { inputRequests, taskId } = record
  const outcome = toFinalOutcome(record)
  if (outcome === undefined) {
    return Effect.succeed({
      resultType: "input_required",
      inputRequests: inputRequests ?? {},
      requestState: `${statePrefix}${taskId}`
    })
  }
  // The answer is all that the client gets, so nobody will ask for it again.
  return Effect.andThen(
    Effect.forkDetach(dispose(owned, taskId)),
    outcome._tag === "Success"
      ? Effect.succeed(toResult20260728(serverInfo, outcome.value))
      : Effect.fail(wireError(outcome))
  )
}

/**
 * Ends a stored call that nobody waits for, and leaves nothing of it.
 *
 * @since 0.2.0
 * @category combinators
 */
export const dispose = ({ runner, storage }: OwnedTasks, taskId: string): Effect.Effect<void> =>
  runner.cancelTask(taskId).pipe(
    Effect.catchTag("TerminalState", () => Effect.void),
    Effect.andThen(storage.deleteTask(taskId)),
    Effect.catchTag("TaskNotFound", () => Effect.void),
    Effect.catch(report),
    Effect.asVoid
  )
