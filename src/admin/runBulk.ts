/**
 * Doing the same with each task of a selection, batch by batch.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { allOf } from "../domain/allOf.ts"
import { orAbsent, parseCount, parseFlag } from "../domain/ArgumentParsers.ts"
import type { InvalidCursor, InvalidInput, TaskStorageError, TaskStorageUnavailable } from "../domain/TaskError.ts"
import type { TaskStorageShape } from "../domain/TaskOperations.ts"
import type { StorageListOptions } from "../domain/TaskOptions.ts"
import type { TaskSummary } from "../domain/TaskRecord.ts"
import type { BulkProgress, BulkTask } from "./AdminOperations.ts"
import type { BulkOptions, TaskSelection } from "./AdminOptions.ts"
import { type BulkPosition, decodeBulkCursor, encodeBulkCursor } from "./BulkCursor.ts"
import { parseSelection } from "./parseSelection.ts"

/**
 * What is done with a task.
 *
 * @since 0.2.0
 * @category models
 */
export interface BulkAction {
  /** Whether the operation has made the task itself, when it began at this time. Such a task is passed over. */
  readonly isOwn?: (task: TaskSummary, began: number) => boolean
  /** Says why nothing is to be done, as far as the summary tells. */
  readonly skip: (task: TaskSummary) => string | undefined
  readonly act: (taskId: string) => Effect.Effect<BulkTask, TaskStorageError>
  /** Says what became of a task that could not be written because somebody else came first. */
  readonly lost: (error: TaskStorageError) => string | undefined
}

/** A batch is bounded by what is held in memory, and by how soon progress is seen. */
const batchSize = 500

const defaultConcurrency = 64

type ListError = InvalidInput | InvalidCursor | TaskStorageUnavailable

interface Request {
  readonly filter: Omit<StorageListOptions, "cursor" | "limit">
  readonly dryRun: boolean
  readonly from: BulkPosition | null
  readonly limit: number
  readonly concurrency: number
}

const parseRequest = (
  selection: TaskSelection,
  options: BulkOptions | undefined
): Result.Result<Request, InvalidInput | InvalidCursor> =>
  Result.map(
    allOf([
      parseSelection(selection),
      parseFlag("dryRun", options?.dryRun),
      orAbsent(options?.limit, (value) => parseCount("limit", value)),
      orAbsent(options?.concurrency, (value) => parseCount("concurrency", value)),
      orAbsent(options?.cursor, decodeBulkCursor)
    ]),
    ([filter, dryRun, limit, concurrency, from]) => ({
      filter,
      dryRun,
      from,
      limit: limit ?? Infinity,
      concurrency: concurrency ?? defaultConcurrency
    })
  )

type Counts = Pick<BulkProgress, "examined" | "matched" | "done" | "skipped" | "failed">

const noCounts: Counts = { examined: 0, matched: 0, done: 0, skipped: 0, failed: 0 }

const addTo = (counts: Counts, examined: number, tasks: ReadonlyArray<BulkTask>): Counts => {
  const count = (...tags: ReadonlyArray<BulkTask["_tag"]>) => tasks.filter(({ _tag }) => tags.includes(_tag)).length
  return {
    examined: counts.examined + examined,
    matched: counts.matched + tasks.length,
    done: counts.done + count("Done", "WouldBeDone"),
    skipped: counts.skipped + count("Skipped"),
    failed: counts.failed + count("Failed")
  }
}

/** Where a run is between two batches. After a failure of the engine it only has that to tell. */
type Run =
  | { readonly _tag: "Next"; readonly at: BulkPosition; readonly counts: Counts }
  | { readonly _tag: "Failed"; readonly error: TaskStorageUnavailable }

/**
 * Runs an action on each task of a selection.
 *
 * @since 0.2.0
 * @category constructors
 */
export const runBulk = (
  storage: Pick<TaskStorageShape, "listTaskSummaries">,
  selection: TaskSelection,
  options: BulkOptions | undefined,
  action: BulkAction
): Stream.Stream<BulkProgress, ListError> =>
  Stream.unwrap(Effect.gen(function*() {
    const request = yield* Effect.fromResult(parseRequest(selection, options))
    const at = request.from ?? { began: yield* Clock.currentTimeMillis, cursor: undefined }
    return Stream.paginate<Run, BulkProgress, ListError>(
      { _tag: "Next", at, counts: noCounts },
      (run) => run._tag === "Failed" ? Effect.fail(run.error) : runBatch(storage, request, action, run)
    )
  }))

const runBatch = Effect.fnUntraced(function*(
  storage: Pick<TaskStorageShape, "listTaskSummaries">,
  { concurrency, dryRun, filter, limit }: Request,
  action: BulkAction,
  { at, counts }: Run & { readonly _tag: "Next" }
): Effect.fn.Return<readonly [ReadonlyArray<BulkProgress>, Option.Option<Run>], ListError> {
  const { began, cursor } = at
  const page = yield* storage.listTaskSummaries({
    ...filter,
    cursor,
    limit: Math.min(batchSize, limit - counts.matched)
  })
  // Once the engine has failed, no other write begins.
  let failure: TaskStorageUnavailable | undefined
  const perform = (task: TaskSummary): Effect.Effect<BulkTask | undefined> => {
    if (failure !== undefined) return Effect.undefined
    const { taskId } = task
    const reason = action.skip(task)
    if (reason !== undefined) return Effect.succeed({ _tag: "Skipped", taskId, reason })
    if (dryRun) return Effect.succeed({ _tag: "WouldBeDone", taskId })
    return Effect.catch(action.act(taskId), (error): Effect.Effect<BulkTask> => {
      const reason = action.lost(error)
      if (reason !== undefined) return Effect.succeed({ _tag: "Skipped", taskId, reason })
      if (error._tag === "TaskStorageUnavailable" && error.retryable) failure ??= error
      return Effect.succeed({ _tag: "Failed", taskId, error })
    })
  }
  const meant = page.tasks.filter((task) => action.isOwn?.(task, began) !== true)
  const results = yield* Effect.forEach(meant, (task) => Effect.suspend(() => perform(task)), { concurrency })
  const tasks = results.filter((result) => result !== undefined)
  const total = addTo(counts, page.examined ?? page.tasks.length, tasks)
  if (failure !== undefined) {
    // Whoever goes on begins with this batch again: what is done of it is skipped then.
    const progress = { ...total, tasks, nextCursor: encodeBulkCursor(at) }
    return [[progress], Option.some({ _tag: "Failed", error: failure })]
  }
  if (page.nextCursor === undefined) return [[{ ...total, tasks }], Option.none()]
  const next = { began, cursor: page.nextCursor }
  const progress = { ...total, tasks, nextCursor: encodeBulkCursor(next) }
  return [[progress], total.matched < limit ? Option.some({ _tag: "Next", at: next, counts: total }) : Option.none()]
})
