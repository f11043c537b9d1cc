/**
 * What registration promises: a worker lives until its lease has run out and it was declared dead, and dead is final.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { plainWorker } from "../PlainRecord.ts"
import { equal, equalRecord, hasFields, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup, type World } from "./ContractCase.ts"
import { bury, createIn, longLease, mustGet, register, success } from "./fixtures.ts"

/** Every worker with the number of its tasks, in the order of the list. */
const listed = (tasks: World["first"]) =>
  Effect.map(
    tasks.listWorkers(),
    (workers) => workers.map(({ tasks, worker }) => [worker.workerId, tasks] as const)
  )

/** The one worker of a list, as plain data. */
const only = (tasks: World["first"]) =>
  Effect.map(tasks.listWorkers(), (workers) => workers.map(({ worker }) => plainWorker(worker))[0])

/** Texts of 1 to 255 UTF-16 units, of any content. */
const texts = ["x", "\u0000", "\ud800", "\udc00x", "\u{1f600}", "\"\\\n", "__proto__", "é".repeat(255)]

const day = 86_400_000

/**
 * @since 0.2.0
 * @category suite
 */
export const workersGroup: ContractGroup = {
  subject: "workers",
  cases: [
    contractCase("are registered under fresh ids, with what they say of themselves", function*({
      clock,
      first,
      second
    }) {
      const now = clock.currentTimeMillisUnsafe()
      const said = { host: "host-1", pid: 4711, name: "worker", version: "1.2.3" }
      const registered = [
        yield* first.registerWorker({ ...said, lease: "30 seconds" }),
        yield* second.registerWorker({ lease: 1 }),
        ...(yield* Effect.forEach(
          texts,
          (text) => first.registerWorker({ host: text, name: text, version: text, pid: 0, lease: 50 })
        )),
        yield* first.registerWorker({ pid: Number.MAX_SAFE_INTEGER, lease: Number.MAX_SAFE_INTEGER })
      ]
      const [full, bare] = registered.map(plainWorker)
      yield* equal("with everything", full, {
        host: "host-1",
        leaseExpiresAt: now + 30_000,
        name: "worker",
        pid: 4711,
        registeredAt: now,
        version: "1.2.3",
        workerId: registered[0]?.workerId
      })
      yield* equal("with nothing", bare, {
        leaseExpiresAt: now + 1,
        registeredAt: now,
        workerId: registered[1]?.workerId
      })
      yield* equal("ids", new Set(registered.map(({ workerId }) => workerId)).size, registered.length)
      const list = yield* second.listWorkers()
      yield* equal(
        "as another process lists them, by their ids",
        list.map(({ worker }) => plainWorker(worker)),
        registered.toSorted((left, right) => left.workerId < right.workerId ? -1 : 1).map(plainWorker)
      )
      yield* equal("what they hold", list.map(({ tasks }) => tasks), registered.map(() => 0))
    }),

    contractCase("live on with a renewal, from now, for longer or shorter", function*({ clock, first, second }) {
      const workerId = yield* register(first, { host: "host-1", lease: 1_000 })
      const before = yield* only(second)
      for (const [handle, lease] of [[first, 5_000], [second, 20], [first, "1 minute"]] as const) {
        yield* clock.advance(10)
        const { worker } = yield* handle.renewWorker(workerId, { lease })
        const millis = lease === "1 minute" ? 60_000 : lease
        const renewed = { ...before, leaseExpiresAt: clock.currentTimeMillisUnsafe() + millis }
        yield* equal("renewed", plainWorker(worker), renewed)
        yield* equal("as another process lists it", yield* only(second), renewed)
      }
    }),

    contractCase("that are renewed late are alive, as long as nobody declared them dead", function*({
      clock,
      first,
      second
    }) {
      const workerId = yield* register(first, { lease: 100 })
      yield* createIn(first, "one", "working", { worker: workerId })
      yield* clock.advance(1_000_000)
      const { worker } = yield* second.renewWorker(workerId, { lease: 100 })
      yield* equal("its death", worker.diedAt, undefined)
      yield* equal("declared dead", yield* first.declareDeadWorkers(), [])
      yield* refused("a claim", second.claimTask("one", { lease: 1 }), { _tag: "LeaseHeld", worker: workerId })
      yield* clock.advance(100)
      yield* equal("declared dead in the end", yield* first.declareDeadWorkers(), [workerId])
    }),

    contractCase("are declared dead from the very millisecond at which their lease runs out", function*({
      clock,
      first,
      second
    }) {
      const workerId = yield* register(first, { lease: 100 })
      const other = yield* register(first, { lease: 101 })
      const registeredAt = clock.currentTimeMillisUnsafe()
      yield* clock.advance(99)
      yield* equal("just before", yield* second.declareDeadWorkers(), [])
      yield* clock.advance(1)
      yield* equal("then", yield* second.declareDeadWorkers(), [workerId])
      yield* equal("once more", yield* first.declareDeadWorkers(), [])
      const workers = yield* first.listWorkers()
      const plain = workers.map(({ worker }) => plainWorker(worker)).find((worker) => worker["workerId"] === workerId)
      yield* equal("as it is listed", plain, {
        diedAt: clock.currentTimeMillisUnsafe(),
        leaseExpiresAt: registeredAt + 100,
        registeredAt,
        workerId
      })
      yield* first.renewWorker(other, longLease)
      yield* clock.advance(1)
      yield* equal("the one that was renewed", yield* second.declareDeadWorkers(), [])
    }),

    contractCase("are dead to one that waits longer only once they are overdue for that long", function*(world) {
      const { clock, first, second } = world
      const one = yield* register(first, { lease: 10 })
      yield* clock.advance(14)
      yield* equal("too early", yield* second.declareDeadWorkers({ overdueFor: 5 }), [])
      yield* first.renewWorker(one, { lease: 10 })
      yield* clock.advance(14)
      yield* equal("too early again", yield* second.declareDeadWorkers({ overdueFor: "5 millis" }), [])
      yield* clock.advance(1)
      yield* equal("then", yield* second.declareDeadWorkers({ overdueFor: 5 }), [one])
      yield* refused("a negative time", second.declareDeadWorkers({ overdueFor: -1 }), {
        _tag: "InvalidInput",
        field: "overdueFor"
      })
    }),

    contractCase("that are dead stay dead", function*(world) {
      const { clock, first, second } = world
      const workerId = yield* register(first, longLease)
      yield* bury(world, workerId)
      const dead = yield* only(second)
      for (const handle of [first, second, first]) {
        yield* refused("a renewal", handle.renewWorker(workerId, longLease), { _tag: "WorkerLost", workerId })
        yield* clock.advance(10)
        yield* equal("declared dead again", yield* handle.declareDeadWorkers(), [])
        yield* equal("as it is listed", yield* only(handle), dead)
      }
      const anew = yield* register(first, longLease)
      yield* holds("its process registers under another id", anew !== workerId)
    }),

    contractCase("that were never registered cannot be renewed", function*({ first }) {
      yield* refused("a renewal", first.renewWorker("none", longLease), { _tag: "WorkerLost", workerId: "none" })
      yield* equal("workers", yield* first.listWorkers(), [])
      yield* equal("declared dead", yield* first.declareDeadWorkers(), [])
    }),

    contractCase("are never declared dead by themselves", function*({ clock, first, second }) {
      const [one, two] = [yield* register(first, { lease: 1 }), yield* register(second, { lease: 1 })]
      yield* clock.advance(1_000)
      yield* equal("by the first", yield* first.declareDeadWorkers({ except: one }), [two])
      yield* equal("once more", yield* first.declareDeadWorkers({ except: one }), [])
      yield* first.renewWorker(one, { lease: 1 })
      yield* clock.advance(1)
      yield* equal("by one that is not registered", yield* second.declareDeadWorkers({ except: "none" }), [one])
    }),

    contractCase("are declared dead many at once, each told once, and no one that lives", function*({
      clock,
      first,
      second
    }) {
      const workers = yield* Effect.forEach(
        Array.from({ length: 120 }, (_, index) => index),
        (index) => register(first, { lease: index % 10 === 0 ? 1_000 : 10 }),
        { concurrency: 10 }
      )
      const living = workers.filter((_, index) => index % 10 === 0)
      yield* clock.advance(10)
      const declared = yield* Effect.all([first.declareDeadWorkers(), second.declareDeadWorkers()], {
        concurrency: "unbounded"
      })
      yield* equal(
        "declared",
        declared.flat().toSorted(),
        workers.filter((workerId) => !living.includes(workerId)).toSorted()
      )
      const list = yield* second.listWorkers()
      yield* equal("all are listed, by their ids", list.map(({ worker }) => worker.workerId), workers.toSorted())
      yield* equal(
        "those that live",
        list.filter(({ worker }) => worker.diedAt === undefined).map(({ worker }) => worker.workerId),
        living.toSorted()
      )
    }),

    contractCase("are renewed or declared dead, whichever comes first, and never both", function*({
      clock,
      first,
      second
    }) {
      for (let round = 0; round < 20; round++) {
        const workerId = yield* register(first, { lease: 10 })
        yield* clock.advance(10)
        const [renewal, ...declared] = yield* Effect.all(
          [
            Effect.result(first.renewWorker(workerId, { lease: 10 })),
            second.declareDeadWorkers(),
            first.declareDeadWorkers()
          ],
          { concurrency: "unbounded" }
        )
        const isRenewed = renewal._tag === "Success"
        yield* equal("declared dead", declared.flat(), isRenewed ? [] : [workerId])
        const again = yield* Effect.result(first.renewWorker(workerId, { lease: 10 }))
        yield* equal("renewed again", again._tag === "Success", isRenewed)
        if (isRenewed) yield* first.endWorker(workerId)
      }
    }),

    contractCase("are listed with how many tasks they hold, in whatever status", function*(world) {
      const { clock, first, second } = world
      const workers = [
        yield* register(first, longLease),
        yield* register(first, longLease),
        yield* register(second, longLease)
      ].toSorted()
      const [one = "", two = "", three = ""] = workers
      for (const taskId of ["a", "b", "c", "d", "e", "f", "g", "h"]) {
        yield* createIn(first, taskId, "working", { worker: one })
      }
      yield* createIn(first, "asks", "input_required", { worker: two })
      yield* createIn(first, "ended", "completed", { worker: two })
      yield* createIn(first, "own", "working", { lease: "1 hour" })
      yield* createIn(first, "free", "working", { lease: 0 })
      yield* equal("created", yield* listed(second), [[one, 8], [two, 1], [three, 0]])
      yield* first.settleTask("a", success, { attempt: 1 })
      yield* second.updateTaskStatus("b", "cancelled")
      yield* second.deleteTask("c")
      yield* first.touchTask("d", { attempt: 1, lease: 0 })
      yield* first.touchTask("e", { attempt: 1, delay: 1_000 })
      yield* first.touchTask("f", { attempt: 1, lease: 1_000 })
      yield* first.requireInput("g", { a: 1 }, { attempt: 1 })
      yield* first.claimTask("d", { worker: three })
      yield* first.claimTask("free", { worker: three })
      yield* equal("later", yield* listed(second), [[one, 2], [two, 1], [three, 2]])
      yield* bury(world, one)
      yield* equal("once one is dead", yield* listed(second), [[one, 2], [two, 1], [three, 2]])
      yield* second.claimTask("h", { worker: three })
      yield* equal("once a task of it was claimed", yield* listed(first), [[one, 1], [two, 1], [three, 3]])
      yield* clock.advance(1)
      yield* first.claimableTasks()
      yield* equal("once its tasks are free", yield* listed(first), [[one, 0], [two, 1], [three, 3]])
    }),

    contractCase("that end in good order leave their tasks to others at once", function*({ clock, first, second }) {
      const [one, two] = [yield* register(first, longLease), yield* register(second, longLease)]
      const created = yield* createIn(first, "one", "working", { worker: one, statusMessage: "half way" })
      yield* createIn(first, "asks", "input_required", { worker: one })
      const other = yield* createIn(first, "other", "working", { worker: two })
      const own = yield* createIn(first, "own", "working", { lease: "1 hour" })
      yield* clock.advance(5)
      yield* equal("tasks", yield* first.endWorker(one), 2)
      yield* hasFields("the task", yield* mustGet(second, "one"), {
        attempt: 1,
        lastUpdatedAt: created.lastUpdatedAt.epochMilliseconds,
        leaseExpiresAt: clock.currentTimeMillisUnsafe(),
        revision: 2,
        startedAt: created.startedAt?.epochMilliseconds,
        status: "working",
        statusMessage: "half way",
        worker: one
      })
      for (const task of [other, own]) yield* equalRecord(task.taskId, yield* mustGet(second, task.taskId), task)
      yield* equal("workers", yield* listed(first), [[one, 0] as const, [two, 1] as const].toSorted())
      yield* equal("free", yield* second.claimableTasks(), ["one"])
      const { abandoned, record } = yield* second.claimTask("one", { worker: two })
      yield* equal("abandoned", abandoned, true)
      yield* hasFields("claimed", record, { attempt: 2, worker: two })
      yield* refused("a renewal", first.renewWorker(one, longLease), { _tag: "WorkerLost", workerId: one })
      for (const ended of [one, "none"]) yield* equal(ended, yield* second.endWorker(ended), 0)
      yield* equal("workers afterwards", yield* listed(first), [[one, 0] as const, [two, 2] as const].toSorted())
      const endedAt = (yield* first.listWorkers()).find(({ worker }) => worker.workerId === one)?.worker.diedAt
      yield* equal("died", endedAt?.epochMilliseconds, clock.currentTimeMillisUnsafe())
      // A write that was under way when its worker ended.
      yield* createIn(first, "late", "working", { worker: one })
      yield* equal("free then", yield* second.claimableTasks(), ["late"])
    }),

    contractCase("leave more tasks than one step takes", function*(world) {
      const { clock, first, second } = world
      const [one, two, three] = [
        yield* register(first, longLease),
        yield* register(first, longLease),
        yield* register(second, longLease)
      ]
      yield* Effect.forEach(
        Array.from({ length: 525 }, (_, index) => index),
        (index) =>
          createIn(first, `task-${index}`, "working", { worker: index < 510 ? one : index < 520 ? two : three }),
        { concurrency: 10 }
      )
      yield* equal("of the one that ends", yield* first.endWorker(one), 510)
      yield* bury(world, two)
      yield* clock.advance(1)
      yield* equal("free", (yield* second.claimableTasks({ limit: 1_000 })).length, 520)
      const counts = [[one, 0] as const, [two, 0] as const, [three, 5] as const]
      yield* equal("workers", yield* listed(first), counts.toSorted())
    }),

    contractCase("are removed by maintenance a day after their death, once they hold nothing", function*(world) {
      const { clock, first, second } = world
      const workerId = yield* register(first, longLease)
      yield* createIn(first, "one", "working", { worker: workerId })
      yield* bury(world, workerId)
      yield* clock.advance(day)
      yield* equal("a day later", (yield* second.maintenance()).deadWorkers, 0)
      yield* equal("workers", yield* listed(first), [[workerId, 0]])
      yield* hasFields("its task is free", yield* mustGet(first, "one"), {
        leaseExpiresAt: clock.currentTimeMillisUnsafe(),
        worker: workerId
      })
      yield* clock.advance(1)
      yield* equal("a moment later", (yield* second.maintenance()).deadWorkers, 1)
      yield* equal("workers afterwards", yield* listed(first), [])
      yield* equal("once more", (yield* first.maintenance()).deadWorkers, 0)
      yield* refused("a renewal", first.renewWorker(workerId, longLease), { _tag: "WorkerLost", workerId })
    }),

    contractCase(
      "that live are not removed, however long ago their lease ran out",
      function*({ clock, first, second }) {
        const workerId = yield* register(first, { lease: 1 })
        yield* clock.advance(10 * day)
        yield* equal("removed", (yield* second.maintenance()).deadWorkers, 0)
        yield* equal("workers", yield* listed(first), [[workerId, 0]])
        yield* first.renewWorker(workerId, longLease)
      }
    )
  ]
}
