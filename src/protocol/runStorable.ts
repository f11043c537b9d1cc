/**
 * Work that runs in its request, and may become a task.
 *
 * @since 0.2.0
 */
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { runLater } from "../domain/effects/backgroundSleep.ts"
import { forkAhead } from "../domain/effects/forkAhead.ts"
import type { TaskRecord } from "../domain/task/TaskRecord.ts"
import { isTracing } from "../domain/telemetry/isTraced.ts"
import { failureOf, mistakeOf } from "../runner/handler/failureOf.ts"
import { TaskContext, type TaskContextShape } from "../runner/handler/TaskContext.ts"
import type { StartTask } from "../runner/service/TaskRunner.ts"
import type { RunSpan } from "../runner/tracing/RunSpan.ts"
import { endCallSpan, startCallSpan } from "./callSpan.ts"
import { type Asking, type InlineContext, makeInlineContext } from "./InlineContext.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import type { ProgressSender } from "./ProgressSender.ts"
import { taskDraft } from "./taskDraft.ts"
import type { Tasks } from "./Tasks.ts"
import { logThrown } from "./thrownResult.ts"
import type { ReadyCall, ToolAnswer, ToolCall } from "./ToolCall.ts"
import { failWire, internalError, type WireError, wireError } from "./WireError.ts"

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
  /** Gives the id that it will have as a task, if it may be one that its client knows. */
  readonly taskId?: () => string
}

const noId = (): string => ""

/**
 * Makes the context of a call in its request.
 *
 * @since 0.2.0
 * @category constructors
 */
export const inlineContext = <A, E>(
  { client: { clientCapabilities } }: ToolCall<A, E>,
  { owned, prepared: { inputResponses }, progress, taskId = noId, tasks: { settings } }: Inline<A>,
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
 * Gives the answer of work. A `TaskFailure` is the error of the call, and so is a mistake in a call of the context, as in a task. What
 * else the work fails with, its server answers.
 *
 * @since 0.2.0
 * @category combinators
 */
export const asAnswer = <A, E>(
  { tool }: ToolCall<A, E>,
  work: Effect.Effect<A, E>
): Effect.Effect<ToolAnswer<A>, WireError | E> =>
  Effect.matchCauseEffectEager(work, {
    onSuccess: (result) => Effect.succeed<ToolAnswer<A>>({ _tag: "Result", result }),
    onFailure: (cause) => {
      const failure = failureOf(cause)
      if (failure !== undefined) return Effect.fail<WireError | E>(wireError(failure))
      const mistake = mistakeOf(cause)
      return mistake === undefined
        ? Effect.failCause<WireError | E>(cause)
        : Effect.andThen(logThrown(tool.name, cause), Effect.fail(internalError(mistake)))
    }
  })

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
 * Makes an effect interruptible again.
 *
 * @since 0.2.0
 * @category models
 */
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Runs a call, and answers its request with its result, or as `storing` says once it is a task. The work is a fiber of its own,
 * which outlives the request then. The caller is not interruptible; `restore` makes it so while it waits.
 *
 * @since 0.2.0
 * @category combinators
 */
export const runStorable = <A, E>(
  call: ToolCall<A, E>,
  inline: Inline<A>,
  storing: Storing<A, E>,
  restore: Restore
): Effect.Effect<ToolAnswer<A>, WireError | E> =>
  Effect.contextWith((context: Context.Context<never>) =>
    new StorableCall(call, inline, storing, context, restore).answer()
  )

/**
 * A call in progress. It has no generators: V8 makes a hidden class for each function of that kind, which keeps all that the
 * function sees until a collection of the whole heap. That costs more than all the rest of a short call. What only a call needs
 * that is stored is made when it is stored.
 */
class StorableCall<A, E> {
  readonly #call: ToolCall<A, E>
  readonly #inline: Inline<A>
  readonly #storing: Storing<A, E>
  readonly #services: Context.Context<never>
  readonly #restore: Restore
  readonly #context: InlineContext
  /** The fiber of the work, once it has begun. */
  #working: Fiber.Fiber<A, E> | undefined
  /** Done when the work has begun, for a call that becomes a task within its first step. */
  #forked: Deferred.Deferred<Fiber.Fiber<A, E>> | undefined
  /** What the call has become; there is none until it is to be stored. */
  #task: StoredCall | undefined
  /** Lets the request be answered, while it waits for that. */
  #letAnswer: (() => void) | undefined
  /** The span of the call, which becomes that of the run if the call becomes a task. */
  #span: RunSpan | undefined

  constructor(
    call: ToolCall<A, E>,
    inline: Inline<A>,
    storing: Storing<A, E>,
    services: Context.Context<never>,
    restore: Restore
  ) {
    this.#call = call
    this.#inline = inline
    this.#storing = storing
    this.#services = services
    this.#restore = restore
    this.#context = inlineContext(call, inline, storing.asking(Effect.suspend(() => this.#become())))
  }

  answer(): Effect.Effect<ToolAnswer<A>, WireError | E> {
    const work = runInline(this.#call, this.#inline, this.#context)
    return Effect.withFiber((fiber) =>
      isTracing(fiber)
        ? Effect.flatMap(startCallSpan(this.#call), (span) => {
          this.#span = span
          return this.#begin(this.#inSpan(span, work))
        })
        : this.#begin(work)
    )
  }

  /** Does the work in the span of the call, which a task ends with its run. */
  #inSpan(span: RunSpan, work: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.onExit(
      span.around(work),
      (exit) => this.#task === undefined ? endCallSpan(span, exit) : Effect.void
    )
  }

  #begin(work: Effect.Effect<A, E>): Effect.Effect<ToolAnswer<A>, WireError | E> {
    const working = forkAhead(this.#services, work)
    this.#working = working
    if (this.#forked !== undefined) Deferred.doneUnsafe(this.#forked, Effect.succeed(working))
    const exit = working.pollUnsafe()
    // Most calls are over before anything else has to be thought of.
    return exit === undefined || this.#task !== undefined
      ? Effect.flatMap(this.#decide(working), () => this.#conclude(working))
      : asAnswer(this.#call, exit)
  }

  /** Waits until the request can be answered. If it is given up before, the call ends with it. */
  #decide(working: Fiber.Fiber<A, E>): Effect.Effect<void> {
    const decided = Effect.callback<void>((resume) => {
      const { after } = this.#storing
      const stop = after === undefined
        ? undefined
        : runLater(this.#services, after, Effect.suspend(() => Effect.asVoid(this.#store())))
      const decide = () => {
        stop?.()
        resume(Effect.void)
      }
      this.#letAnswer = decide
      if (this.#task?.isDecided === true) decide()
      else working.addObserver(decide)
      return Effect.sync(() => stop?.())
    })
    return Effect.onInterrupt(this.#restore(decided), () => this.#giveUp(working))
  }

  #giveUp(working: Fiber.Fiber<A, E>): Effect.Effect<void> {
    return Effect.andThen(
      Fiber.interrupt(working),
      Effect.suspend(() =>
        this.#task === undefined
          ? Effect.void
          : Effect.ignore(Effect.flatMap(Deferred.await(this.#task.stored), this.#storing.abandon))
      )
    )
  }

  #conclude(working: Fiber.Fiber<A, E>): Effect.Effect<ToolAnswer<A>, WireError | E> {
    if (this.#task === undefined) return asAnswer(this.#call, working.pollUnsafe() ?? Fiber.join(working))
    return Effect.matchEffect(Deferred.await(this.#task.stored), {
      onSuccess: (record) => this.#restore(this.#storing.answer(record)),
      onFailure: (error) =>
        working.pollUnsafe() === undefined
          ? Effect.andThen(Fiber.interrupt(working), Effect.fail(error))
          : asAnswer(this.#call, Fiber.join(working))
    })
  }

  /** Makes the call a task, and gives the context of that once it runs. */
  #become(): Effect.Effect<TaskContextShape> {
    return Effect.flatMap(this.#store(), ({ begun, stored }) =>
      Deferred.await(stored).pipe(
        // Where it cannot be stored, the request is answered with that, and ends the work.
        Effect.catch(() => Effect.never),
        Effect.andThen(Deferred.await(begun))
      ))
  }

  #store(): Effect.Effect<StoredCall> {
    if (this.#task !== undefined) return Effect.succeed(this.#task)
    const task: StoredCall = { stored: Deferred.makeUnsafe(), begun: Deferred.makeUnsafe(), isDecided: false }
    this.#task = task
    const { owned, prepared, tasks } = this.#inline
    const draft = taskDraft(this.#call, owned, prepared)
    return this.#context.leave.pipe(
      Effect.flatMap((done) =>
        tasks.room.within(owned, this.#storing.startTask({ ...draft, ...done }, () => this.#run(task), this.#span))
      ),
      Effect.tapError((error) => this.#span?.fail(error) ?? Effect.void),
      Effect.catch((error) => failWire(error)),
      (storing) => Deferred.complete(task.stored, storing),
      Effect.andThen(Effect.sync(() => {
        task.isDecided = true
        this.#letAnswer?.()
        return task
      })),
      Effect.uninterruptible
    )
  }

  /** Goes on with the work as that of the task that it has become. */
  #run({ begun }: StoredCall): Effect.Effect<unknown, E, TaskContext> {
    return Effect.flatMap(TaskContext, (task) =>
      this.#context.enter(task).pipe(
        Effect.andThen(Deferred.succeed(begun, task)),
        Effect.andThen(Effect.flatMap(this.#whenWorking(), Fiber.join)),
        Effect.flatMap(this.#call.toWire)
      )).pipe(Effect.onInterrupt(() => Effect.flatMap(this.#whenWorking(), Fiber.interrupt)))
  }

  #whenWorking(): Effect.Effect<Fiber.Fiber<A, E>> {
    if (this.#working !== undefined) return Effect.succeed(this.#working)
    this.#forked ??= Deferred.makeUnsafe()
    return Deferred.await(this.#forked)
  }
}

/** A call that becomes a task. */
interface StoredCall {
  readonly stored: Deferred.Deferred<TaskRecord, WireError>
  /** Done with the context of the task, when that runs. */
  readonly begun: Deferred.Deferred<TaskContextShape>
  /** Whether it is known how the request is to be answered. */
  isDecided: boolean
}
