/**
 * Writing tasks through a driver: one conditional write if nothing has to be read first, an optimistic merge if it has.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { type ActiveBounds, asBegun, mayHideBegin, type ReachedBound } from "../driver/ActiveBounds.ts"
import { type PatchAnswer, type PatchResult, type TaskDriver, TaskDriverError } from "../driver/TaskDriver.ts"
import { applyPatch, isNews, isNewsForWorker, type TaskGuard, type TaskPatch } from "../driver/TaskWrite.ts"
import { AtOnce, isAtOnce } from "../effects/AtOnce.ts"
import type { Plan, Writer } from "../machine/TaskMachine.ts"
import type { StoredTask } from "../task/StoredTask.ts"
import { TaskNotFound, TaskStorageUnavailable } from "../task/TaskError.ts"
import type { TaskRecord, TaskSummary } from "../task/TaskRecord.ts"
import { readMillis } from "../telemetry/StorageOperation.ts"
import { answered, decoded, failUnavailable, operate, toRecord } from "./TaskAccess.ts"
import type { Audience, WrittenTask } from "./TaskHub.ts"
import { type TaskForms, TaskOperation, taskSummary, wholeTask } from "./TaskOperation.ts"
import type { TaskWatch } from "./TaskWatch.ts"

/**
 * How often a write is tried against concurrent writers. Each lost try means that another one succeeded.
 *
 * @since 0.2.0
 * @category constants
 */
export const maxAttempts = 100

/**
 * Writes what is decided before anything is read.
 *
 * @since 0.2.0
 * @category models
 */
export type Execute<Written> = <E>(
  operation: string,
  taskId: string,
  plan: (now: number) => Plan<E>
) => Effect.Effect<Written, E | TaskNotFound | TaskStorageUnavailable>

/** What was decided on a task that was read: the patch, if one is to be written, and the bounds on the seat that it takes. */
interface Decision {
  readonly patch: TaskPatch | undefined
  readonly seats?: ActiveBounds | undefined
}

/**
 * Writes the tasks of one session; for `null`, those bound to none; for `undefined`, all.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskWriter {
  /** Writes what is decided before anything is read, and gives the record. */
  readonly execute: Execute<TaskRecord>

  /** Writes what is decided before anything is read, and gives the summary, without reading the payloads. */
  readonly executeBriefly: Execute<TaskSummary>

  /**
   * Writes what depends on what is stored: reads, decides, and writes if the task is still the one that was read. A decision without a patch writes nothing. `lost` says what to do when someone else wrote in between, or there is no seat: fail, or
   * go on to try again. A decision that has checked who writes says who that was.
   */
  readonly merge: <D extends Decision, E, E2>(
    operation: string,
    taskId: string,
    decide: (stored: StoredTask, now: number) => Effect.Effect<D, E | TaskDriverError>,
    lost: (current: StoredTask, full?: ReachedBound) => Effect.Effect<void, E2>,
    writer?: Writer
  ) => Effect.Effect<
    { readonly record: TaskRecord; readonly decision: D },
    E | E2 | TaskNotFound | TaskStorageUnavailable
  >
}

/**
 * Makes a writer.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskWriter = (
  driver: TaskDriver,
  watch: TaskWatch,
  session: string | null | undefined,
  active: ActiveBounds | undefined
): TaskWriter => {
  /** The task of a creator who holds it without a lease has begun, and keeps its seat when it gets one. */
  const patchFirst = (
    taskId: string,
    now: number,
    guard: TaskGuard,
    change: TaskPatch,
    answer: PatchAnswer
  ): Effect.Effect<PatchResult, TaskDriverError> => {
    const write = driver.patch(taskId, { now, session }, guard, change, answer)
    if (!mayHideBegin(active, change) || guard.attempt !== undefined) return write
    return Effect.flatMap(
      driver.patch(
        taskId,
        { now, session },
        { ...guard, attempt: 0, freeSince: beforeAll },
        { ...change, attempt: 1 },
        answer
      ),
      (result) => result._tag === "Rejected" ? write : Effect.succeed(result)
    )
  }

  /** Writes over the very state that was read. So the engine need not give the large parts back. */
  const patchOver = (stored: StoredTask, now: number, guard: TaskGuard, change: TaskPatch) => {
    const { taskId } = stored
    const whole = (result: PatchResult): PatchResult =>
      result._tag === "Patched" ? { _tag: "Patched", task: applyPatch(stored, change) } : result
    const write = driver.patch(taskId, { now, session }, guard, change, "summary")
    const answer = isAtOnce(write) ? new AtOnce(() => whole(write.answer())) : Effect.map(write, whole)
    return telling(taskId, answer, guard, change)
  }

  const telling = (
    taskId: string,
    write: Effect.Effect<PatchResult, TaskDriverError>,
    guard: TaskGuard,
    change: TaskPatch,
    answer?: PatchAnswer
  ) =>
    isNews(change)
      ? watch.telling(taskId, write, audienceOf(guard, change), (result) => writtenBy(result, change, answer))
      : write

  const executing =
    <Written, Plain>(answer: PatchAnswer, forms: TaskForms<StoredTask, Written, Plain>): Execute<Written> =>
    (operation, taskId, plan) =>
      new TaskOperation(
        driver.backendName,
        operation,
        taskId,
        (clock, taskId, show) => {
          const now = readMillis(clock)
          const { guard, patch: change, refuse } = plan(now)
          const write = patchFirst(taskId, now, guard, change, answer)
          // What memory answers at once is told and concluded at once: an effect for each step would take longer than the write.
          if (!isAtOnce(write) || watch.tell === undefined) {
            return concluding(operation, taskId, telling(taskId, write, guard, change, answer), refuse, show)
          }
          const result = write.answer()
          if (isNews(change)) watch.tell(taskId, audienceOf(guard, change), writtenBy(result, change, answer))
          return conclude(operation, taskId, result, refuse, show)
        },
        forms
      )

  const transaction: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | TaskDriverError> =
    driver.transaction ?? ((effect) => effect)

  const merge = <D extends Decision, E, E2>(
    operation: string,
    taskId: string,
    decide: (stored: StoredTask, now: number) => Effect.Effect<D, E | TaskDriverError>,
    lost: (current: StoredTask, full?: ReachedBound) => Effect.Effect<void, E2>,
    writer?: Writer
  ) => {
    type Merged = { readonly record: TaskRecord; readonly decision: D }
    type Failure = E | E2 | TaskNotFound | TaskStorageUnavailable | TaskDriverError
    // Without a generator, whose function would be a new one for each write: V8 makes a hidden class for it in the old heap.
    const attempt = (now: number, count: number): Effect.Effect<Merged, Failure> =>
      Effect.flatMap(
        driver.find(taskId, { now, session }),
        (stored): Effect.Effect<Merged, Failure> =>
          stored === undefined
            ? Effect.fail(new TaskNotFound({ taskId }))
            : Effect.flatMap(
              Effect.flatten(decoded(operation, stored, (stored) => decide(stored, now))),
              (decision) =>
                decision.patch === undefined
                  ? Effect.map(toRecord(operation, stored), (record) => ({ record, decision }))
                  : Effect.flatMap(
                    patchOver(stored, now, guardOf(stored, decision), asBegun(active, stored, decision.patch)),
                    (result) => merged(decision, result, now, count)
                  )
            )
      )
    const guardOf = (stored: StoredTask, { seats }: Decision): TaskGuard =>
      seats === undefined ? { unchanged: stored, ...writer } : { unchanged: stored, ...writer, seats }
    const merged = (decision: D, result: PatchResult, now: number, count: number): Effect.Effect<Merged, Failure> => {
      switch (result._tag) {
        case "Patched":
          return Effect.map(toRecord(operation, result.task, "unknown"), (record) => ({ record, decision }))
        case "Missing":
          return Effect.fail(new TaskNotFound({ taskId }))
        case "Rejected":
          return Effect.andThen(
            lost(result.task, result.full),
            Effect.suspend(() => count < maxAttempts ? attempt(now, count + 1) : contention(operation))
          )
      }
    }
    return operate(driver.backendName, operation, taskId, (now) =>
      Effect.catch(
        transaction(attempt(now, 1)),
        (error) => error instanceof TaskDriverError ? failUnavailable(operation, error) : Effect.fail(error)
      ))
  }

  return {
    execute: executing("task", wholeTask),
    executeBriefly: executing("summary", taskSummary),
    merge
  }
}

/** No lease ends then, so that only tasks without a lease are free since that time. */
const beforeAll = -1

const audienceOf = (guard: TaskGuard, change: TaskPatch): Audience =>
  isNewsForWorker(guard, change) ? "everybody" : "waiters"

const writtenBy = (result: PatchResult, patch: TaskPatch, answer: PatchAnswer | undefined): WrittenTask | undefined =>
  result._tag === "Patched" ? { task: result.task, isWhole: answer !== "summary", patch } : undefined

const concluding = <E, Written>(
  operation: string,
  taskId: string,
  write: Effect.Effect<PatchResult, TaskDriverError>,
  refuse: (stored: StoredTask) => E,
  decode: (stored: StoredTask) => Written
): Effect.Effect<Written, E | TaskNotFound | TaskStorageUnavailable> =>
  answered(operation, write, (result) => conclude(operation, taskId, result, refuse, decode))

const conclude = <E, Written>(
  operation: string,
  taskId: string,
  result: PatchResult,
  refuse: (stored: StoredTask) => E,
  decode: (stored: StoredTask) => Written
): Effect.Effect<Written, E | TaskNotFound | TaskStorageUnavailable> => {
  switch (result._tag) {
    case "Patched":
      return decoded(operation, result.task, decode, "unknown")
    case "Rejected":
      return Effect.fail(refuse(result.task))
    case "Missing":
      return Effect.fail(new TaskNotFound({ taskId }))
  }
}

/**
 * Gives the failure of a write that others came before, {@link maxAttempts} times.
 *
 * @since 0.2.0
 * @category constructors
 */
export const contention = (operation: string): TaskStorageUnavailable =>
  new TaskStorageUnavailable({
    operation,
    reason: `the task was written by others ${maxAttempts} times in between; try again`,
    retryable: true,
    applied: "no"
  })
