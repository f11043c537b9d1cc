/**
 * Lists that cases read, and tasks whose order is easily mistaken.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { ListOptions } from "../../domain/options/TaskOptions.ts"
import type { SessionTasks, TaskPage } from "../../domain/service/TaskOperations.ts"
import type { TaskRecord, TaskSummary } from "../../domain/task/TaskRecord.ts"
import { Mismatch } from "./check.ts"
import { tool } from "./fixtures.ts"

/** A page of any list. */
export type Page = TaskPage<TaskRecord | TaskSummary>
/** Why a list cannot be read. */
export type ListError = Effect.Error<ReturnType<SessionTasks["listTasks"]>>

/** Reads a list to its end and gives the ids of each page. */
export const pagesOf = Effect.fnUntraced(function*(
  list: (options: ListOptions) => Effect.Effect<Page, ListError>,
  limit: number
) {
  const pages: Array<ReadonlyArray<string>> = []
  let cursor: string | undefined
  do {
    const page: Page = yield* list({ cursor, limit })
    pages.push(page.tasks.map(({ taskId }) => taskId))
    cursor = page.nextCursor
    if (pages.length > maxPages) return yield* new Mismatch({ difference: "the list does not come to an end" })
  } while (cursor !== undefined)
  return pages
})

const maxPages = 100

/** Ids whose order by UTF-8 bytes differs from the order of JavaScript strings, of words and of numbers. */
const awkwardIds = [
  "a",
  "A",
  "B",
  "b",
  "aa",
  "10",
  "9",
  "z",
  "~",
  "é",
  "\u00ff",
  "\ue000",
  "\uffee",
  "\u{10000}",
  "\u{1f600}"
]

const byBytes = (left: string, right: string): number => {
  const [a, b] = [left, right].map((id) => new TextEncoder().encode(id).join(" ").replaceAll(/\d+/g, padded))
  return a === b ? 0 : (a ?? "") < (b ?? "") ? -1 : 1
}

const padded = (digits: string): string => digits.padStart(3, "0")

/** The times of a task that was created, and not written since. */
export const at = (millis: number) => {
  const createdAt = DateTime.makeUnsafe(millis)
  return { createdAt, lastUpdatedAt: createdAt }
}

/** Creates the awkward ids at two equal times, the later time first; gives the ids in the order of lists. */
export const createAwkward = Effect.fnUntraced(function*(tasks: SessionTasks) {
  for (const id of awkwardIds) yield* tasks.createTask({ ...tool, ...at(2_000), taskId: `2${id}` })
  for (const id of awkwardIds) yield* tasks.createTask({ ...tool, ...at(1_999), taskId: `9${id}` })
  const sorted = awkwardIds.toSorted(byBytes)
  return [...sorted.map((id) => `9${id}`), ...sorted.map((id) => `2${id}`)]
})

/** Parts ids into pages of a size. */
export const chunks = (ids: ReadonlyArray<string>, size: number): ReadonlyArray<ReadonlyArray<string>> =>
  Array.from({ length: Math.ceil(ids.length / size) }, (_, index) => ids.slice(index * size, (index + 1) * size))
