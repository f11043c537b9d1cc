/**
 * Calls without a task.
 *
 * Nothing of them is stored, because nobody could ask about it. There is one exception: a call that asks a client of revision
 * 2026-07-28, which answers with another call. It is stored from that moment on, and continues as a task of this process.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { backgroundSleep } from "../domain/backgroundSleep.ts"
import { toFinalOutcome } from "../domain/TaskProjection.ts"
import type { TaskRecord, TaskSummary } from "../domain/TaskRecord.ts"
import type { InputAnswers, InputRequests } from "../runner/asking.ts"
import { failureOf } from "../runner/outcomeOf.ts"
import { TaskContext, type TaskContextShape } from "../runner/TaskContext.ts"
import { askOnStream, type InlineContext, makeInlineContext } from "./InlineContext.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import type { ProgressSender } from "./ProgressSender.ts"
import { orUnknown } from "./readTask.ts"
import { ownProperty } from "./TaskClient.ts"
import { taskDraft } from "./taskDraft.ts"
import type { Tasks } from "./Tasks.ts"
import { updateTask20260728 } from "./Tasks20260728.ts"
import type { ReadyCall, ToolAnswer, ToolCall } from "./ToolCall.ts"
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

/** A call whose arguments were checked, and what it has beside them. */
interface Inline<A> {
  readonly owned: OwnedTasks
  readonly prepared: ReadyCall<A>
  readonly progress: ProgressSender | undefined
}

/**
 * Runs a call in its request.
 *
 * @since 0.2.0
 * @category handlers
 */
export const callInline = <A, E>(
  tasks: Tasks,
  call: ToolCall<A, E>,
  inline: Inline<A>
): Effect.Effect<ToolAnswer<A>, WireError | E> =>
  call.client.protocolVersion === "2026-07-28"
    ? callThatMayAsk(tasks, call, inline)
    : asAnswer(runWith(
      call,
      inline,
      contextOf(call, inline, askOnStream(call.tool.name, call.ask, tasks.settings.answerTimeout))
    ))

const contextOf = <A, E>(
  { client: { clientCapabilities } }: ToolCall<A, E>,
  { owned, prepared: { inputResponses }, progress }: Inline<A>,
  ask: Parameters<typeof makeInlineContext>[1]
): InlineContext => makeInlineContext({ clientCapabilities, owned, answers: inputResponses, progress }, ask)

const runWith = <A, E>(
  call: ToolCall<A, E>,
  { prepared, progress }: Inline<A>,
  { context }: InlineContext
): Effect.Effect<A, E> =>
  Effect.suspend(() => call.run(prepared)).pipe(
    Effect.provideService(TaskContext, context),
    Effect.ensuring(progress?.flush ?? Effect.void)
  )

/** A `TaskFailure` is the error of the call; what else the work fails with, its server answers. */
const asAnswer = <A, E>(work: Effect.Effect<A, E>): Effect.Effect<ToolAnswer<A>, WireError | E> =>
  work.pipe(
    Effect.map((result): ToolAnswer<A> => ({ _tag: "Result", result })),
    Effect.catchCause((cause) => {
      const failure = failureOf(cause)
      return Effect.failCause<WireError | E>(failure === undefined ? cause : Cause.fail(wireError(failure)))
    })
  )

/** A call on its way to being stored. */
interface Storing {
  readonly taskId: string
  /** Done when the call is a task that runs. */
  readonly begun: Deferred.Deferred<TaskContextShape>
}

/** The work is a fiber of its own, which outlives the request once it has asked. */
const callThatMayAsk = <A, E>(
  tasks: Tasks,
  call: ToolCall<A, E>,
  inline: Inline<A>
): Effect.Effect<ToolAnswer<A>, WireError | E> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const { owned } = inline
      const stored = yield* Deferred.make<Storing, WireError>()

      /** The end of the work as that of the task that it has become. */
      const outcome: Effect.Effect<unknown, E> = Effect.suspend(() =>
        Fiber.join(working).pipe(
          Effect.flatMap(call.toWire),
          Effect.onInterrupt(() => Fiber.interrupt(working))
        )
      )
      const store: Effect.Effect<void> = Effect.gen(function*() {
        const begun = yield* Deferred.make<TaskContextShape>()
        const draft = taskDraft(call, owned, inline.prepared)
        const { taskId } = yield* owned.runner.startTask(
          { ...draft, meta: { ...draft.meta, [storedCallKey]: call.tool.name } },
          () => Effect.flatMap(TaskContext, (context) => Effect.andThen(Deferred.succeed(begun, context), outcome))
        ).pipe(Effect.catch((error) => failWire(error)))
        return { taskId, begun }
      }).pipe(Effect.exit, Effect.flatMap((exit) => Deferred.done(stored, exit)), Effect.asVoid, Effect.uninterruptible)
      const storeOnce = yield* Effect.cached(store)

      const ask = (requests: InputRequests): Effect.Effect<InputAnswers> =>
        Effect.gen(function*() {
          yield* storeOnce
          // Where it cannot be stored, the request is answered with that, and ends the work.
          const { begun, taskId } = yield* Effect.catch(Deferred.await(stored), () => Effect.never)
          const task = yield* Deferred.await(begun)
          yield* context.enter(task)
          return yield* task.request(requests).pipe(
            // Clients of this revision refuse elicitations alone, which is an answer.
            Effect.orDie,
            Effect.raceFirst(
              // Its client does not come back.
              backgroundSleep(tasks.settings.answerTimeout).pipe(
                Effect.andThen(Effect.forkDetach(dispose(owned, taskId))),
                Effect.andThen(Effect.never)
              )
            )
          )
        })
      const context: InlineContext = contextOf(call, inline, ask)

      const working: Fiber.Fiber<A, E> = yield* Effect.forkDetach(restore(runWith(call, inline, context)))
      const taskId = yield* restore(Effect.raceFirst(
        Effect.as(Fiber.await(working), undefined),
        Effect.map(Deferred.await(stored), ({ taskId }) => taskId)
      )).pipe(Effect.onError(() =>
        Effect.andThen(
          Fiber.interrupt(working),
          // It may have been stored meanwhile.
          Effect.flatMap(Deferred.poll(stored), (found) =>
            Option.isNone(found) ? Effect.void : Effect.matchEffect(found.value, {
              onSuccess: ({ taskId }) => dispose(owned, taskId),
              onFailure: () => Effect.void
            }))
        )
      ))
      return yield* taskId === undefined
        ? asAnswer(Fiber.join(working))
        : restore(awaitStoredCall(owned, taskId, call.serverInfo))
    })
  )

/**
 * Goes on with a call that was answered with questions, in whichever process it runs.
 *
 * @since 0.2.0
 * @category handlers
 */
export const resumeInline = Effect.fnUntraced(function*<A, E>(
  call: ToolCall<A, E>,
  taskId: string
): Effect.fn.Return<ToolAnswer<A>, WireError> {
  const owned = yield* call.owned
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

/** Ends a stored call that nobody waits for, and leaves nothing of it. */
const dispose = ({ runner, storage }: OwnedTasks, taskId: string): Effect.Effect<void> =>
  runner.cancelTask(taskId).pipe(
    Effect.catchTag("TerminalState", () => Effect.void),
    Effect.andThen(storage.deleteTask(taskId)),
    Effect.catchTag("TaskNotFound", () => Effect.void),
    Effect.catch(report),
    Effect.asVoid
  )
