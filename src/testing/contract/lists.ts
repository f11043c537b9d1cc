/**
 * What lists and their cursors promise.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ListOptions } from "../../domain/options/TaskOptions.ts"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { taskStatuses } from "../../domain/task/TaskStatus.ts"
import { difference } from "../difference.ts"
import { plainRecord } from "../PlainRecord.ts"
import { equal, equalRecord, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, largestText, mustGet, success, tool } from "./fixtures.ts"
import { at, chunks, createAwkward, type ListError, type Page, pagesOf } from "./listing.ts"

interface List {
  readonly name: string
  readonly list: (options?: ListOptions) => Effect.Effect<Page, ListError>
}

const listsOf = (tasks: TaskStorageShape): ReadonlyArray<List> => [
  { name: "listTasks", list: tasks.listTasks },
  { name: "listTaskSummaries", list: tasks.listTaskSummaries },
  { name: "forSession(null).listTasks", list: tasks.forSession(null).listTasks },
  { name: "forSession(null).listTaskSummaries", list: tasks.forSession(null).listTaskSummaries }
]

/**
 * @since 0.1.0
 * @category suite
 */
export const listsGroup: ContractGroup = {
  subject: "lists",
  cases: [
    contractCase("is empty without a cursor on an empty store", function*({ first }) {
      for (const { list, name } of listsOf(first)) {
        yield* equal(name, { ...yield* list() }, { tasks: [] })
      }
    }),

    ...[1, 2, 7, 15, 29, 30, 31].map((size) =>
      contractCase(`orders by creation time and UTF-8 bytes in pages of ${size}`, function*({ first, second }) {
        const ids = yield* createAwkward(first)
        for (const { list, name } of listsOf(second)) {
          yield* equal(name, yield* pagesOf(list, size), chunks(ids, size))
        }
      })
    ),

    contractCase("lists whole records, and summaries without the large parts", function*({ first, second }) {
      yield* createIn(first, "one", "input_required", {
        inputRequests: { a: 1 },
        inputResponses: { b: 1 },
        meta: { m: 1 },
        originalParams: { p: 1 },
        pollInterval: 5,
        requestState: "state",
        result: { _tag: "Success", value: { isError: true } },
        sessionId: "session-1",
        statusMessage: "message",
        ttl: 10_000
      })
      const record = yield* mustGet(first, "one")
      yield* equalRecord("the record", (yield* second.listTasks()).tasks[0], record)
      const [summary] = (yield* second.listTaskSummaries()).tasks
      const { inputRequests, inputResponses, originalParams, requestState, result, ...small } = plainRecord(record)
      yield* equal("the summary", summary === undefined ? summary : plainRecord(summary), small)
      const alone = Option.getOrUndefined(yield* first.getTaskSummary("one"))
      yield* equal("the summary by id", alone === undefined ? alone : plainRecord(alone), small)
      yield* equal(
        "what the summary leaves out",
        [inputRequests, inputResponses, originalParams, requestState, result],
        [
          record.inputRequests,
          record.inputResponses,
          record.originalParams,
          record.requestState,
          record.result
        ]
      )
    }),

    contractCase("filters summaries by status, with cursors of their own", function*({ first, second }) {
      for (let index = 0; index < 15; index++) {
        yield* createIn(first, `task-${String(index).padStart(2, "0")}`, taskStatuses[index % 5] ?? "working")
      }
      for (const [index, status] of taskStatuses.entries()) {
        const ids = [index, index + 5, index + 10].map((number) => `task-${String(number).padStart(2, "0")}`)
        for (const size of [1, 2, 3, 4]) {
          const pages = yield* pagesOf((options) => second.listTaskSummaries({ ...options, status }), size)
          yield* equal(`pages of ${size} ${status}`, pages, chunks(ids, size))
        }
        const other = status === "failed" ? "working" : "failed"
        const { nextCursor } = yield* first.listTaskSummaries({ limit: 1, status })
        yield* refused("another status", first.listTaskSummaries({ cursor: nextCursor, status: other }), {
          _tag: "InvalidCursor"
        })
        yield* refused("no status", first.listTaskSummaries({ cursor: nextCursor }), { _tag: "InvalidCursor" })
      }
    }),

    contractCase("goes on behind a deleted task and behind one that is new", function*({ first, second }) {
      const ids = yield* createAwkward(first)
      const page = yield* first.listTasks({ limit: 4 })
      const last = page.tasks.at(-1)?.taskId ?? ""
      yield* equal("the last task of the page", last, ids[3])
      yield* second.deleteTask(last)
      yield* second.createTask({ ...tool, ...at(1), taskId: "before" })
      const rest = yield* pagesOf(
        (options) => second.listTasks({ ...options, cursor: options.cursor ?? page.nextCursor }),
        7
      )
      yield* equal("the rest", rest, chunks(ids.slice(4), 7))
      yield* second.createTask({ ...tool, ...at(3_000), taskId: "after" })
      const { tasks } = yield* first.listTasks({ cursor: page.nextCursor })
      yield* equal("the rest with a new task", tasks.map(({ taskId }) => taskId), [...ids.slice(4), "after"])
    }),

    contractCase("ends a page at a cursor even when everything behind it is gone", function*({ first }) {
      for (const id of ["a", "b", "c"]) yield* createIn(first, id, "working")
      const { nextCursor } = yield* first.listTasks({ limit: 2 })
      for (const id of ["a", "b", "c"]) yield* first.deleteTask(id)
      yield* equal("the page", { ...yield* first.listTasks({ cursor: nextCursor }) }, { tasks: [] })
    }),

    contractCase(
      "skips and repeats nothing while tasks are written during the walk",
      function*({ clock, first, second }) {
        const ids = yield* createAwkward(first)
        const seen: Array<string> = []
        let cursor: string | undefined
        do {
          const page: Page = yield* first.listTasks({ cursor, limit: 4 })
          seen.push(...page.tasks.map(({ taskId }) => taskId))
          cursor = page.nextCursor
          yield* clock.advance(1)
          for (const id of ids.slice(0, 10)) yield* second.touchTask(id, { statusMessage: "moved" })
        } while (cursor !== undefined && seen.length < 100)
        yield* equal("the ids", seen, ids)
      }
    ),

    contractCase("refuses a cursor that is malformed", function*({ first }) {
      yield* createIn(first, "a", "working")
      yield* createIn(first, "b", "working")
      const { nextCursor = "" } = yield* first.listTasks({ limit: 1 })
      const damaged = [
        nextCursor.slice(0, 4),
        nextCursor.slice(0, -1),
        nextCursor.slice(0, -4),
        `A${nextCursor}`,
        `${nextCursor}A`,
        `${nextCursor}=`,
        `${nextCursor}\n`,
        `${nextCursor.slice(0, -2)}zz`
      ]
      for (const cursor of ["", "x", "nonsense!", "%%%", "\u0000", "YQ", ...damaged]) {
        for (const { list, name } of listsOf(first)) {
          yield* refused(`${name} with cursor ${JSON.stringify(cursor)}`, list({ cursor }), { _tag: "InvalidCursor" })
        }
      }
    }),

    contractCase("refuses a cursor of another query", function*({ first, second }) {
      for (const taskId of ["a", "b"]) {
        yield* createIn(first, taskId, "working")
        yield* createIn(first, `1${taskId}`, "working", { sessionId: "session-1" })
        yield* createIn(first, `2${taskId}`, "working", { sessionId: "session-2" })
      }
      const queries = [
        first.listTasks,
        first.forSession(null).listTasks,
        (options: ListOptions) => first.listTasksForSession("session-1", options),
        (options: ListOptions) => first.listTasksForSession("session-2", options)
      ]
      for (const [from, query] of queries.entries()) {
        const { nextCursor } = yield* query({ limit: 1 })
        yield* holds("there is a cursor", nextCursor !== undefined)
        for (const [to, other] of queries.entries()) {
          if (from === to) continue
          yield* refused(`cursor ${from} in query ${to}`, other({ cursor: nextCursor }), { _tag: "InvalidCursor" })
        }
      }
      const { nextCursor } = yield* first.forSession("session-1").listTasks({ limit: 1 })
      const rest = yield* second.listTasksForSession("session-1", { cursor: nextCursor })
      yield* equal("the same query by another way", rest.tasks.map(({ taskId }) => taskId), ["1b"])
    }),

    contractCase("gives 50 tasks by default, and no cursor behind exactly 50", function*({ first }) {
      const ids = Array.from({ length: 51 }, (_, index) => `task-${String(index).padStart(2, "0")}`)
      for (const taskId of ids) yield* createIn(first, taskId, "working")
      const page = yield* first.listTasks()
      yield* equal("the first page", page.tasks.map(({ taskId }) => taskId), ids.slice(0, 50))
      const rest = yield* first.listTasks({ cursor: page.nextCursor })
      yield* equal("the second page", rest.tasks.map(({ taskId }) => taskId), ids.slice(50))
      yield* first.deleteTask("task-50")
      yield* equal("a cursor behind a full last page", (yield* first.listTasks()).nextCursor, undefined)
    }),

    contractCase("lowers a limit to the maximum of the layer", function*({ first }) {
      for (const taskId of ["a", "b", "c", "d"]) yield* createIn(first, taskId, "working")
      yield* equal("pages", yield* pagesOf(first.listTasks, 1_000_000), [["a", "b", "c"], ["d"]])
      yield* equal("by default", (yield* first.listTaskSummaries()).tasks.length, 3)
    }, { maxPageSize: 3 }),

    contractCase(
      "ends a page before it would pass 16 MiB, and always has one task in it",
      function*({ first, maxPayloadBytes, payloadBytes }) {
        const value = "x".repeat(largestText(payloadBytes, maxPayloadBytes.outcome) * 6 / 7)
        const fitting = Math.floor(16 * 1024 * 1024 / payloadBytes(value.length))
        const taskIds = Array.from({ length: fitting + 1 }, (_, index) => `task-${index}`)
        for (const taskId of taskIds) {
          yield* createIn(first, taskId, "working")
          yield* first.settleTask(taskId, { _tag: "Success", value })
        }
        const pages = [taskIds.slice(0, fitting), taskIds.slice(fitting)]
        yield* equal("pages of records", yield* pagesOf(first.listTasks, 10), pages)
        yield* equal("pages of summaries", yield* pagesOf(first.listTaskSummaries, 10), [taskIds])
      }
    ),

    contractCase("counts the principal and the steps of a task for its page", function*({
      first,
      maxPayloadBytes,
      payloadBytes
    }) {
      const value = "x".repeat(largestText(payloadBytes, maxPayloadBytes.content) * 3 / 7)
      const fitting = Math.floor(16 * 1024 * 1024 / (2 * payloadBytes(value.length)))
      const taskIds = Array.from({ length: fitting + 1 }, (_, index) => `task-${String(index).padStart(2, "0")}`)
      for (const taskId of taskIds) {
        yield* createIn(first, taskId, "working", { principal: value })
        yield* first.storeTaskStep(taskId, "step", value)
      }
      const pages = [taskIds.slice(0, fitting), taskIds.slice(fitting)]
      yield* equal("pages of records", yield* pagesOf(first.listTasks, 50), pages)
      yield* equal("pages of summaries", yield* pagesOf(first.listTaskSummaries, 50), [taskIds])
    }),

    contractCase("does not change records that were listed before", function*({ first }) {
      yield* createIn(first, "one", "working")
      const [before] = (yield* first.listTasks()).tasks
      const copy = before === undefined ? {} : plainRecord(before)
      yield* first.settleTask("one", success)
      yield* equal("the record", difference(before === undefined ? {} : plainRecord(before), copy), undefined)
    })
  ]
}
