/**
 * Counting tasks page by page, for drivers that cannot do it better.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { TallyCounter } from "../driver/TallyCounter.ts"
import type { EndingQuery, TaskDriver, TaskDriverError, TaskPosition } from "../driver/TaskDriver.ts"
import { wholeRange } from "../driver/TaskRange.ts"
import type { TallyFailure, TallyQuery, TaskTally } from "../driver/TaskTally.ts"
import type { TaskScope } from "../driver/TaskWrite.ts"
import type { StoredJson } from "../json/StoredJson.ts"
import type { StoredSummary } from "../task/StoredTask.ts"
import { sortKey } from "../task/TaskId.ts"
import { maxPageBytes } from "./TaskPages.ts"

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
  query: TallyQuery
): Effect.fn.Return<TaskTally, TaskDriverError> {
  const counter = new TallyCounter<StoredSummary>(query)
  yield* forEachSummary(driver, query.scope, (task) => counter.add(task))
  const failures = yield* Effect.forEach(
    counter.failed,
    (task) => Effect.map(resultOf(driver, task, query.scope), (result): TallyFailure => ({ ...task, result })),
    { concurrency: readsAtOnce }
  )
  return { groups: counter.groups, waitingSince: counter.waitingSince, failures }
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
