/**
 * What `claimTasks` promises: which tasks it takes, and that callers who claim at the same time share them.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { equal, equalRecord, hasFields, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup, type World } from "./ContractCase.ts"
import { bury, createIn, longLease, mustGet, register, success } from "./fixtures.ts"

/**
 * @since 0.2.0
 * @category suite
 */
export const claimTasksGroup: ContractGroup = {
  subject: "claimTasks",
  cases: [
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
