/**
 * Counting tasks page by page, for drivers that cannot do it better.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { StoredJson } from "./StoredJson.ts"
import type { StoredSummary } from "./StoredTask.ts"
import type { EndingQuery, TaskDriver, TaskDriverError, TaskPosition } from "./TaskDriver.ts"
import { sortKey } from "./TaskId.ts"
import { maxPageBytes } from "./TaskPages.ts"
import { wholeRange } from "./TaskRange.ts"
import { isFailure, type TallyFailure, type TallyGroup, type TallyQuery, type TaskTally } from "./TaskTally.ts"
import type { TaskScope } from "./TaskWrite.ts"

/** How many tasks one page has. */
const pageSize = 1_000

/** How many outcomes are read at once. */
const readsAtOnce = 8

type Pages = Pick<TaskDriver, "find" | "pageSummaries">

/**
 * Counts tasks as `TaskDriver.tally` does, by reading the summaries of all of them.
 *
 * @since 0.2.0
 * @category combinators
 */
export const tallyByPages = Effect.fnUntraced(function*(
  driver: Pages,
  { failedSince, failureLimit, scope }: TallyQuery
): Effect.fn.Return<TaskTally, TaskDriverError> {
  const groups = new Map<string, { -readonly [Field in keyof TallyGroup]: TallyGroup[Field] }>()
  let waitingSince: number | null = null
  let failed: Array<StoredSummary> = []
  yield* forEachSummary(driver, scope, (task) => {
    const { createdAt, lastUpdatedAt, name, originalMethod, status } = task
    const key = `${status}${originalMethod.text}${name?.text ?? ""}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { originalMethod, name, status, count: 1, oldest: createdAt })
    else {
      group.count += 1
      group.oldest = Math.min(group.oldest, createdAt)
    }
    if (status === "input_required") waitingSince = Math.min(waitingSince ?? Infinity, lastUpdatedAt)
    if (!isFailure(task) || lastUpdatedAt < failedSince) return
    failed.push(task)
    // Those that are too early for any list are forgotten now and then, so that they take little room.
    if (failed.length >= 2 * failureLimit) failed = latest(failed, failureLimit)
  })
  const failures = yield* Effect.forEach(
    latest(failed, failureLimit),
    (task) => Effect.map(resultOf(driver, task, scope), (result): TallyFailure => ({ ...task, result })),
    { concurrency: readsAtOnce }
  )
  return { groups: [...groups.values()], waitingSince, failures }
})

/**
 * Finds the ids of tasks as `TaskDriver.findEnding` does, by reading the summaries of all of them.
 *
 * @since 0.2.0
 * @category combinators
 */
export const findEndingByPages = Effect.fnUntraced(function*(
  driver: Pages,
  { ending, limit, scope }: EndingQuery
): Effect.fn.Return<ReadonlyArray<string>, TaskDriverError> {
  let found: Array<string> = []
  yield* forEachSummary(driver, scope, ({ taskId }) => {
    if (!taskId.endsWith(ending)) return
    found.push(taskId)
    if (found.length >= 2 * limit) found = firstIds(found, limit)
  })
  return firstIds(found, limit)
})

/**
 * Gives the first of some ids, by their UTF-8 bytes.
 *
 * @since 0.2.0
 * @category ordering
 */
export const firstIds = (ids: Iterable<string>, limit: number): Array<string> =>
  Array.from(ids, (id) => ({ id, key: sortKey(id) }))
    .sort((left, right) => left.key < right.key ? -1 : 1)
    .slice(0, limit)
    .map(({ id }) => id)

const latest = (tasks: ReadonlyArray<StoredSummary>, limit: number): Array<StoredSummary> =>
  tasks.toSorted((left, right) => right.lastUpdatedAt - left.lastUpdatedAt).slice(0, limit)

/** A tool error tells its reason in no outcome that a person would look for here. */
const resultOf = (
  driver: Pages,
  { failure, resultKind, taskId }: StoredSummary,
  scope: TaskScope
): Effect.Effect<StoredJson | null, TaskDriverError> =>
  failure !== null || resultKind !== "error"
    ? Effect.succeed(null)
    : Effect.map(driver.find(taskId, scope), (task) => task?.result ?? null)

const forEachSummary = Effect.fnUntraced(function*(
  { pageSummaries }: Pages,
  scope: TaskScope,
  use: (task: StoredSummary) => void
): Effect.fn.Return<void, TaskDriverError> {
  let after: TaskPosition | undefined
  while (true) {
    const { more, tasks } = yield* pageSummaries({
      ...wholeRange,
      scope,
      after,
      limit: pageSize,
      maxBytes: maxPageBytes
    })
    for (const task of tasks) use(task)
    if (!more) return
    after = tasks.at(-1)
    yield* Effect.yieldNow
  }
})
