/**
 * Operations that give a task, in the form that the caller wants.
 *
 * @since 0.2.0
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { KeptTask } from "../task/KeptTask.ts"
import { plainFromStored, plainSummaryFromStored } from "../task/plainTask.ts"
import type { StoredSummary, StoredTask } from "../task/StoredTask.ts"
import {
  type PlainSummary,
  type PlainTask,
  recordFromStored,
  summaryFromStored,
  type TaskRecord,
  type TaskSummary
} from "../task/TaskRecord.ts"
import { StorageOperation } from "../telemetry/StorageOperation.ts"

/**
 * Does an operation on a task at the present time, and gives what `show` makes of the stored task.
 *
 * @since 0.2.0
 * @category models
 */
export type UseTask<Stored, E> = <A>(
  clock: Clock.Clock,
  taskId: string,
  show: (stored: Stored) => A
) => Effect.Effect<A, E>

/**
 * The two forms of what an operation gives.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskForms<Stored, A, Plain> {
  readonly record: (stored: Stored) => A
  readonly plain: (stored: Stored) => Plain
}

/**
 * Checks an id that an operation has begun with.
 *
 * @since 0.2.0
 * @category models
 */
export type CheckId<E> = (taskId: string) => Result.Result<string, E>

/** An operation on a task. In a fiber an id is checked before the operation begins, so that what is refused is neither timed nor traced. */
abstract class OnTask<Stored, A, E> extends StorageOperation<A, E, never> {
  declare readonly taskId: string
  protected readonly use: UseTask<Stored, E>
  protected readonly check: CheckId<E> | undefined

  constructor(
    backendName: string,
    name: string,
    taskId: string,
    use: UseTask<Stored, E>,
    check: CheckId<E> | undefined
  ) {
    super(backendName, name, taskId)
    this.use = use
    this.check = check
  }

  override within(fiber: Fiber.Fiber<unknown, unknown>): Effect.Effect<A, E> {
    const checked = this.check?.(this.taskId)
    return checked !== undefined && Result.isFailure(checked) ? Effect.fail(checked.failure) : super.within(fiber)
  }
}

/**
 * An operation that gives a task as a record, and as plain data where the caller asks for that. To make the record first would take
 * as long as to find the task in memory.
 *
 * @since 0.2.0
 * @category models
 */
export class TaskOperation<Stored, A, Plain, E> extends OnTask<Stored, A, E> {
  readonly #forms: TaskForms<Stored, A, Plain>

  /** `check` is for an id that was not checked before. */
  constructor(
    backendName: string,
    name: string,
    taskId: string,
    use: UseTask<Stored, E>,
    forms: TaskForms<Stored, A, Plain>,
    check?: CheckId<E>
  ) {
    super(backendName, name, taskId, use, check)
    this.#forms = forms
  }

  override begin(clock: Clock.Clock): Effect.Effect<A, E> {
    return this.use(clock, this.taskId, this.#forms.record)
  }

  /** Begins the operation whose answer is plain data. */
  beginPlain(clock: Clock.Clock): Effect.Effect<Plain, E> {
    return this.use(clock, this.taskId, this.#forms.plain)
  }

  /** Gives the operation whose answer is plain data. */
  inPlain(): StorageOperation<Plain, E, never> {
    return new InPlain(this.backendName, this.name, this.taskId, this.use, this.#forms.plain, this.check)
  }
}

class InPlain<Stored, Plain, E> extends OnTask<Stored, Plain, E> {
  readonly #show: (stored: Stored) => Plain

  constructor(
    backendName: string,
    name: string,
    taskId: string,
    use: UseTask<Stored, E>,
    show: (stored: Stored) => Plain,
    check: CheckId<E> | undefined
  ) {
    super(backendName, name, taskId, use, check)
    this.#show = show
  }

  override begin(clock: Clock.Clock): Effect.Effect<Plain, E> {
    return this.use(clock, this.taskId, this.#show)
  }
}

/**
 * The plain form of what an operation gives.
 *
 * @since 0.2.0
 * @category models
 */
export type PlainOf<A> = A extends TaskRecord ? PlainTask
  : A extends TaskSummary ? PlainSummary
  : A extends Option.Option<infer B> ? PlainOf<B> | undefined
  : never

/**
 * Tells whether an effect is an operation that can give its task as plain data.
 *
 * @since 0.2.0
 * @category guards
 */
export const isTaskOperation = <A, E>(
  effect: Effect.Effect<A, E>
): effect is TaskOperation<never, A, PlainOf<A>, E> => effect instanceof TaskOperation

/**
 * @since 0.2.0
 * @category constants
 */
export const wholeTask: TaskForms<StoredTask, TaskRecord, PlainTask> = {
  record: recordFromStored,
  plain: plainFromStored
}

/**
 * @since 0.2.0
 * @category constants
 */
export const taskSummary: TaskForms<StoredSummary, TaskSummary, PlainSummary> = {
  record: summaryFromStored,
  plain: plainSummaryFromStored
}

/**
 * A summary that may be absent.
 *
 * @since 0.2.0
 * @category constants
 */
export const foundSummary: TaskForms<
  StoredSummary | undefined,
  Option.Option<TaskSummary>,
  PlainSummary | undefined
> = {
  record: (task) => task === undefined ? Option.none() : Option.some(summaryFromStored(task)),
  plain: (task) => task === undefined ? undefined : plainSummaryFromStored(task)
}

/**
 * A task that may be absent, and may be one that stays in this process.
 *
 * @since 0.2.0
 * @category constants
 */
export const foundTask: TaskForms<
  StoredTask | KeptTask | undefined,
  Option.Option<TaskRecord>,
  PlainTask | undefined
> = {
  record: (found) =>
    found === undefined
      ? Option.none()
      : Option.some(recordFromStored(found instanceof KeptTask ? found.task : found)),
  plain: (found) =>
    found === undefined ? undefined : found instanceof KeptTask ? found.toPlain() : plainFromStored(found)
}
