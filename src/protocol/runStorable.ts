/**
 * Work that runs in its request, and may become a task.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { runLater } from "../domain/backgroundSleep.ts"
import { isTracing } from "../domain/isTraced.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { failureOf } from "../runner/outcomeOf.ts"
import type { RunSpan } from "../runner/RunSpan.ts"
import { TaskContext, type TaskContextShape } from "../runner/TaskContext.ts"
import type { StartTask } from "../runner/TaskRunner.ts"
import { endCallSpan, startCallSpan } from "./callSpan.ts"
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
): Effect.Effect<A, E> => {
  const work = Effect.provideService(Effect.suspend(() => call.run(prepared)), TaskContext, context)
  return progress === undefined ? work : Effect.ensuring(work, progress.flush)
}

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
    run: () => Effect.Effect<unknown, E, TaskContext>,
    span: RunSpan | undefined
  ) => Effect.Effect<TaskRecord, Parameters<typeof failWire>[0]>
  /** How its questions are put; with `become` it becomes a task first, and goes on once that runs. */
  readonly asking: (become: Effect.Effect<TaskContextShape>) => Asking
  /** It is stored after so many milliseconds, if it still runs. */
  readonly after?: number
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
  Effect.uninterruptibleMask((restore) => new StorableCall(call, inline, storing).answer(restore))

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * A call in progress. It has no generators: V8 makes a hidden class for each function of that kind, which keeps all that the
 * function sees until a collection of the whole heap. That costs more than all the rest of a short call.
 */
class StorableCall<A, E> {
  readonly #call: ToolCall<A, E>
  readonly #inline: Inline<A>
  readonly #storing: Storing<A, E>
  readonly #context: InlineContext
  readonly #stored = Deferred.makeUnsafe<TaskRecord, WireError>()
  readonly #begun = Deferred.makeUnsafe<TaskContextShape>()
  /** Done when the request can be answered. */
  readonly #decided = Deferred.makeUnsafe<void>()
  readonly #working = Deferred.makeUnsafe<Fiber.Fiber<A, E>>()
  #isStoring = false
  /** The span of the call, which becomes that of the run if the call becomes a task. */
  #span: RunSpan | undefined

  constructor(call: ToolCall<A, E>, inline: Inline<A>, storing: Storing<A, E>) {
    this.#call = call
    this.#inline = inline
    this.#storing = storing
    this.#context = inlineContext(call, inline, storing.asking(Effect.suspend(() => this.#become())))
  }

  answer(restore: Restore): Effect.Effect<ToolAnswer<A>, WireError | E> {
    return Effect.withFiber((fiber) =>
      isTracing(fiber)
        ? Effect.flatMap(startCallSpan(this.#call), (span) => {
          this.#span = span
          return this.#begin(this.#inSpan(span), restore)
        })
        : this.#begin(runInline(this.#call, this.#inline, this.#context), restore)
    )
  }

  /** Does the work in the span of the call, which a task ends with its run. */
  #inSpan(span: RunSpan): Effect.Effect<A, E> {
    return Effect.onExit(
      span.around(runInline(this.#call, this.#inline, this.#context)),
      (exit) => this.#isStoring ? Effect.void : endCallSpan(span, exit)
    )
  }

  #begin(work: Effect.Effect<A, E>, restore: Restore): Effect.Effect<ToolAnswer<A>, WireError | E> {
    return Effect.flatMap(Effect.forkDetach(work, { startImmediately: true }), (working) => {
      Deferred.doneUnsafe(this.#working, Effect.succeed(working))
      const exit = working.pollUnsafe()
      // Most calls are over before anything else has to be thought of.
      return exit === undefined || this.#isStoring
        ? Effect.andThen(this.#decide(working, restore), Effect.suspend(() => this.#conclude(working, restore)))
        : asAnswer(exit)
    })
  }

  /** Waits until the request can be answered. If it is given up before, the call ends with it. */
  #decide(working: Fiber.Fiber<A, E>, restore: Restore): Effect.Effect<void> {
    working.addObserver(() => Deferred.doneUnsafe(this.#decided, Effect.void))
    const decided = restore(Deferred.await(this.#decided))
    const { after } = this.#storing
    const inTime = after === undefined
      ? decided
      : Effect.flatMap(
        runLater(after, Effect.suspend(() => this.#store())),
        (stop) => Effect.ensuring(decided, Effect.sync(stop))
      )
    return Effect.onInterrupt(inTime, () =>
      Effect.andThen(
        Fiber.interrupt(working),
        Effect.suspend(() =>
          this.#isStoring
            ? Effect.ignore(Effect.flatMap(Deferred.await(this.#stored), this.#storing.abandon))
            : Effect.void
        )
      ))
  }

  #conclude(working: Fiber.Fiber<A, E>, restore: Restore): Effect.Effect<ToolAnswer<A>, WireError | E> {
    const ended = asAnswer(Fiber.join(working))
    if (!this.#isStoring) return ended
    return Effect.matchEffect(Deferred.await(this.#stored), {
      onSuccess: (record) => restore(this.#storing.answer(record)),
      onFailure: (error) =>
        working.pollUnsafe() === undefined
          ? Effect.andThen(Fiber.interrupt(working), Effect.fail(error))
          : ended
    })
  }

  /** Makes the call a task, and gives the context of that once it runs. */
  #become(): Effect.Effect<TaskContextShape> {
    return Effect.andThen(this.#store(), Deferred.await(this.#stored)).pipe(
      // Where it cannot be stored, the request is answered with that, and ends the work.
      Effect.catch(() => Effect.never),
      Effect.andThen(Deferred.await(this.#begun))
    )
  }

  #store(): Effect.Effect<void> {
    if (this.#isStoring) return Effect.void
    this.#isStoring = true
    const { owned, prepared, tasks } = this.#inline
    const draft = taskDraft(this.#call, owned, prepared)
    return this.#context.leave.pipe(
      Effect.flatMap((done) =>
        tasks.room.within(owned, this.#storing.startTask({ ...draft, ...done }, () => this.#run(), this.#span))
      ),
      Effect.tapError((error) => this.#span?.fail(error) ?? Effect.void),
      Effect.catch((error) => failWire(error)),
      (storing) => Deferred.complete(this.#stored, storing),
      Effect.andThen(Deferred.done(this.#decided, Exit.void)),
      Effect.uninterruptible
    )
  }

  /** Goes on with the work as that of the task that it has become. */
  #run(): Effect.Effect<unknown, E, TaskContext> {
    return Effect.flatMap(TaskContext, (task) =>
      this.#context.enter(task).pipe(
        Effect.andThen(Deferred.succeed(this.#begun, task)),
        Effect.andThen(Effect.flatMap(Deferred.await(this.#working), Fiber.join)),
        Effect.flatMap(this.#call.toWire)
      )).pipe(Effect.onInterrupt(() => Effect.flatMap(Deferred.await(this.#working), Fiber.interrupt)))
  }
}
