/**
 * Work that runs in its request, and may become a task.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { failureOf } from "../runner/outcomeOf.ts"
import { TaskContext, type TaskContextShape } from "../runner/TaskContext.ts"
import type { StartTask } from "../runner/TaskRunner.ts"
import { type Asking, type InlineContext, makeInlineContext } from "./InlineContext.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import type { ProgressSender } from "./ProgressSender.ts"
import { taskDraft } from "./taskDraft.ts"
import type { Tasks } from "./Tasks.ts"
import type { ReadyCall, ToolAnswer, ToolCall } from "./ToolCall.ts"
import { failWire, type WireError, wireError } from "./WireError.ts"

/**
 * A call whose arguments were checked, and what it has beside them.
 *
 * @since 0.2.0
 * @category models
 */
export interface Inline<A> {
  readonly tasks: Tasks
  readonly owned: OwnedTasks
  readonly prepared: ReadyCall<A>
  readonly progress: ProgressSender | undefined
  /** The id that it will have as a task, if it is known. */
  readonly taskId?: string
}

/**
 * Makes the context of a call in its request.
 *
 * @since 0.2.0
 * @category constructors
 */
export const inlineContext = <A, E>(
  { client: { clientCapabilities } }: ToolCall<A, E>,
  { owned, prepared: { inputResponses }, progress, taskId = "", tasks: { settings } }: Inline<A>,
  asking: Asking
): InlineContext =>
  makeInlineContext({ clientCapabilities, owned, settings, answers: inputResponses, progress, taskId }, asking)

/**
 * Does the work of a call in its request.
 *
 * @since 0.2.0
 * @category combinators
 */
export const runInline = <A, E>(
  call: ToolCall<A, E>,
  { prepared, progress }: Inline<A>,
  { context }: InlineContext
): Effect.Effect<A, E> =>
  Effect.suspend(() => call.run(prepared)).pipe(
    Effect.provideService(TaskContext, context),
    Effect.ensuring(progress?.flush ?? Effect.void)
  )

/**
 * Gives the answer of work. A `TaskFailure` is the error of the call; what else the work fails with, its server answers.
 *
 * @since 0.2.0
 * @category combinators
 */
export const asAnswer = <A, E>(work: Effect.Effect<A, E>): Effect.Effect<ToolAnswer<A>, WireError | E> =>
  work.pipe(
    Effect.map((result): ToolAnswer<A> => ({ _tag: "Result", result })),
    Effect.catchCause((cause) => {
      const failure = failureOf(cause)
      return Effect.failCause<WireError | E>(failure === undefined ? cause : Cause.fail(wireError(failure)))
    })
  )

/**
 * What becomes of a call once it is stored.
 *
 * @since 0.2.0
 * @category models
 */
export interface Storing<A, E> {
  /** Stores it as a task that runs here. */
  readonly startTask: (
    draft: StartTask,
    run: () => Effect.Effect<unknown, E, TaskContext>
  ) => Effect.Effect<TaskRecord, Parameters<typeof failWire>[0]>
  /** How its questions are put; with `become` it becomes a task first, and goes on once that runs. */
  readonly asking: (become: Effect.Effect<TaskContextShape>) => Asking
  /** It is stored when this is over, if it still runs. */
  readonly until?: Effect.Effect<void>
  /** Answers the request once it is stored. */
  readonly answer: (record: TaskRecord) => Effect.Effect<ToolAnswer<A>, WireError | E>
  /** Ends what was stored for a request that was given up before it was answered. */
  readonly abandon: (record: TaskRecord) => Effect.Effect<void>
}

/**
 * Runs a call, and answers its request with its result, or as `storing` says once it is a task. The work is a fiber of its own,
 * which outlives the request then.
 *
 * @since 0.2.0
 * @category combinators
 */
export const runStorable = <A, E>(
  call: ToolCall<A, E>,
  inline: Inline<A>,
  storing: Storing<A, E>
): Effect.Effect<ToolAnswer<A>, WireError | E> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const stored = Deferred.makeUnsafe<TaskRecord, WireError>()
      const begun = Deferred.makeUnsafe<TaskContextShape>()
      /** Done when the request can be answered. */
      const decided = Deferred.makeUnsafe<void>()
      let isStoring = false

      /** The work as that of the task that it has become. */
      const run = (): Effect.Effect<unknown, E, TaskContext> =>
        Effect.gen(function*() {
          const task = yield* TaskContext
          yield* context.enter(task)
          yield* Deferred.succeed(begun, task)
          return yield* call.toWire(yield* Fiber.join(working))
        }).pipe(Effect.onInterrupt(() => Fiber.interrupt(working)))
      const store = Effect.uninterruptible(Effect.suspend(() => {
        if (isStoring) return Effect.void
        isStoring = true
        return context.leave.pipe(
          Effect.flatMap((done) => {
            const { owned, prepared, tasks } = inline
            return tasks.room.within(owned, storing.startTask({ ...taskDraft(call, owned, prepared), ...done }, run))
          }),
          Effect.catch((error) => failWire(error)),
          (storing) => Deferred.complete(stored, storing),
          Effect.andThen(Deferred.succeed(decided, undefined))
        )
      }))
      const become = Effect.andThen(store, Deferred.await(stored)).pipe(
        // Where it cannot be stored, the request is answered with that, and ends the work.
        Effect.catch(() => Effect.never),
        Effect.andThen(Deferred.await(begun))
      )
      const context: InlineContext = inlineContext(call, inline, storing.asking(become))

      const working: Fiber.Fiber<A, E> = yield* Effect.forkDetach(
        Effect.onExit(restore(runInline(call, inline, context)), () => Deferred.succeed(decided, undefined)),
        { startImmediately: true }
      )
      const ended = asAnswer(Fiber.join(working))
      // Most calls are over before anything else has to be thought of.
      if (!Deferred.isDoneUnsafe(decided)) {
        const waiting = storing.until === undefined
          ? undefined
          : yield* Effect.forkDetach(restore(Effect.andThen(storing.until, store)))
        const abandon = Effect.andThen(
          Fiber.interrupt(working),
          Effect.suspend(() =>
            isStoring
              ? Effect.ignore(Effect.flatMap(Deferred.await(stored), storing.abandon))
              : Effect.void
          )
        )
        yield* restore(Deferred.await(decided)).pipe(
          Effect.ensuring(waiting === undefined ? Effect.void : Fiber.interrupt(waiting)),
          Effect.onInterrupt(() => abandon)
        )
      }
      if (!isStoring) return yield* ended
      return yield* Effect.matchEffect(Deferred.await(stored), {
        onSuccess: (record) => restore(storing.answer(record)),
        onFailure: (error) =>
          working.pollUnsafe() === undefined
            ? Effect.andThen(Fiber.interrupt(working), Effect.fail(error))
            : ended
      })
    })
  )
