/**
 * What `claimableTasks` and `claimTasks` promise of kinds and sessions, and of callers that claim at the same time.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../domain/TaskOperations.ts"
import type { ClaimableOptions, CreateTask, TaskKind } from "../../domain/TaskOptions.ts"
import { equal, equalRecord, hasFields, holds, refused } from "./check.ts"
import { type ContractCase, contractCase, type ContractGroup, type World } from "./ContractCase.ts"
import { bury, createIn, longLease, mustGet, register, success } from "./fixtures.ts"

/** Both ways to get free tasks: their ids, in the order in which they came. */
const ways: ReadonlyArray<
  readonly [
    name: string,
    get: (
      tasks: TaskStorageShape,
      options: ClaimableOptions
    ) => Effect.Effect<ReadonlyArray<string>, Effect.Error<ReturnType<TaskStorageShape["claimTasks"]>>>
  ]
> = [
  ["claimableTasks", (tasks, options) => tasks.claimableTasks(options)],
  [
    "claimTasks",
    (tasks, options) =>
      Effect.map(
        tasks.claimTasks({ ...options, lease: "1 hour" }),
        (claimed) => claimed.map(({ record }) => record.taskId)
      )
  ]
]

/** The name of a case, what is created for it, and which tasks are found with which options, in this order or in any. */
interface Row {
  readonly name: string
  readonly tasks: ReadonlyArray<readonly [taskId: string, fields: Partial<CreateTask>]>
  readonly found: ReadonlyArray<
    readonly [options: ClaimableOptions, taskIds: ReadonlyArray<string>, order?: "of any order"]
  >
}

/** Makes a case of each way, on tasks that wait anew for each of the options. */
const both = ({ found, name, tasks }: Row): ReadonlyArray<ContractCase> =>
  ways.map(([way, get]) =>
    contractCase(`${way} ${name}`, function*({ first, second }) {
      for (const [index, [options, taskIds, order]] of found.entries()) {
        for (const [taskId, fields] of tasks) {
          yield* first.createTask({ originalMethod: "tools/call", lease: 0, ...fields, taskId })
        }
        const got = yield* get(second, options)
        const wanted = order === undefined ? [got, taskIds] as const : [got.toSorted(), taskIds.toSorted()] as const
        yield* equal(`options ${index}`, ...wanted)
        for (const [taskId] of tasks) yield* first.deleteTask(taskId)
      }
    })
  )

/** Sessions in the order of their bytes, which is not that of JavaScript. */
const sessions = ["a", "b", "\ue000", "\u{10000}"] as const

/** Three tasks of each session, and three of none. */
const threeOfEach: Row["tasks"] = ["3", "2", "1"].flatMap((number): Row["tasks"] => [
  ...sessions.map((sessionId) => [`${sessionId}${number}`, { sessionId }] as const),
  [`-${number}`, {}] as const
])

/** The tasks with these numbers of these sessions. */
const ofEach = (names: ReadonlyArray<string>, numbers: ReadonlyArray<number>): ReadonlyArray<string> =>
  names.flatMap((name) => numbers.map((number) => `${name}${number}`))

const all = ["-", ...sessions]

const kindRow = (...kinds: ReadonlyArray<TaskKind>) => ({ kinds })

/** Texts that an index could mix up. */
const awkward = [
  "",
  "x",
  "X",
  "x ",
  "é",
  "e\u0301",
  "\u0000",
  "x\u0000",
  "x\u0000x",
  "\"",
  "\\",
  "\\u0000",
  "'",
  "%",
  "_",
  "null",
  "__proto__",
  "constructor",
  "\ud800",
  "\udc00x",
  "\ufffd",
  "\ue000",
  "\u{10000}",
  "#",
  "/",
  "\n",
  `${"long ".repeat(1_000)}one`,
  `${"long ".repeat(1_000)}two`
]

const awkwardNames = [
  ...awkward.filter((name) => name !== "" && name.length < 256),
  "é".repeat(255),
  `${"é".repeat(254)}e`
]

/**
 * @since 0.2.0
 * @category suite
 */
export const claimTasksGroup: ContractGroup = {
  subject: "claimTasks, turns and kinds",
  cases: [
    ...both({
      name: "gives sessions turns, in the order of their bytes, those without one first",
      tasks: threeOfEach,
      found: [
        [{ limit: 1 }, ["-1"]],
        [{ limit: 5 }, ofEach(all, [1])],
        [{ limit: 8 }, [...ofEach(all, [1]), "-2", "-3", "a2"]],
        [{}, [...ofEach(all, [1]), ...ofEach(all, [2, 3])]]
      ]
    }),

    ...both({
      name: "begins behind a session, and goes round",
      tasks: threeOfEach,
      found: [
        [{ behindSession: "a", limit: 1 }, ["b1"]],
        [{ behindSession: "b", limit: 3 }, ["\ue0001", "\u{10000}1", "-1"]],
        [{ behindSession: "\ue000", limit: 5 }, ["\u{10000}1", "-1", "a1", "b1", "\ue0001"]],
        [{ behindSession: "\u{10000}", limit: 3 }, ["-1", "a1", "b1"]],
        [{ behindSession: "a ", limit: 2 }, ["b1", "\ue0001"]],
        [{ behindSession: null, limit: 1 }, ["a1"]],
        [{ behindSession: null, limit: 6 }, [...ofEach(sessions, [1]), "-1", "a2"]],
        [{ behindSession: "z" }, ofEach(all, [1, 2, 3]), "of any order"],
        [
          { behindSession: "z", limit: 9 },
          [
            ..."\ue000 \u{10000} - a b".split(" ").map((name) => `${name}1`),
            "\ue0002",
            "\ue0003",
            "\u{10000}2",
            "\u{10000}3"
          ]
        ]
      ]
    }),

    ...both({
      name: "goes round the sessions of all kinds, and then round the kinds",
      tasks: ["one", "two", undefined].flatMap((name) =>
        [undefined, "a", "b"].flatMap((sessionId): Row["tasks"] =>
          name === "two" && sessionId !== "b" ? [] : [[`${name ?? ""}-${sessionId ?? ""}`, { name, sessionId }]]
        )
      ),
      found: [
        [{ limit: 2 }, ["-", "-a"]],
        [{ behindSession: "a", limit: 4 }, ["-b", "one-b", "two-b", "-"]],
        [{ behindSession: "b", limit: 4 }, ["-", "-a", "-b", "one-"]],
        [{ behindKind: { method: "tools/call", name: null }, limit: 3 }, ["one-", "one-a", "one-b"]],
        [{ behindKind: { method: "tools/call" }, limit: 1 }, ["one-"]],
        [{ behindKind: { method: "tools/call", name: "one" }, limit: 3 }, ["two-b", "-", "-a"]],
        [{ behindKind: { method: "tools/call", name: "p" }, limit: 1 }, ["two-b"]],
        [{ behindKind: { method: "tools/call", name: "two" }, limit: 1 }, ["-"]],
        [{ behindKind: { method: "a", name: "z" }, limit: 1 }, ["-"]],
        [{ behindKind: { method: "z" }, limit: 1 }, ["-"]],
        [{ behindKind: { method: "tools/call", name: "one" }, behindSession: "a", limit: 4 }, [
          "two-b",
          "-b",
          "one-b",
          "-"
        ]],
        [{ behindKind: { method: "tools/call", name: null }, behindSession: null, limit: 2 }, ["one-a", "one-b"]]
      ]
    }),

    ...both({
      name: "gives no session more than it may have, with what it runs already",
      tasks: threeOfEach,
      found: [
        [{ perSession: 1 }, [...ofEach(all, [1]), "-2", "-3"]],
        [{ perSession: 2 }, [...ofEach(all, [1, 2]), "-3"], "of any order"],
        [{ perSession: 3 }, ofEach(all, [1, 2, 3]), "of any order"],
        [
          { perSession: 100, running: { a: 99 } },
          [...ofEach(["-", "b", "\ue000", "\u{10000}"], [1, 2, 3]), "a1"],
          "of any order"
        ],
        [{ perSession: 2, running: { a: 2, b: 1, none: 5 } }, [
          ...ofEach(["-"], [1, 2, 3]),
          "b1",
          ...ofEach(["\ue000", "\u{10000}"], [1, 2])
        ], "of any order"],
        [{ perSession: 1, running: { a: 7, b: 1, "\ue000": 1, "\u{10000}": 1 } }, ["-1", "-2", "-3"]],
        [{ perSession: 1, limit: 3 }, ["-1", "a1", "b1"]],
        [{ perSession: 1, limit: 3, behindSession: "b" }, ["\ue0001", "\u{10000}1", "-1"]],
        [{ running: { a: 100 } }, ofEach(all, [1, 2, 3]), "of any order"]
      ]
    }),

    ...both({
      name: "leaves out the sessions that are excepted",
      tasks: threeOfEach,
      found: [
        [{ exceptSessions: ["a", "\u{10000}"] }, [
          ...ofEach(["-", "b", "\ue000"], [1]),
          ...ofEach(["-", "b", "\ue000"], [2, 3])
        ]],
        [{ exceptSessions: sessions }, ["-1", "-2", "-3"]],
        [{ exceptSessions: ["none", "a", "a"], limit: 2 }, ["-1", "b1"]],
        [{ exceptSessions: [] }, ofEach(all, [1, 2, 3]), "of any order"],
        [{ exceptSessions: ["b"], behindSession: "a", limit: 3 }, ["\ue0001", "\u{10000}1", "-1"]],
        [{ exceptSessions: ["b"], perSession: 1, running: { a: 1 }, limit: 4 }, ["-1", "\ue0001", "\u{10000}1", "-2"]]
      ]
    }),

    ...both({
      name: "gives each session the task whose lease ran out first, and of those the first id",
      tasks: [
        ["b", { sessionId: "s" }],
        ["\u{10000}", { sessionId: "s" }],
        ["\ue000", { sessionId: "s" }],
        ["a", { sessionId: "t" }],
        ["c", { sessionId: "t", name: "tool" }]
      ],
      found: [[{ limit: 2 }, ["b", "a"]], [{ limit: 3 }, ["b", "a", "c"]], [{}, ["b", "a", "c", "\ue000", "\u{10000}"]]]
    }),

    ...both({
      name: "finds the kinds that are named, and no others",
      tasks: [
        ["search", { name: "search" }],
        ["fetch", { originalParams: { name: "fetch" } }],
        ["bare", {}],
        ["prompt", { originalMethod: "prompts/get", name: "search" }],
        ["of a session", { name: "search", sessionId: "s" }]
      ],
      found: [
        [{}, ["prompt", "bare", "fetch", "search", "of a session"]],
        [{ kinds: [] }, []],
        [kindRow({ method: "tools/call" }), ["bare", "fetch", "search", "of a session"]],
        [kindRow({ method: "tools/call", name: undefined }), ["bare", "fetch", "search", "of a session"]],
        [kindRow({ method: "tools/call", name: null }), ["bare"]],
        [kindRow({ method: "tools/call", name: "search" }), ["search", "of a session"]],
        [kindRow({ method: "prompts/get", name: "search" }, { method: "tools/call", name: "fetch" }), [
          "prompt",
          "fetch"
        ]],
        [kindRow({ method: "prompts/get" }, { method: "prompts/get", name: "search" }), ["prompt"]],
        [kindRow({ method: "prompts/get", name: null }), []],
        [kindRow({ method: "tools" }, { method: "" }, { method: "Tools/call" }), []],
        [kindRow({ method: "tools/call", name: "Search" }, { method: "tools/call", name: "searc" }), []],
        [{ kinds: [{ method: "tools/call", name: "search" }], limit: 1 }, ["search"]],
        [{ kinds: [{ method: "tools/call", name: "search" }], exceptSessions: ["s"] }, ["search"]]
      ]
    }),

    ...both({
      name: "tells apart methods that differ by little",
      tasks: awkward.map((originalMethod, index) => [`task-${index}`, { originalMethod }]),
      found: [
        ...awkward.map((method, index) => [kindRow({ method }), [`task-${index}`]] as const).slice(0, 1),
        [
          kindRow(...awkward.map((method) => ({ method, name: null }))),
          awkward.map((_, index) => `task-${index}`),
          "of any order"
        ]
      ]
    }),

    ...(["method", "name"] as const).map((field) =>
      contractCase(`finds each ${field} for itself, of whatever text`, function*({ first, second }) {
        const texts = field === "method" ? awkward : awkwardNames
        for (const [index, text] of texts.entries()) {
          const kind = field === "method" ? { originalMethod: text } : { originalMethod: "tools/call", name: text }
          yield* first.createTask({ ...kind, lease: 0, taskId: `task-${index}` })
        }
        for (const [index, text] of texts.entries()) {
          const kinds = [field === "method" ? { method: text, name: null } : { method: "tools/call", name: text }]
          yield* equal(`task-${index}`, yield* second.claimableTasks({ kinds }), [`task-${index}`])
        }
        for (const [index, text] of texts.entries()) {
          const kinds = [field === "method" ? { method: text, name: null } : { method: "tools/call", name: text }]
          const claimed = yield* second.claimTasks({ ...longLease, kinds })
          yield* equal(`task-${index}`, claimed.map(({ record }) => record.taskId), [`task-${index}`])
        }
        yield* equal("left", yield* first.claimableTasks(), [])
      })
    ),

    contractCase("kinds do not run together: what ends the method does not begin the name", function*({
      first,
      second
    }) {
      const kinds = [
        { method: "a", name: "b\u0000c" },
        { method: "a\u0000b", name: "c" },
        { method: "a\"", name: "\"b" },
        { method: "a\"\"", name: "b" },
        { method: "a#", name: "b" },
        { method: "a", name: "#b" },
        { method: "a", name: null },
        { method: "a", name: "null" }
      ]
      for (const [index, { method, name }] of kinds.entries()) {
        yield* createIn(first, `task-${index}`, "working", {
          lease: 0,
          originalMethod: method,
          ...(name === null ? {} : { name })
        })
      }
      for (const [index, kind] of kinds.entries()) {
        yield* equal(`task-${index}`, yield* second.claimableTasks({ kinds: [kind] }), [`task-${index}`])
      }
    }),

    contractCase("sessions of whatever text are told apart", function*({ first, second }) {
      const names = ["s", "S", "s ", "null", "é", "e\u0301", "%", "#", "__proto__", "constructor", "x".repeat(255)]
      const all = [...names, "é".repeat(255), "\u{10000}".repeat(127)]
      for (const [index, sessionId] of all.entries()) {
        for (const number of [1, 2]) {
          yield* createIn(first, `task-${index}-${number}`, "working", { lease: 0, sessionId })
        }
      }
      for (const [index, sessionId] of all.entries()) {
        const found = yield* second.claimableTasks({ exceptSessions: all.filter((name) => name !== sessionId) })
        yield* equal("all but one excepted", found, [`task-${index}-1`, `task-${index}-2`])
        const running = Object.fromEntries(all.map((name) => [name, name === sessionId ? 1 : 2]))
        yield* equal("all but one full", yield* second.claimableTasks({ perSession: 2, running }), [`task-${index}-1`])
        const behind = yield* second.claimableTasks({ behindSession: sessionId, limit: all.length })
        yield* equal("the last of a round", behind.at(-1), `task-${index}-1`)
      }
    }),

    contractCase("claims are like those of claimTask, and each tells whether the task was abandoned", function*(world) {
      const { clock, first, second } = world
      const [one, two] = [yield* register(first, longLease), yield* register(second, longLease)]
      yield* createIn(first, "1 released", "working", { worker: one })
      yield* first.touchTask("1 released", { attempt: 1, lease: 0 })
      yield* createIn(first, "2 waiting", "working", {
        lease: 0,
        meta: { m: 1 },
        originalParams: { a: 1 },
        ttl: 50_000
      })
      yield* createIn(first, "3 delayed", "working", { delay: 1 })
      yield* createIn(first, "4 left", "working", { lease: 2 })
      yield* createIn(first, "5 of the dead", "working", { worker: one })
      yield* clock.advance(9)
      yield* bury(world, one)
      const before = yield* Effect.forEach(
        ["1 released", "2 waiting", "3 delayed", "4 left"],
        (id) => mustGet(first, id)
      )
      const now = clock.currentTimeMillisUnsafe()
      const claimed = yield* second.claimTasks({ worker: two })
      yield* equal(
        "abandoned",
        claimed.map(({ abandoned, record }) => [record.taskId, abandoned] as const),
        [
          ["1 released", false],
          ["2 waiting", false],
          ["3 delayed", false],
          ["4 left", true],
          ["5 of the dead", true]
        ]
      )
      const hold = { lastUpdatedAt: now, leaseExpiresAt: undefined, startedAt: now, status: "working", worker: two }
      const attempts = [2, 1, 1, 2, 2]
      for (const [index, { record }] of claimed.entries()) {
        yield* hasFields("claimed", record, { ...hold, attempt: attempts[index] })
        yield* equalRecord("as another process reads it", yield* mustGet(first, record.taskId), record)
        const old = before[index]
        if (old === undefined) continue
        const { createdAt, meta, originalParams, revision, statusMessage, ttl } = old
        yield* hasFields("the claimed task", record, {
          createdAt: createdAt.epochMilliseconds,
          meta,
          originalParams,
          revision: revision + 1,
          statusMessage,
          ttl
        })
      }
      yield* equal("claimed again", yield* first.claimTasks({ lease: 1 }), [])
      const [counts] = (yield* first.listWorkers()).filter(({ worker }) => worker.workerId === two)
      yield* equal("held", counts?.tasks, 5)
      yield* refused("a late write", first.touchTask("5 of the dead", { attempt: 1 }), {
        _tag: "LeaseLost",
        current: 2
      })
      yield* second.settleTask("5 of the dead", success, { attempt: 2 })
    }),

    contractCase("claims by a lease end with it", function*({ clock, first, second }) {
      yield* createIn(first, "one", "working", { lease: 0 })
      const now = clock.currentTimeMillisUnsafe()
      const [claimed] = yield* second.claimTasks({ lease: 100 })
      yield* equal("a claim", claimed?.record.leaseExpiresAt?.epochMilliseconds, now + 100)
      yield* hasFields("the task", yield* mustGet(first, "one"), { startedAt: now, worker: undefined })
      yield* clock.advance(99)
      yield* equal("too early", yield* first.claimTasks({ lease: 100 }), [])
      yield* clock.advance(1)
      const [again] = yield* first.claimTasks({ lease: 100 })
      yield* equal("abandoned", again?.abandoned, true)
      yield* hasFields("the task", yield* mustGet(first, "one"), { attempt: 2, startedAt: now + 100 })
    }),

    contractCase("only what was released is listed where that is asked for", function*(world) {
      const { clock, first, second } = world
      const [one, two] = [yield* register(first, longLease), yield* register(second, longLease)]
      yield* createIn(first, "released", "working", { lease: 0 })
      yield* createIn(first, "left", "working", { lease: 1 })
      yield* createIn(first, "delayed", "working", { delay: 1 })
      yield* createIn(first, "of the dead", "working", { worker: one, sessionId: "s" })
      yield* createIn(first, "of one who ended", "working", { worker: two, name: "n" })
      yield* clock.advance(9)
      yield* bury(world, one)
      yield* second.endWorker(two)
      const released = { leases: "released" } as const
      yield* equal("listed", yield* second.claimableTasks(released), ["released"])
      const claimed = yield* second.claimTasks({ ...released, lease: 1_000 })
      yield* equal("claimed", claimed.map(({ record }) => record.taskId), ["released"])
      yield* equal("listed then", yield* second.claimableTasks(released), [])
      yield* equal("the others", (yield* second.claimableTasks()).toSorted(), [
        "delayed",
        "left",
        "of one who ended",
        "of the dead"
      ])
    }),

    contractCase("claims take neither what waits for input, nor what has ended or expired", function*({
      clock,
      first,
      second
    }) {
      const worker = yield* register(first, longLease)
      yield* createIn(first, "asks", "input_required", { lease: 0 })
      yield* createIn(first, "ended", "working", { lease: 0 })
      yield* first.settleTask("ended", success)
      yield* createIn(first, "expired", "working", { lease: 0, ttl: 5 })
      yield* createIn(first, "nobody's", "working")
      yield* createIn(first, "held", "working", { worker })
      yield* createIn(first, "one", "working", { lease: 0, ttl: 6 })
      yield* clock.advance(5)
      const claimed = yield* second.claimTasks({ lease: 1_000 })
      yield* equal("claimed", claimed.map(({ record }) => record.taskId), ["one"])
      yield* clock.advance(1)
      yield* equal("once it has expired", yield* second.claimTasks({ lease: 1_000 }), [])
    }),

    contractCase("claims take 50 tasks, or as many as are asked for", function*({ first, second }) {
      const ids = Array.from({ length: 120 }, (_, index) => `task-${String(index).padStart(3, "0")}`)
      yield* Effect.forEach(
        ids,
        (taskId, index) => createIn(first, taskId, "working", { lease: 0, sessionId: `s${index % 3}` }),
        { concurrency: 10 }
      )
      const idsOf = (claimed: Effect.Success<ReturnType<World["first"]["claimTasks"]>>) =>
        claimed.map(({ record }) => record.taskId)
      const byDefault = idsOf(yield* second.claimTasks({ lease: "1 hour" }))
      yield* equal("by default", byDefault.length, 50)
      yield* equal("three of them, the first of each session", byDefault.slice(0, 3), ids.slice(0, 3))
      const three = idsOf(yield* first.claimTasks({ lease: "1 hour", limit: 3 }))
      yield* equal("asked for", three.length, 3)
      const rest = idsOf(yield* second.claimTasks({ lease: "1 hour", limit: 1_000 }))
      yield* equal("each once", [...byDefault, ...three, ...rest].toSorted(), ids)
    }),

    contractCase("no task is claimed twice by callers that claim at the same time", function*({ first, second }) {
      const workers = [
        yield* register(first, longLease),
        yield* register(second, longLease),
        yield* register(first, longLease),
        yield* register(second, longLease)
      ]
      const ids = Array.from({ length: 40 }, (_, index) => `task-${String(index).padStart(2, "0")}`)
      for (const [index, taskId] of ids.entries()) {
        yield* createIn(first, taskId, "working", {
          lease: 0,
          ...(index % 4 === 0 ? {} : { sessionId: `s${index % 4}` })
        })
      }
      const work = (worker: string, index: number) =>
        Effect.gen(function*() {
          const tasks = index % 2 === 0 ? first : second
          const mine: Array<string> = []
          while (true) {
            const claimed = yield* tasks.claimTasks({ limit: 3, worker })
            // A caller that loses every race may get none while some are left.
            if (claimed.length === 0 && (yield* tasks.claimableTasks({ limit: 1 })).length === 0) {
              return { mine, worker }
            }
            for (const { abandoned, record } of claimed) {
              yield* holds("it was not abandoned", !abandoned)
              yield* equal("the attempt", record.attempt, 1)
              mine.push(record.taskId)
            }
          }
        })
      const shares = yield* Effect.forEach(workers, work, { concurrency: "unbounded" })
      yield* equal("claimed", shares.flatMap(({ mine }) => mine).toSorted(), ids)
      for (const { mine, worker } of shares) {
        for (const taskId of mine) yield* hasFields(taskId, yield* mustGet(first, taskId), { revision: 2, worker })
      }
      const counts = (yield* second.listWorkers()).map(({ tasks, worker }) => [worker.workerId, tasks] as const)
      yield* equal(
        "as they are listed",
        counts,
        shares.map(({ mine, worker }) => [worker, mine.length] as const).toSorted()
      )
    }),

    contractCase("one task goes to one of many callers, whichever way they claim", function*(world) {
      const { first, second } = world
      const worker = yield* register(first, longLease)
      for (let round = 0; round < 8; round++) {
        const taskId = `task-${round}`
        if (round % 2 === 0) yield* createIn(first, taskId, "working", { lease: 0 })
        else {
          const dead = yield* register(first, longLease)
          yield* createIn(first, taskId, "working", { worker: dead })
          yield* bury(world, dead)
        }
        const wins = yield* Effect.all(
          [
            Effect.map(first.claimTasks({ worker }), (claimed) => claimed.length),
            Effect.map(second.claimTasks({ lease: "1 hour", limit: 1 }), (claimed) => claimed.length),
            Effect.match(first.claimTask(taskId, { worker }), { onFailure: () => 0, onSuccess: () => 1 }),
            Effect.match(second.claimTask(taskId, { lease: "1 hour" }), { onFailure: () => 0, onSuccess: () => 1 })
          ],
          { concurrency: "unbounded" }
        )
        yield* equal("winners", wins.reduce((sum, won) => sum + won, 0), 1)
        yield* hasFields("the task", yield* mustGet(second, taskId), { attempt: round % 2 === 0 ? 1 : 2 })
        yield* first.deleteTask(taskId)
      }
    })
  ]
}
