/**
 * Operations that give a task, in the form that the caller wants.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { KeptTask } from "./KeptTask.ts"
import { plainFromStored, plainSummaryFromStored } from "./plainTask.ts"
import { StorageOperation } from "./StorageOperation.ts"
import type { StoredSummary, StoredTask } from "./StoredTask.ts"
import {
  type PlainSummary,
  type PlainTask,
  recordFromStored,
  summaryFromStored,
  type TaskRecord,
  type TaskSummary
} from "./TaskRecord.ts"

/**
 * Does an operation on a task at a time in milliseconds, and gives what `show` makes of the stored task.
 *
 * @since 0.2.0
 * @category models
 */
export type UseTask<Stored, E> = <A>(
  now: number,
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
 * An operation that gives a task as a record, and as plain data where the caller asks for that. To make the record first would take
 * as long as to find the task in memory.
 *
 * @since 0.2.0
 * @category models
 */
export class TaskOperation<Stored, A, Plain, E> extends StorageOperation<A, E, never> {
  readonly #id: string
  readonly #use: UseTask<Stored, E>
  readonly #forms: TaskForms<Stored, A, Plain>

  constructor(name: string, taskId: string, use: UseTask<Stored, E>, forms: TaskForms<Stored, A, Plain>) {
    super(name, taskId)
    this.#id = taskId
    this.#use = use
    this.#forms = forms
  }

  override begin(now: number): Effect.Effect<A, E> {
    return this.#use(now, this.#id, this.#forms.record)
  }

  /** Gives the operation whose answer is plain data. */
  inPlain(): StorageOperation<Plain, E, never> {
    return new InPlain(this.name, this.#id, this.#use, this.#forms.plain)
  }
}

class InPlain<Stored, Plain, E> extends StorageOperation<Plain, E, never> {
  readonly #id: string
  readonly #use: UseTask<Stored, E>
  readonly #show: (stored: Stored) => Plain

  constructor(name: string, taskId: string, use: UseTask<Stored, E>, show: (stored: Stored) => Plain) {
    super(name, taskId)
    this.#id = taskId
    this.#use = use
    this.#show = show
  }

  override begin(now: number): Effect.Effect<Plain, E> {
    return this.#use(now, this.#id, this.#show)
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
