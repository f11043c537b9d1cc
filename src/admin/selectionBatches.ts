/**
 * Going through the tasks of a selection, batch by batch.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { allOf } from "../domain/effects/allOf.ts"
import { orAbsent, parseCount } from "../domain/options/ArgumentParsers.ts"
import type { StorageListOptions } from "../domain/options/TaskOptions.ts"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { InvalidCursor, InvalidInput, TaskStorageError, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import type { TaskSummary } from "../domain/task/TaskRecord.ts"
import type { FailedTask } from "./AdminOperations.ts"
import type { SelectionOptions, TaskSelection } from "./AdminOptions.ts"
import { type BulkPosition, decodeBulkCursor, encodeBulkCursor } from "./BulkCursor.ts"
import { parseSelection } from "./parseSelection.ts"
import { engineFault, performAll } from "./performAll.ts"

/**
 * What is done with the tasks of a selection.
 *
 * @since 0.2.0
 * @category models
 */
export interface SelectionWork<Item> {
  /** How many tasks a batch has: it is bounded by what is held in memory, and by how soon progress is seen. */
  readonly size: number
  /** How many tasks are worked on at once, unless the caller says so. */
  readonly concurrency: number
  /** Whether the operation has made the task itself, when it began at this time. Such a task is passed over. */
  readonly isOwn?: (task: TaskSummary, began: number) => boolean
  readonly perform: (task: TaskSummary) => Effect.Effect<Item, TaskStorageError>
  /** Whether the selection is no longer for a task that this became of. */
  readonly leaves?: (item: Item | FailedTask) => boolean
}

/**
 * @since 0.2.0
 * @category models
 */
export interface Batch<Item> {
  readonly examined: number
  readonly items: ReadonlyArray<Item | FailedTask>
  /** How many of them are not met again from `nextCursor` on. */
  readonly passed: number
  /** Where it goes on, unless it is at its end. */
  readonly nextCursor?: string
}

/**
 * Why going through a selection fails.
 *
 * @since 0.2.0
 * @category models
 */
export type SelectionError = InvalidInput | InvalidCursor | TaskStorageUnavailable

interface Request {
  readonly filter: Omit<StorageListOptions, "cursor" | "limit">
  readonly from: BulkPosition | null
  readonly limit: number
  readonly concurrency: number | null
}

const parseRequest = (
  selection: TaskSelection,
  options: SelectionOptions | undefined
): Result.Result<Request, InvalidInput | InvalidCursor> =>
  Result.map(
    allOf([
      parseSelection(selection),
      orAbsent(options?.limit, (value) => parseCount("limit", value)),
      orAbsent(options?.concurrency, (value) => parseCount("concurrency", value)),
      orAbsent(options?.cursor, decodeBulkCursor)
    ]),
    ([filter, limit, concurrency, from]) => ({ filter, from, limit: limit ?? Infinity, concurrency })
  )

/** Where a run is between two batches. After a failure of the engine it only has that to tell. */
type Run =
  | { readonly _tag: "Next"; readonly at: BulkPosition; readonly matched: number }
  | { readonly _tag: "Failed"; readonly error: TaskStorageUnavailable }

/**
 * Works on each task of a selection.
 *
 * @since 0.2.0
 * @category constructors
 */
export const selectionBatches = <Item>(
  storage: Pick<TaskStorageShape, "listTaskSummaries">,
  selection: TaskSelection,
  options: SelectionOptions | undefined,
  work: SelectionWork<Item>
): Stream.Stream<Batch<Item>, SelectionError> =>
  Stream.unwrap(Effect.gen(function*() {
    const request = yield* Effect.fromResult(parseRequest(selection, options))
    const at = request.from ?? { began: yield* Clock.currentTimeMillis, cursor: undefined }
    return Stream.paginate<Run, Batch<Item>, SelectionError>(
      { _tag: "Next", at, matched: 0 },
      (run) => run._tag === "Failed" ? Effect.fail(run.error) : nextBatch(storage, request, work, run)
    )
  }))

const nextBatch = Effect.fnUntraced(function*<Item>(
  storage: Pick<TaskStorageShape, "listTaskSummaries">,
  { concurrency, filter, limit }: Request,
  work: SelectionWork<Item>,
  { at, matched }: Run & { readonly _tag: "Next" }
): Effect.fn.Return<readonly [ReadonlyArray<Batch<Item>>, Option.Option<Run>], SelectionError> {
  const { began, cursor } = at
  const page = yield* storage.listTaskSummaries({ ...filter, cursor, limit: Math.min(work.size, limit - matched) })
  const meant = page.tasks.filter((task) => work.isOwn?.(task, began) !== true)
  const { fault, items } = yield* performAll<TaskSummary, Item | FailedTask, TaskStorageUnavailable>(
    meant,
    concurrency ?? work.concurrency,
    {
      perform: work.perform,
      failed: ({ taskId }, error) => ({ _tag: "Failed", taskId, error }),
      faultOf: (_, error) => engineFault(error)
    }
  )
  const batch = { examined: page.examined ?? page.tasks.length, items }
  if (fault !== undefined) {
    // The next run begins with this batch again, and skips what is done of it, as far as it is still there.
    const passed = items.filter((item) => work.leaves?.(item) === true).length
    return [[{ ...batch, passed, nextCursor: encodeBulkCursor(at) }], Option.some({ _tag: "Failed", error: fault })]
  }
  const passed = items.length
  if (page.nextCursor === undefined) return [[{ ...batch, passed }], Option.none()]
  const next: Run = { _tag: "Next", at: { began, cursor: page.nextCursor }, matched: matched + items.length }
  return [
    [{ ...batch, passed, nextCursor: encodeBulkCursor(next.at) }],
    next.matched < limit ? Option.some(next) : Option.none()
  ]
})
