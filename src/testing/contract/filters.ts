/**
 * What the filters of lists promise.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { ListOptions, SummaryListOptions, TaskFilter } from "../../domain/options/TaskOptions.ts"
import type { SessionTasks } from "../../domain/service/TaskOperations.ts"
import { type TaskStatus, taskStatuses } from "../../domain/task/TaskStatus.ts"
import { equal, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, register, success, tool } from "./fixtures.ts"
import { at, chunks, createAwkward, pagesOf } from "./listing.ts"
import { call } from "./untyped.ts"

const time = (millis: number) => DateTime.makeUnsafe(millis)

/** Reads a list with a filter to its end, and gives the ids of each page. */
const filtered = (tasks: Pick<SessionTasks, "listTaskSummaries">, filter: SummaryListOptions, limit: number) =>
  pagesOf((options) => tasks.listTaskSummaries({ ...filter, ...options }), limit)

const orders = ["oldest", "newest"] as const

const inOrder = (order: (typeof orders)[number], ids: ReadonlyArray<string>): ReadonlyArray<string> =>
  order === "oldest" ? ids : ids.toReversed()

/** Creates fifteen tasks, one a millisecond, of each status in turn. */
const createTurns = Effect.fnUntraced(function*(tasks: SessionTasks) {
  for (let index = 0; index < 15; index++) {
    yield* createIn(tasks, turn(index), taskStatuses[index % 5] ?? "working", at(1_000 + index))
  }
})

/** Ids that are not in the order of the times. */
const turn = (index: number): string => `task-${(index * 7) % 15}`

/** Ids of 255 bytes, not in the order of the times. */
const wide = (index: number): string => `${(index * 7) % 40 + 10}-`.padEnd(255, "x")

const turnsIn = (statuses: ReadonlyArray<TaskStatus>): ReadonlyArray<string> =>
  Array.from({ length: 15 }, (_, index) => index)
    .filter((index) => statuses.some((status) => taskStatuses.indexOf(status) === index % 5))
    .map(turn)

const statusSets: ReadonlyArray<ReadonlyArray<TaskStatus>> = [
  ["working", "input_required"],
  ["completed", "failed", "cancelled"],
  ["input_required", "cancelled"],
  taskStatuses
]

/** Creates tasks that differ in all that is searched for. */
const createSought = Effect.fnUntraced(function*(storage: SessionTasks, worker: string) {
  const create = (taskId: string, millis: number, fields: Parameters<typeof createIn>[3] = {}) =>
    createIn(storage, taskId, "working", { ...at(millis), ...fields })
  yield* create("a", 1, { name: "report", worker })
  yield* create("b", 2, { originalMethod: "prompts/get", name: "report" })
  yield* create("c", 3, { name: "Report" })
  yield* create("d", 4)
  yield* create("e", 5, { name: "report", result: success })
  yield* create("f", 6, { name: "report", result: failure })
  yield* create("g", 7, { originalMethod: "", result: { _tag: "Success", value: { isError: true } } })
  yield* create("h", 8, { name: "\ud800\ud834", worker, lastUpdatedAt: time(20) })
})

const searches: ReadonlyArray<readonly [filter: TaskFilter, ids: string]> = [
  [{ method: "tools/call" }, "acdefh"],
  [{ method: "prompts/get" }, "b"],
  [{ method: "" }, "g"],
  [{ method: "tools" }, ""],
  [{ name: "report" }, "abef"],
  [{ name: "Report" }, "c"],
  [{ name: null }, "dg"],
  [{ name: "\ud800\ud834" }, "h"],
  [{ name: "other" }, ""],
  [{ resultKind: "success" }, "e"],
  [{ resultKind: "error" }, "f"],
  [{ resultKind: "tool_error" }, "g"],
  [{ resultKind: ["error", "tool_error"] }, "fg"],
  [{ resultKind: ["tool_error", "tool_error"] }, "g"],
  [{ updatedAfter: time(7) }, "gh"],
  [{ updatedAfter: time(8) }, "h"],
  [{ updatedBefore: time(2) }, "a"],
  [{ updatedBefore: time(20) }, "abcdefg"],
  [{ updatedAfter: time(3), updatedBefore: time(5) }, "cd"],
  [{ method: "tools/call", name: "report", createdAfter: time(2) }, "ef"],
  [{ name: "report", status: ["working", "failed"], createdBefore: time(5) }, "ab"],
  [{ name: "report", status: "failed" }, ""]
]

/** What is no filter, as callers without a compiler may give it. */
const wrong: ReadonlyArray<readonly [field: string, filters: ReadonlyArray<object>]> = [
  [
    "status",
    [[], ["done"], [null], ["working", ""], ["working", ["failed"]], "", "Working", null, 1, {}].map((status) => ({
      status
    }))
  ],
  ["order", ["", "Oldest", "desc", null, 1, ["newest"]].map((order) => ({ order }))],
  ["method", [1, null, {}, ["tools/call"]].map((method) => ({ method }))],
  ["name", ["", "x".repeat(256), 1, {}, ["report"]].map((name) => ({ name }))],
  ["worker", ["", "x".repeat(256), "a\u0000", 1, null, {}].map((worker) => ({ worker }))],
  [
    "resultKind",
    ["", "failed", "Error", null, 1, [], ["failed"], ["error", null]].map((resultKind) => ({ resultKind }))
  ],
  ...(["createdAfter", "createdBefore", "updatedAfter", "updatedBefore"] as const).map((field) =>
    [field, ["2026-01-01T00:00:00Z", 0, null, {}, { epochMilliseconds: 0.5 }].map((bad) => ({ [field]: bad }))] as const
  ),
  ["createdBefore", [4, 5].map((end) => ({ createdAfter: time(5), createdBefore: time(end) }))],
  ["updatedBefore", [4, 5].map((end) => ({ updatedAfter: time(5), updatedBefore: time(end) }))]
]

/**
 * @since 0.2.0
 * @category suite
 */
export const filtersGroup: ContractGroup = {
  subject: "filters",
  cases: [
    ...[1, 2, 7, 15, 29, 30, 31].map((size) =>
      contractCase(`gives the newest first in pages of ${size}`, function*({ first, second }) {
        const ids = (yield* createAwkward(first)).toReversed()
        yield* equal("all", yield* filtered(second, { order: "newest" }, size), chunks(ids, size))
        yield* equal(
          "of no session",
          yield* filtered(second.forSession(null), { order: "newest" }, size),
          chunks(ids, size)
        )
      })
    ),

    contractCase("gives the tasks that were created in a time, its start included and its end not", function*(
      { first, second }
    ) {
      const session = first.forSession("session-1")
      for (const millis of [1, 2, 3, 4, 5]) {
        for (const id of ["a", "\uffff"]) {
          yield* createIn(session, `${millis}${id}`, millis % 2 === 0 ? "failed" : "working", at(millis))
        }
      }
      for (const after of [undefined, 2, 3, 6]) {
        for (const before of [undefined, 1, 4, 5]) {
          if (after !== undefined && before !== undefined && after >= before) continue
          const filter = {
            ...(after === undefined ? {} : { createdAfter: time(after) }),
            ...(before === undefined ? {} : { createdBefore: time(before) })
          }
          const times = [1, 2, 3, 4, 5].filter((millis) => millis >= (after ?? 0) && millis < (before ?? 6))
          const idsAt = (wanted: ReadonlyArray<number>) => wanted.flatMap((millis) => [`${millis}a`, `${millis}\uffff`])
          for (const order of orders) {
            const ids = inOrder(order, idsAt(times))
            const what = `from ${after} to ${before}, ${order}`
            yield* equal(what, (yield* filtered(second, { ...filter, order }, 3)).flat(), ids)
            yield* equal(
              `${what}, of a session`,
              (yield* filtered(second.forSession("session-1"), { ...filter, order }, 50)).flat(),
              ids
            )
            yield* equal(
              `${what}, failed`,
              (yield* filtered(second, { ...filter, order, status: "failed" }, 1)).flat(),
              inOrder(order, idsAt(times.filter((millis) => millis % 2 === 0)))
            )
          }
        }
      }
    }),

    contractCase("reads the tasks of several statuses in one order", function*({ first, second }) {
      yield* createTurns(first.forSession("session-1"))
      for (const status of statusSets) {
        for (const order of orders) {
          const ids = inOrder(order, turnsIn(status))
          for (const size of [2, 50]) {
            const pages = chunks(ids, size)
            yield* equal(`${status}, ${order}, by ${size}`, yield* filtered(second, { status, order }, size), pages)
          }
          const own = yield* filtered(second.forSession("session-1"), { status, order }, 3)
          yield* equal(`${status}, ${order}, of a session`, own, chunks(ids, 3))
          yield* equal("of another session", yield* filtered(second.forSession("session-2"), { status, order }, 3), [
            []
          ])
        }
      }
    }),

    contractCase("takes statuses in any order, and twice, for the same filter", function*({ first }) {
      yield* createTurns(first)
      const { nextCursor } = yield* first.listTaskSummaries({ status: ["failed", "working"], limit: 1 })
      const rest = yield* first.listTaskSummaries({
        status: ["working", "failed", "working"],
        limit: 2,
        cursor: nextCursor
      })
      yield* equal("the next two", rest.tasks.map(({ taskId }) => taskId), [turn(3), turn(5)])
      const one = yield* first.listTaskSummaries({ status: "failed", limit: 1 })
      const next = yield* first.listTaskSummaries({ status: ["failed"], limit: 1, cursor: one.nextCursor })
      yield* equal("the next of one status", next.tasks.map(({ taskId }) => taskId), [turn(8)])
    }),

    contractCase("searches for what no index has, and says how many tasks it looked at", function*({ first, second }) {
      const worker = yield* register(first)
      yield* createSought(first, worker)
      for (const [filter, found] of [...searches, [{ worker }, "ah"] as const]) {
        for (const order of orders) {
          const ids = inOrder(order, Array.from(found))
          for (const size of [1, 50]) {
            const pages = ids.length === 0 ? [[]] : chunks(ids, size)
            yield* equal(
              `${JSON.stringify(filter)}, ${order}, by ${size}`,
              yield* filtered(second, { ...filter, order }, size),
              pages
            )
          }
        }
      }
      const { examined } = yield* second.listTaskSummaries({ resultKind: "error" })
      yield* equal("examined", examined, 8)
      yield* equal("examined by index", (yield* second.listTaskSummaries({ status: "working" })).examined, undefined)
    }),

    contractCase("finds the tasks of a name, whatever their method and status", function*({ clock, first, second }) {
      const long = "m".repeat(20_000)
      const names = ["report", null, "n".repeat(255), "\ud800".repeat(255)]
      for (let index = 0; index < 40; index++) {
        const name = names[index % 4] ?? undefined
        yield* createIn(
          index % 3 === 0 ? first.forSession("session-1") : first,
          wide(index),
          taskStatuses[index % 5] ?? "working",
          {
            ...at(Math.floor(index / 8)),
            ...(name === undefined ? {} : { name }),
            ...(index % 7 === 0 ? { originalMethod: long } : {}),
            ...(index % 11 === 0 ? { ttl: clock.currentTimeMillisUnsafe() + 5 - Math.floor(index / 8) } : {})
          }
        )
      }
      const sought = (nameAt: number, isWanted: (index: number) => boolean) =>
        Array.from({ length: 40 }, (_, index) => index)
          .filter((index) => index % 4 === nameAt && index % 11 !== 0 && isWanted(index))
          .toSorted((left, right) =>
            Math.floor(left / 8) - Math.floor(right / 8) || (wide(left) < wide(right) ? -1 : 1)
          )
          .map(wide)
      yield* clock.advance(5)
      for (const [nameAt, name] of names.entries()) {
        for (const order of orders) {
          const list = (filter: TaskFilter, size: number) => filtered(second, { ...filter, name, order }, size)
          for (const size of [3, 50]) {
            const ids = inOrder(order, sought(nameAt, () => true))
            yield* equal(`${nameAt}, ${order}, by ${size}`, yield* list({}, size), chunks(ids, size))
          }
          const failed = inOrder(order, sought(nameAt, (index) => index % 5 === 3))
          yield* equal(`failed ${nameAt}, ${order}`, (yield* list({ status: "failed" }, 2)).flat(), failed)
          const within = inOrder(order, sought(nameAt, (index) => index >= 8 && index < 24))
          const time = (millis: number) => DateTime.makeUnsafe(millis)
          yield* equal(
            `some time of ${nameAt}, ${order}`,
            (yield* list({ createdAfter: time(1), createdBefore: time(3) }, 2)).flat(),
            within
          )
          const short = inOrder(order, sought(nameAt, (index) => index % 7 !== 0))
          yield* equal(`a method of ${nameAt}, ${order}`, (yield* list({ method: "tools/call" }, 2)).flat(), short)
          const own = inOrder(order, sought(nameAt, (index) => index % 3 === 0))
          yield* equal(
            `of a session, ${nameAt}, ${order}`,
            (yield* filtered(second.forSession("session-1"), { name, order }, 2)).flat(),
            own
          )
        }
      }
    }),

    contractCase("searches within a session, and shows no expired task", function*({ clock, first, second }) {
      const session = first.forSession("session-1")
      yield* createIn(session, "a", "working", { name: "report" })
      yield* createIn(first, "b", "working", { name: "report" })
      yield* createIn(session, "c", "working", { name: "report", ttl: 5 })
      yield* createIn(session, "d", "failed", { name: "report" })
      const seen = (filter: SummaryListOptions) =>
        Effect.map(filtered(second.forSession("session-1"), filter, 50), (pages) => pages.flat())
      yield* equal("at first", yield* seen({ name: "report", order: "newest" }), ["d", "c", "a"])
      yield* clock.advance(5)
      yield* equal("then", yield* seen({ name: "report", order: "newest" }), ["d", "a"])
      yield* equal("of both statuses", yield* seen({ status: ["working", "failed"] }), ["a", "d"])
      const { tasks } = yield* second.listTaskSummaries({ name: "report", sessionId: "session-1" })
      yield* equal("by its id", tasks.map(({ taskId }) => taskId), ["a", "d"])
    }),

    contractCase("skips and repeats nothing on the way to the oldest", function*({ clock, first, second }) {
      const ids = (yield* createAwkward(first)).toReversed()
      const seen: Array<string> = []
      let cursor: string | undefined
      do {
        const page: Effect.Success<ReturnType<typeof first.listTaskSummaries>> = yield* first.listTaskSummaries({
          cursor,
          limit: 4,
          order: "newest"
        })
        seen.push(...page.tasks.map(({ taskId }) => taskId))
        cursor = page.nextCursor
        yield* clock.advance(1)
        yield* second.createTask({ ...tool, taskId: `new-${seen.length}` })
        if (seen.length === 4) yield* second.deleteTask(seen.at(-1) ?? "")
      } while (cursor !== undefined && seen.length < 100)
      yield* equal("the ids", seen, ids)
    }),

    contractCase("refuses what is no filter", function*({ first }) {
      for (const [field, filters] of wrong) {
        for (const filter of filters) {
          for (const tasks of [first, first.forSession(null)]) {
            yield* refused(JSON.stringify(filter), call(tasks.listTaskSummaries, filter), {
              _tag: "InvalidInput",
              field
            })
          }
        }
      }
    }),

    contractCase("refuses a cursor of another filter or order", function*({ first }) {
      for (let index = 0; index < 4; index++) {
        yield* createIn(first, turn(index), index % 2 === 0 ? "working" : "failed", {
          ...at(1_000 + index),
          name: "report",
          result: success
        })
      }
      const filters: ReadonlyArray<TaskFilter> = [
        {},
        { order: "newest" },
        { status: "failed" },
        { status: ["working", "failed"] },
        { status: ["working", "failed", "cancelled"] },
        { createdAfter: time(1_000) },
        { createdAfter: time(999) },
        { createdBefore: time(1_004) },
        { createdBefore: time(1_005) },
        { updatedAfter: time(1_000) },
        { updatedBefore: time(1_004) },
        { method: "tools/call" },
        { name: "report" },
        { name: "report", order: "newest" },
        { resultKind: "success" },
        { name: "report", resultKind: "success" }
      ]
      for (const [from, filter] of filters.entries()) {
        const { nextCursor } = yield* first.listTaskSummaries({ ...filter, limit: 1 })
        yield* holds(`there is a cursor of ${from}`, nextCursor !== undefined)
        const asked: ReadonlyArray<ListOptions & TaskFilter> = filters.filter((_, to) => to !== from)
        for (const other of [...asked, { ...filter, name: null }]) {
          yield* refused(
            `${JSON.stringify(filter)} in ${JSON.stringify(other)}`,
            first.listTaskSummaries({ ...other, cursor: nextCursor }),
            { _tag: "InvalidCursor" }
          )
        }
      }
    })
  ]
}
