/**
 * What counting all tasks promises, and finding them by the end of their ids.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { TaskStats } from "../../domain/service/TaskStats.ts"
import { taskStatuses } from "../../domain/task/TaskStatus.ts"
import { equal, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { bury, createIn, failure, longLease, register, success, tool } from "./fixtures.ts"
import { at } from "./listing.ts"
import { call } from "./untyped.ts"

const time = (millis: number) => DateTime.makeUnsafe(millis)

/** Statistics with times as numbers, in which only what there is has a place. */
const plain = (stats: TaskStats) => ({
  count: stats.count,
  byStatus: plainStatuses(stats.byStatus),
  byName: stats.byName.map(({ byStatus, ...kind }) => ({ ...kind, byStatus: plainStatuses(byStatus) })),
  failures: plainFailures(stats)
})

const plainStatuses = (byStatus: TaskStats["byStatus"]) =>
  Object.fromEntries(
    taskStatuses.flatMap((status) => {
      const { count, oldest } = byStatus[status]
      return count === 0 && oldest === undefined ? [] : [[status, [count, oldest?.epochMilliseconds]]]
    })
  )

const plainFailures = ({ failures }: TaskStats) =>
  failures.map(({ latest, ...rest }) => ({ ...rest, latest: latest.epochMilliseconds }))

const report = { name: "TypeError", message: "x is not a function" } as const
const toolError = { _tag: "Success", value: { isError: true } } as const

/** What is no option of these, as callers without a compiler may give it. */
const wrongStats: ReadonlyArray<readonly [field: string, options: object]> = [
  ...["", "a\u0000", "x".repeat(256), 1, null].map((sessionId) => ["sessionId", { sessionId }] as const),
  ...[-1, 0.5, NaN, Infinity, "soon", null, {}].map((failuresSince) => ["failuresSince", { failuresSince }] as const)
]

const wrongEndings: ReadonlyArray<readonly [field: string, options: object]> = [
  ...["", "\ud800", "\n", "x".repeat(256), 1, null, undefined].map((ending) => ["ending", { ending }] as const),
  ...[0, -1, 1.5, "2", null].map((limit) => ["limit", { ending: "a", limit }] as const)
]

/**
 * @since 0.2.0
 * @category suite
 */
export const statsGroup: ContractGroup = {
  subject: "stats",
  cases: [
    contractCase("counts nothing where there is nothing", function*({ clock, first }) {
      const stats = yield* first.taskStats()
      yield* equal("what there is", plain(stats), { count: 0, byStatus: {}, byName: [], failures: [] })
      yield* equal("statuses", Object.keys(stats.byStatus).toSorted(), taskStatuses.toSorted())
      yield* equal("other failures", stats.otherFailures, 0)
      yield* equal("since", stats.failuresSince.epochMilliseconds, clock.currentTimeMillisUnsafe() - 3_600_000)
      yield* equal("waiting", stats.waitingForInput, { count: 0 })
      yield* equal("workers", stats.workers, { live: 0, dead: 0, tasks: 0 })
    }),

    contractCase("counts tasks by status and by name, with the oldest of each", function*({ first, second }) {
      const session = first.forSession("session-1")
      yield* createIn(first, "a", "working", { ...at(30), name: "search" })
      yield* createIn(session, "b", "working", { ...at(10), name: "search" })
      yield* createIn(first, "c", "completed", { ...at(20), name: "search", result: success })
      yield* createIn(first, "d", "working", at(5))
      yield* createIn(first, "e", "cancelled", { ...at(40), originalMethod: "prompts/get", name: "search" })
      yield* createIn(first, "f", "failed", { ...at(50), originalMethod: "", name: "\ud800" })
      yield* createIn(session, "g", "input_required", { ...at(60), inputRequests: { a: 1 } })
      yield* createIn(first, "h", "completed", { ...at(70), originalMethod: "prompts/get", name: "search" })
      yield* equal("all", plain(yield* second.taskStats()), {
        count: 8,
        byStatus: {
          working: [3, 5],
          input_required: [1, 60],
          completed: [2, 20],
          failed: [1, 50],
          cancelled: [1, 40]
        },
        byName: [
          {
            method: "tools/call",
            name: "search",
            count: 3,
            byStatus: { working: [2, 10], completed: [1, 20] }
          },
          {
            method: "prompts/get",
            name: "search",
            count: 2,
            byStatus: { completed: [1, 70], cancelled: [1, 40] }
          },
          { method: "tools/call", count: 2, byStatus: { working: [1, 5], input_required: [1, 60] } },
          { method: "", name: "\ud800", count: 1, byStatus: { failed: [1, 50] } }
        ],
        failures: []
      })
      yield* equal("of a session", plain(yield* second.taskStats({ sessionId: "session-1" })), {
        count: 2,
        byStatus: { working: [1, 10], input_required: [1, 60] },
        byName: [
          { method: "tools/call", count: 1, byStatus: { input_required: [1, 60] } },
          { method: "tools/call", name: "search", count: 1, byStatus: { working: [1, 10] } }
        ],
        failures: []
      })
      yield* equal("of another session", (yield* second.taskStats({ sessionId: "session-2" })).count, 0)
    }),

    contractCase("counts methods and names of any length, one by one", function*({ first }) {
      const long = "m".repeat(20_000)
      yield* createIn(first, "a", "working", { originalMethod: `${long}1`, name: "n".repeat(255) })
      yield* createIn(first, "b", "working", { originalMethod: `${long}2`, name: "n".repeat(255) })
      yield* createIn(first, "c", "working", { originalMethod: long, name: "\ud800".repeat(255) })
      yield* createIn(first, "d", "working", { originalMethod: "m", name: "ab" })
      yield* createIn(first, "e", "working", { originalMethod: "ma", name: "b" })
      yield* createIn(first, "f", "failed", { originalMethod: long })
      const stats = yield* first.taskStats()
      yield* equal(
        "kinds",
        stats.byName.map(({ count, method, name }) => [method.length, name?.length, count]).toSorted(),
        [[1, 2, 1], [2, 1, 1], [20_000, undefined, 1], [20_000, 255, 1], [20_001, 255, 1], [20_001, 255, 1]].toSorted()
      )
      yield* equal("failures", stats.failures.map(({ method, reason }) => [method.length, reason]), [[20_000, ""]])
    }),

    contractCase("counts no expired task", function*({ clock, first, second }) {
      const now = clock.currentTimeMillisUnsafe()
      yield* createIn(first, "a", "failed", { name: "search", ttl: 5 })
      yield* createIn(first, "b", "input_required", { ttl: 5, inputRequests: { a: 1 } })
      yield* clock.advance(1)
      yield* createIn(first, "c", "failed", { name: "search" })
      yield* createIn(first, "d", "input_required", { inputRequests: { a: 1 } })
      yield* equal("before", (yield* second.taskStats()).count, 4)
      yield* equal("waiting before", (yield* second.taskStats()).waitingForInput, { count: 2, since: time(now) })
      yield* equal("ids before", yield* second.findTaskIds({ ending: "a" }), ["a"])
      yield* clock.advance(4)
      const stats = yield* second.taskStats()
      yield* equal("then", plain(stats), {
        count: 2,
        byStatus: { input_required: [1, now + 1], failed: [1, now + 1] },
        byName: [
          { method: "tools/call", count: 1, byStatus: { input_required: [1, now + 1] } },
          { method: "tools/call", name: "search", count: 1, byStatus: { failed: [1, now + 1] } }
        ],
        failures: [{ method: "tools/call", name: "search", reason: "", count: 1, latest: now + 1 }]
      })
      yield* equal("waiting then", stats.waitingForInput, { count: 1, since: time(now + 1) })
      yield* equal("ids then", yield* second.findTaskIds({ ending: "a" }), [])
    }),

    contractCase("counts failures by reason: the failure, the JSON-RPC message, or the status message", function*(
      { clock, first, second }
    ) {
      const create = (taskId: string, name?: string) =>
        createIn(first, taskId, "working", name === undefined ? {} : { name })
      for (const id of ["a", "b", "c", "d", "e", "f", "g", "h", "i"]) yield* create(id, id < "g" ? "report" : undefined)
      const now = clock.currentTimeMillisUnsafe()
      yield* first.settleTask("a", failure, { failure: report })
      yield* clock.advance(1)
      yield* first.settleTask("b", toolError, { failure: report, statusMessage: "it says" })
      yield* clock.advance(1)
      yield* first.settleTask("c", failure, { statusMessage: "it says" })
      yield* first.settleTask("d", toolError, { statusMessage: "it says" })
      yield* first.settleTask("e", success, { statusMessage: "well done" })
      yield* first.updateTaskStatus("f", "cancelled", { statusMessage: "no more" })
      yield* first.updateTaskStatus("g", "failed")
      yield* first.settleTask("h", { ...failure, message: "x".repeat(300) })
      yield* first.settleTask("i", { ...failure, data: "x".repeat(20_000) }, { statusMessage: "\ud800" })
      const stats = yield* second.taskStats()
      const cut = `${"x".repeat(200)}…`
      yield* equal("failures", plainFailures(stats), [
        { method: "tools/call", name: "report", reason: "TypeError", count: 2, latest: now + 1 },
        { method: "tools/call", reason: "", count: 1, latest: now + 2 },
        { method: "tools/call", reason: cut, count: 1, latest: now + 2 },
        { method: "tools/call", reason: "\ud800", count: 1, latest: now + 2 },
        { method: "tools/call", name: "report", reason: "It broke", count: 1, latest: now + 2 },
        { method: "tools/call", name: "report", reason: "it says", count: 1, latest: now + 2 }
      ])
      yield* equal("others", stats.otherFailures, 0)
    }),

    contractCase("counts the failures since a time, by when tasks ended and not by when they began", function*(
      { clock, first, second }
    ) {
      const start = clock.currentTimeMillisUnsafe()
      yield* createIn(first, "old", "working", { ...at(1), name: "a" })
      yield* createIn(first.forSession("session-1"), "early", "failed", { name: "b", result: failure })
      yield* clock.advance(10)
      yield* first.settleTask("old", failure)
      yield* clock.advance(5)
      const names = (options: Parameters<typeof second.taskStats>[0]) =>
        second.taskStats(options).pipe(
          Effect.map(({ failures, failuresSince }) => [
            failures.map(({ name }) => name).toSorted(),
            failuresSince.epochMilliseconds - start
          ])
        )
      yield* equal("of an hour", yield* names({}), [["a", "b"], 15 - 3_600_000])
      yield* equal("of 15 milliseconds", yield* names({ failuresSince: 15 }), [["a", "b"], 0])
      yield* equal("of 14", yield* names({ failuresSince: "14 millis" }), [["a"], 1])
      yield* equal("of 5", yield* names({ failuresSince: 5 }), [["a"], 10])
      yield* equal("of 4", yield* names({ failuresSince: 4 }), [[], 11])
      yield* equal("of a session", yield* names({ sessionId: "session-1" }), [["b"], 15 - 3_600_000])
      const all = yield* second.taskStats({ failuresSince: Number.MAX_SAFE_INTEGER })
      yield* equal("of all time", all.failures.length, 2)
    }),

    contractCase("lists the most frequent reasons, and adds up the others", function*({ first }) {
      for (let index = 0; index < 53; index++) {
        yield* createIn(first, `task-${index}`, "failed", { statusMessage: `reason ${100 + (index % 52)}` })
      }
      const { failures, otherFailures } = yield* first.taskStats()
      yield* equal("listed", failures.length, 50)
      yield* equal("the first", failures.slice(0, 2).map(({ count, reason }) => [reason, count]), [
        ["reason 100", 2],
        ["reason 101", 1]
      ])
      yield* equal("others", otherFailures, 2)
    }),

    contractCase("tells since when somebody has been waiting for input", function*({ clock, first, second }) {
      const now = clock.currentTimeMillisUnsafe()
      const worker = yield* register(first)
      yield* createIn(first, "a", "working", { ...at(1), worker })
      yield* createIn(first.forSession("session-1"), "b", "working", at(2))
      yield* clock.advance(3)
      yield* first.requireInput("a", { one: 1 })
      yield* clock.advance(1)
      yield* first.requireInput("b", { one: 1 })
      yield* equal("all", (yield* second.taskStats()).waitingForInput, { count: 2, since: time(now + 3) })
      const { waitingForInput } = yield* second.taskStats({ sessionId: "session-1" })
      yield* equal("of a session", waitingForInput, { count: 1, since: time(now + 4) })
      yield* first.provideInput("a", { one: 1 })
      yield* equal("then", (yield* second.taskStats()).waitingForInput, { count: 1, since: time(now + 4) })
    }),

    contractCase("tells which kinds are paused", function*({ clock, first, second }) {
      yield* equal("at first", (yield* first.taskStats()).paused, [])
      yield* first.pauseTasks({ method: "tools/call", name: "search" })
      yield* first.pauseTasks({ method: "prompts/get" })
      const pausedAt = time(clock.currentTimeMillisUnsafe())
      const paused = [{ method: "prompts/get", pausedAt }, { method: "tools/call", name: "search", pausedAt }]
      yield* equal("paused", (yield* second.taskStats()).paused, paused)
      yield* equal("beside a session", (yield* second.taskStats({ sessionId: "session-1" })).paused, paused)
    }),

    contractCase("counts workers, and what they hold", function*(world) {
      const { first, second } = world
      const [one, two] = [yield* register(first), yield* register(first)]
      yield* createIn(first, "a", "working", { worker: one })
      yield* createIn(first, "b", "working", { worker: one })
      yield* createIn(first, "c", "working", longLease)
      yield* bury(world, two)
      yield* equal("workers", (yield* second.taskStats()).workers, { live: 1, dead: 1, tasks: 2 })
      yield* equal("beside a session", (yield* second.taskStats({ sessionId: "session-1" })).workers, {
        live: 1,
        dead: 1,
        tasks: 2
      })
    }),

    contractCase("finds the ids that end so, in order", function*({ first, second }) {
      const ids = ["a-x1", "b-x1", "\ue000x1", "\u{10000}x1", "x1", "1", "x12", "X1", "100%_x", "100%ax"]
      for (const [index, taskId] of ids.entries()) {
        const tasks = index % 2 === 0 ? first : first.forSession("session-1")
        yield* createIn(tasks, taskId, taskStatuses[index % 5] ?? "working")
      }
      const found = (ending: string, limit?: number) => second.findTaskIds({ ending, limit })
      yield* equal("two by default", yield* found("x1"), ["a-x1", "b-x1"])
      yield* equal("all", yield* found("x1", 50), ["a-x1", "b-x1", "x1", "\ue000x1", "\u{10000}x1"])
      yield* equal("one", yield* found("1", 1), ["1"])
      yield* equal("whole", yield* found("b-x1"), ["b-x1"])
      yield* equal("beyond one", yield* found("\u{10000}x1"), ["\u{10000}x1"])
      yield* equal("no pattern", yield* found("%_x"), ["100%_x"])
      yield* equal("no other case", yield* found("X1"), ["X1"])
      yield* equal("longer than any", yield* found("1".repeat(255)), [])
      yield* equal("none", yield* found("x2"), [])
      yield* first.deleteTask("a-x1")
      yield* equal("without the deleted one", yield* found("x1"), ["b-x1", "x1"])
    }),

    contractCase("refuses what are no options", function*({ first }) {
      yield* first.createTask(tool)
      for (const [field, options] of wrongStats) {
        yield* refused(JSON.stringify(options), call(first.taskStats, options), { _tag: "InvalidInput", field })
      }
      for (const [field, options] of wrongEndings) {
        yield* refused(JSON.stringify(options), call(first.findTaskIds, options), { _tag: "InvalidInput", field })
      }
      yield* refused("nothing", call(first.findTaskIds), { _tag: "InvalidInput", field: "ending" })
    })
  ]
}
