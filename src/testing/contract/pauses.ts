/**
 * What is promised of kinds of tasks that are paused.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { newsOfPauses } from "../../domain/driver/KindDriver.ts"
import { StoredJson } from "../../domain/json/StoredJson.ts"
import type { TaskKind } from "../../domain/options/TaskOptions.ts"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { equal, eventually, hasFields, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { driverCase, primitive } from "./driverCase.ts"
import { bury, createIn, register } from "./fixtures.ts"
import { call } from "./untyped.ts"

/** A task of each kind, of which none has the name or the method of another one. */
const kinds: ReadonlyArray<readonly [taskId: string, kind: { readonly method: string; readonly name?: string }]> = [
  ["report", { method: "tools/call", name: "report" }],
  ["search", { method: "tools/call", name: "search" }],
  ["nameless", { method: "tools/call" }],
  ["other", { method: "other", name: "report" }],
  ["longer", { method: "tools/call ", name: "report" }]
]

const createAll = (tasks: TaskStorageShape) =>
  Effect.forEach(
    kinds,
    ([taskId, { method, name }]) => tasks.createTask({ taskId, originalMethod: method, name, lease: 0 }),
    { discard: true }
  )

/** What is free, in the order of the ids. */
const free = (tasks: TaskStorageShape) => Effect.map(tasks.claimableTasks(), (ids) => ids.map(String).toSorted())

const claimed = (tasks: TaskStorageShape) =>
  Effect.map(
    tasks.claimTasks({ lease: "1 hour" }),
    (claims) => claims.map(({ record }) => record.taskId.toString()).toSorted()
  )

/** What a pause covers, and what it leaves. */
const pauses: ReadonlyArray<readonly [what: string, kind: TaskKind, paused: ReadonlyArray<string>]> = [
  ["a name", { method: "tools/call", name: "report" }, ["report"]],
  ["what has no name", { method: "tools/call", name: null }, ["nameless"]],
  ["a method", { method: "tools/call" }, ["nameless", "report", "search"]],
  ["a method that nothing has", { method: "tools" }, []],
  ["a name that nothing has", { method: "tools/call", name: "repor" }, []]
]

const report: TaskKind = { method: "tools/call", name: "report" }

/** Methods and names that a key could mix up. */
const awkward: ReadonlyArray<TaskKind> = [
  { method: "a", name: "b c" },
  { method: "a b", name: "c" },
  { method: "a\" \"b", name: "c" },
  { method: "a", name: "b\" \"c" },
  { method: "a", name: "-" },
  { method: "a", name: "*" },
  { method: "a", name: null },
  { method: "", name: "\u0000" },
  { method: "\ud800", name: "\ue000" },
  { method: `${"long ".repeat(1_000)}one`, name: "é".repeat(255) },
  { method: `${"long ".repeat(1_000)}one`, name: `${"é".repeat(254)}e` },
  { method: `${"long ".repeat(1_000)}two` }
]

/**
 * @since 0.2.0
 * @category suite
 */
export const pausesGroup: ContractGroup = {
  subject: "pauseTasks, resumeTasks",
  cases: [
    ...pauses.map(([what, kind, paused]) =>
      contractCase(`${what}: its tasks wait in all processes, and others do not`, function*({ first, second }) {
        yield* createAll(first)
        yield* first.pauseTasks(kind)
        const others = kinds.flatMap(([taskId]) => paused.includes(taskId) ? [] : [taskId]).toSorted()
        yield* equal("what is listed", yield* free(second), others)
        yield* equal("what is taken", yield* claimed(second), others)
        yield* equal("that it was paused", yield* second.resumeTasks(kind), true)
        yield* equal("what is listed then", yield* free(first), paused)
        yield* equal("what is taken then", yield* claimed(first), paused)
      })
    ),

    contractCase("a task that is created while its kind is paused waits as well", function*({ clock, first, second }) {
      yield* first.pauseTasks(report)
      yield* createAll(second)
      yield* createIn(second, "sleeps", "working", { name: "report", delay: 10 })
      yield* createIn(second, "abandoned", "working", { name: "report", lease: 10 })
      const worker = yield* register(second)
      yield* createIn(second, "held", "working", { name: "report", worker })
      yield* bury({ clock, first }, worker)
      yield* clock.advance(10)
      yield* equal("at once", yield* free(first), ["longer", "nameless", "other", "search"])
      yield* first.resumeTasks(report)
      const waited = ["abandoned", "held", "report", "sleeps"]
      yield* equal("then", yield* free(second), [...waited, "longer", "nameless", "other", "search"].toSorted())
    }),

    contractCase("what runs goes on, and claimTask takes what it is told to", function*({ first, second }) {
      const worker = yield* register(first)
      yield* createIn(first, "runs", "working", { name: "report", worker, status: "working" })
      yield* createIn(first, "waits", "working", { name: "report", lease: 0 })
      yield* second.pauseTasks(report)
      yield* first.touchTask("runs", { attempt: 1, statusMessage: "half way" })
      yield* first.settleTask("runs", { _tag: "Success", value: 1 }, { attempt: 1 })
      const { record } = yield* first.claimTask("waits", { lease: "1 hour" })
      yield* hasFields("the claimed task", record, { attempt: 1, status: "working" })
    }),

    contractCase("pauses are listed by method and name, since when they last", function*({ clock, first, second }) {
      yield* equal("at first", yield* first.pausedTasks(), [])
      const start = clock.currentTimeMillisUnsafe()
      yield* first.pauseTasks({ method: "tools/call", name: "b" })
      yield* clock.advance(1)
      for (const kind of [{ name: "a" }, { name: null }, {}]) {
        yield* second.pauseTasks({ method: "tools/call", ...kind })
      }
      yield* clock.advance(1)
      yield* second.pauseTasks({ method: "tools/call", name: "b" })
      yield* first.pauseTasks({ method: "other", name: "z" })
      const listed = (yield* second.pausedTasks()).map(({ pausedAt, ...kind }) => ({
        ...kind,
        after: pausedAt.epochMilliseconds - start
      }))
      yield* equal("the pauses", listed, [
        { method: "other", name: "z", after: 2 },
        { method: "tools/call", after: 1 },
        { method: "tools/call", name: null, after: 1 },
        { method: "tools/call", name: "a", after: 1 },
        { method: "tools/call", name: "b", after: 0 }
      ])
    }),

    contractCase("each pause ends for itself, once", function*({ first, second }) {
      yield* createAll(first)
      yield* first.pauseTasks(report)
      yield* first.pauseTasks({ method: "tools/call" })
      yield* equal("a kind that is not paused", yield* second.resumeTasks({ method: "other" }), false)
      yield* equal("one name of a paused method", yield* second.resumeTasks({ ...report, name: "search" }), false)
      yield* equal("the name", yield* second.resumeTasks(report), true)
      yield* equal("what its method still covers", yield* free(first), ["longer", "other"])
      yield* equal("the name again", yield* first.resumeTasks(report), false)
      yield* first.pauseTasks(report)
      yield* equal("the method", yield* first.resumeTasks({ method: "tools/call" }), true)
      yield* equal("what its name still covers", yield* free(second), ["longer", "nameless", "other", "search"])
    }),

    contractCase("kinds are told apart by all of their texts", function*({ first, second }) {
      for (const [index, { method, name }] of awkward.entries()) {
        yield* first.createTask({ taskId: `${index}`, originalMethod: method, name: name ?? undefined, lease: 0 })
      }
      for (const [index, kind] of awkward.entries()) {
        yield* first.pauseTasks(kind)
        const others = awkward.flatMap((_, other) => other === index ? [] : [`${other}`])
        yield* equal(`without ${index}`, yield* free(second), others.toSorted())
        const [paused, ...more] = yield* second.pausedTasks()
        yield* equal(`only ${index} is paused`, [paused?.method, paused?.name, more], [kind.method, kind.name, []])
        yield* equal(`${index} was paused`, yield* second.resumeTasks(kind), true)
      }
    }),

    contractCase("a kind has to be one", function*({ first }) {
      for (const operation of ["pauseTasks", "resumeTasks"] as const) {
        yield* refused(`${operation} without a method`, call(first[operation], { name: "x" }), {
          _tag: "InvalidInput",
          field: "kind.method"
        })
        yield* refused(`${operation} of an empty name`, first[operation]({ method: "x", name: "" }), {
          _tag: "InvalidInput",
          field: "kind.name"
        })
        yield* refused(`${operation} of a misspelt name`, call(first[operation], { method: "x", nam: "y" }), {
          _tag: "InvalidInput",
          field: "kind.nam"
        })
      }
    }),

    contractCase("a process hears of pauses as a worker, wherever they are made", function*({ first, second }) {
      const worker = yield* register(first)
      let heard = 0
      const ids: Array<string> = []
      yield* Effect.forkScoped(Stream.runForEach(first.pauseNews, () => Effect.sync(() => heard++)))
      yield* Effect.forkScoped(
        Stream.runForEach(first.workerNews(worker), (taskId) => Effect.sync(() => ids.push(taskId)))
      )
      const hears = (what: string, make: Effect.Effect<unknown, Effect.Error<ReturnType<typeof first.pauseTasks>>>) =>
        Effect.gen(function*() {
          const before = heard
          yield* make
          yield* eventually(`it hears of ${what}`, Effect.sync(() => heard > before))
        })
      yield* createIn(first, "one", "working", { worker })
      yield* second.touchTask("one")
      yield* eventually("it hears of its task", Effect.sync(() => ids.includes("one")))
      yield* hears("a pause", second.pauseTasks(report))
      yield* hears("its end", second.resumeTasks(report))
      yield* hears("its own pause", first.pauseTasks(report))
      yield* hears("the end of that", first.resumeTasks(report))
      yield* equal("news of tasks", [...new Set(ids)], ["one"])
    }),

    driverCase(
      "free tasks of a paused kind are not found by those who ask for that kind, as it may be paused in the middle of a claim",
      ({ clock, first, second }, drivers) =>
        Effect.gen(function*() {
          yield* createAll(first)
          const now = clock.currentTimeMillisUnsafe()
          const query = { freeBy: now, now, behind: undefined, except: [], perSession: 10, limit: 10 }
          const kind = { originalMethod: StoredJson.fromString("tools/call"), name: StoredJson.fromString("report") }
          const { free, freeKinds, take } = drivers.first
          const list = Effect.map(primitive(free({ ...query, kind })), (tasks) => tasks.map(({ taskId }) => taskId))
          const kinds = Effect.map(primitive(freeKinds(query)), (found) => found.length)
          yield* equal("before", [yield* list, yield* kinds], [["report"], 5])
          yield* second.pauseTasks(report)
          yield* equal("while it is paused", [yield* list, yield* kinds], [[], 4])
          const patch = { lastUpdatedAt: now, leaseExpiresAt: now + 1, dueAt: null }
          const taken = take === undefined ? [] : yield* primitive(take({ ...query, kind }, patch))
          yield* equal("what is taken", taken.length, 0)
          yield* second.resumeTasks(report)
          yield* equal("after it", [yield* list, yield* kinds], [["report"], 5])
          yield* second.pauseTasks({ method: "tools/call" })
          yield* equal("while all names are paused", [yield* list, yield* kinds], [[], 2])
        })
    ),

    driverCase(
      "every living worker has the news until it takes them",
      ({ clock, first, second }, drivers) =>
        Effect.gen(function*() {
          const [dead, other, worker] = [yield* register(first), yield* register(first), yield* register(second)]
          yield* bury({ clock, first }, dead)
          const news = (id: string) => primitive(drivers.second.workers.takeNews(id))
          yield* equal("before", yield* news(worker), [])
          for (
            const [what, change] of [
              ["a pause", first.pauseTasks(report)],
              ["another pause", second.pauseTasks(report)],
              ["an end", second.resumeTasks(report)]
            ] as const
          ) {
            yield* change
            for (const id of [worker, other]) {
              yield* equal(`${what}: the news`, yield* news(id), [newsOfPauses])
              yield* equal(`${what}: once more`, yield* news(id), [])
            }
          }
          yield* equal("the news of a dead worker", yield* news(dead), [])
        })
    )
  ]
}
