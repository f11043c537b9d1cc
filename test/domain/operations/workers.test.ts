/** Workers through the service, in memory: what is done in batches, and what happens when the engine fails or gives nonsense. */
import { describe, expect, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { releaseDead, releaseWorker } from "../../../src/domain/driver/releaseWorkers.ts"
import { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { StoredWorker, WorkerDriver } from "../../../src/domain/driver/WorkerDriver.ts"
import { fromDriver } from "../../../src/domain/fromDriver.ts"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { makeDriver, makeStore } from "../../../src/layers/MemoryTaskStorage.ts"
import { unlimited } from "../../layers/sqlite/database.ts"
import { storedTask } from "../../layers/storedTask.ts"

const open = (change: (workers: WorkerDriver) => Partial<WorkerDriver> = () => ({})) =>
  Effect.gen(function*() {
    const driver = makeDriver(yield* makeStore)
    const workers: WorkerDriver = { ...driver.workers, ...change(driver.workers) }
    const storage = yield* fromDriver({ ...driver, workers }, { maintenance: false })
    const insert = (workerId: string, fields: Partial<StoredWorker> = {}) =>
      driver.workers.insert({
        workerId,
        registeredAt: 0,
        leaseExpiresAt: 10,
        diedAt: null,
        about: StoredJson.fromJson({}),
        ...fields
      })
    const hold = (taskId: string, worker: string) =>
      driver.insert(storedTask(taskId, { worker, leaseExpiresAt: 8.64e15, startedAt: 1, attempt: 1 }), unlimited, 0)
    return { driver, workers, storage, insert, hold }
  })

const numbered = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `w${String(index).padStart(4, "0")}`)

const broken = new TaskDriverError({ reason: "the disk is on fire", retryable: true, applied: "unknown" })

describe("a worker", () => {
  it.effect("is registered under an id of its own, with what it says of itself", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust(5)
      const { storage } = yield* open()
      const about = { host: "h", pid: 0, name: "n", version: "v" }
      const worker = yield* storage.registerWorker({ ...about, lease: "1 second" })
      expect(worker).toMatchObject(about)
      expect(DateTime.toEpochMillis(worker.registeredAt)).toBe(5)
      expect(DateTime.toEpochMillis(worker.leaseExpiresAt)).toBe(1_005)
      const bare = yield* storage.registerWorker({ lease: "1 second" })
      expect(bare.workerId).not.toBe(worker.workerId)
      for (const field of ["host", "pid", "name", "version", "diedAt"]) expect(bare).not.toHaveProperty(field)
    }))

  it.effect("is renewed late, as long as nobody has declared it dead, and never after that", () =>
    Effect.gen(function*() {
      const { storage } = yield* open()
      const { workerId } = yield* storage.registerWorker({ lease: 10 })
      yield* TestClock.adjust(100)
      const { worker } = yield* storage.renewWorker(workerId, { lease: 10 })
      expect(DateTime.toEpochMillis(worker.leaseExpiresAt)).toBe(110)
      expect(yield* storage.declareDeadWorkers()).toEqual([])
      yield* TestClock.adjust(10)
      expect(yield* storage.declareDeadWorkers({ except: workerId })).toEqual([])
      expect(yield* storage.declareDeadWorkers()).toEqual([workerId])
      expect(yield* storage.declareDeadWorkers()).toEqual([])
      const lost = { _tag: "WorkerLost", workerId }
      expect(yield* Effect.flip(storage.renewWorker(workerId, { lease: 10 }))).toMatchObject(lost)
      expect(yield* Effect.flip(storage.renewWorker("nobody", { lease: 10 }))).toMatchObject({ _tag: "WorkerLost" })
    }))

  it.effect("learns how far its clock is off, if the engine tells the time", () =>
    Effect.gen(function*() {
      const { storage } = yield* open((workers) => ({
        renew: (...args) => Effect.map(workers.renew(...args), (renewal) => ({ ...renewal, engineTime: 40 }))
      }))
      yield* TestClock.adjust(100)
      const { workerId } = yield* storage.registerWorker({ lease: 10 })
      expect(yield* storage.renewWorker(workerId, { lease: 10 })).toMatchObject({ clockSkew: -60 })
      const { storage: late } = yield* open((workers) => ({
        renew: (...args) =>
          Effect.map(Effect.delay(workers.renew(...args), 100), (renewal) => ({ ...renewal, engineTime: 199 }))
      }))
      const { workerId: slow } = yield* late.registerWorker({ lease: 10 })
      const renewing = yield* Effect.forkChild(late.renewWorker(slow, { lease: 10 }))
      yield* TestClock.adjust(100)
      expect(yield* Fiber.join(renewing)).toMatchObject({ clockSkew: 0 })
      const plain = (yield* open()).storage
      const silent = yield* plain.renewWorker((yield* plain.registerWorker({ lease: 10 })).workerId, { lease: 10 })
      expect(silent).not.toHaveProperty("clockSkew")
    }))

  it.effect("that ends leaves its tasks to others at once", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust(100)
      const { hold, insert, storage } = yield* open()
      yield* insert("ends")
      yield* insert("stays")
      yield* hold("a", "ends")
      yield* hold("b", "stays")
      expect(yield* storage.endWorker("ends")).toBe(1)
      expect((yield* storage.listWorkers()).map(({ tasks, worker }) => [worker.workerId, tasks])).toEqual([
        ["ends", 0],
        ["stays", 1]
      ])
      const [claimed, ...others] = yield* storage.claimTasks({ lease: 1 })
      expect(claimed).toMatchObject({ abandoned: true, record: { taskId: "a", attempt: 2, revision: 3 } })
      expect(others).toEqual([])
      expect(yield* storage.endWorker("ends")).toBe(0)
      // A write that was under way when the worker ended.
      yield* hold("late", "ends")
      expect(yield* storage.claimableTasks()).toEqual(["late"])
    }))
})

describe("many workers", () => {
  it.effect("are declared dead in batches, all of them", () =>
    Effect.gen(function*() {
      const batches: Array<number> = []
      const { insert, storage } = yield* open((workers) => ({
        declareDead: (query) =>
          Effect.tap(workers.declareDead(query), (dead) => {
            expect(query.limit).toBe(100)
            return Effect.sync(() => void batches.push(dead.length))
          })
      }))
      const ids = numbered(250)
      for (const workerId of ids) yield* insert(workerId)
      yield* insert("lives", { leaseExpiresAt: 11 })
      yield* TestClock.adjust(10)
      const dead = yield* storage.declareDeadWorkers()
      expect(dead.toSorted()).toEqual(ids)
      expect(batches).toEqual([100, 100, 50])
    }))

  it.effect("are listed in batches, each once and in order, and with their tasks", () =>
    Effect.gen(function*() {
      const asked: Array<string | undefined> = []
      const { hold, insert, storage } = yield* open((workers) => ({
        list: (query) => {
          asked.push(query.behind)
          return workers.list(query)
        }
      }))
      const ids = numbered(200)
      for (const workerId of ids.toReversed()) yield* insert(workerId)
      for (const taskId of ["a", "b"]) yield* hold(taskId, "w0150")
      const listed = yield* storage.listWorkers()
      expect(listed.map(({ worker }) => worker.workerId)).toEqual(ids)
      expect(listed.filter(({ tasks }) => tasks > 0)).toMatchObject([{ tasks: 2, worker: { workerId: "w0150" } }])
      expect(asked).toEqual([undefined, "w0099", "w0199"])
      expect(yield* storage.listWorkers()).toHaveLength(200)
    }))

  it.effect("that are dead are removed a day after their death, once they hold nothing", () =>
    Effect.gen(function*() {
      const { hold, insert, storage } = yield* open()
      yield* insert("dead", { diedAt: 0 })
      yield* insert("died later", { diedAt: 1 })
      yield* insert("lives", { leaseExpiresAt: 0 })
      yield* hold("a", "dead")
      yield* TestClock.adjust("1 day")
      expect(yield* storage.maintenance()).toMatchObject({ deadWorkers: 0 })
      yield* TestClock.adjust(1)
      expect(yield* storage.maintenance()).toMatchObject({ deadWorkers: 1 })
      expect((yield* storage.listWorkers()).map(({ worker }) => worker.workerId)).toEqual(["died later", "lives"])
      expect(yield* storage.claimableTasks()).toEqual(["a"])
    }))
})

describe("the tasks of workers", () => {
  it.effect("are released in batches, and each step counts", () =>
    Effect.gen(function*() {
      const limits: Array<number> = []
      const { driver, hold, insert, workers } = yield* open((workers) => ({
        release: (query) => {
          limits.push(query.limit)
          return workers.release(query)
        }
      }))
      yield* insert("dead", { diedAt: 5 })
      yield* insert("dead too", { diedAt: 5 })
      yield* insert("lives")
      for (let index = 0; index < 700; index++) yield* hold(`a${index}`, "dead")
      for (let index = 0; index < 400; index++) yield* hold(`b${index}`, "dead too")
      for (let index = 0; index < 3; index++) yield* hold(`c${index}`, "lives")
      expect(yield* releaseDead(workers, 30)).toBe(1_100)
      expect(limits).toEqual([500, 500, 500])
      expect(yield* driver.find("a0", { now: 0, session: undefined })).toMatchObject({
        leaseExpiresAt: 30,
        dueAt: null,
        worker: "dead",
        startedAt: 1,
        revision: 2,
        lastUpdatedAt: 1000
      })
      expect(yield* releaseDead(workers, 30)).toBe(0)
      expect(yield* releaseWorker(workers, "lives", 30)).toBe(3)
      expect(yield* releaseWorker(workers, "nobody", 30)).toBe(0)
    }))
})

describe("an engine that fails", () => {
  it.effect("gives each operation an error of its name, with what the driver said", () =>
    Effect.gen(function*() {
      const fail = () => Effect.fail(broken)
      const { storage } = yield* open(() => ({
        insert: fail,
        renew: fail,
        find: fail,
        declareDead: fail,
        release: fail,
        list: fail
      }))
      yield* storage.createTask({ originalMethod: "m", taskId: "held", worker: "w" })
      const operations: { readonly [operation: string]: Effect.Effect<unknown, TaskStorageError> } = {
        registerWorker: storage.registerWorker({ lease: 1 }),
        renewWorker: storage.renewWorker("w", { lease: 1 }),
        declareDeadWorkers: storage.declareDeadWorkers(),
        endWorker: storage.endWorker("w"),
        listWorkers: storage.listWorkers(),
        claimableTasks: storage.claimableTasks(),
        claimTasks: storage.claimTasks({ lease: 1 }),
        claimTask: storage.claimTask("held", { lease: 1 }),
        recoverStuckTasks: storage.recoverStuckTasks(0, { leases: "expired" }),
        maintenance: storage.maintenance()
      }
      for (const [operation, effect] of Object.entries(operations)) {
        expect(yield* Effect.flip(Effect.asVoid(effect))).toMatchObject({
          _tag: "TaskStorageUnavailable",
          operation,
          message: `${operation} failed: the disk is on fire.`
        })
      }
    }))

  it.effect("gives an error that quotes nothing for a worker that cannot be decoded", () =>
    Effect.gen(function*() {
      const rows: ReadonlyArray<Partial<StoredWorker>> = [
        { about: StoredJson.fromText("{\"secret host") },
        { about: StoredJson.fromJson(["secret"]) },
        { about: StoredJson.fromJson({ pid: 0.5 }) },
        { registeredAt: NaN },
        { leaseExpiresAt: Infinity },
        { diedAt: NaN }
      ]
      for (const row of rows) {
        const corrupt = (worker: StoredWorker): StoredWorker => ({ ...worker, ...row })
        const { storage } = yield* open((workers) => ({
          list: (query) =>
            Effect.map(workers.list(query), (listed) =>
              listed.map(({ worker, ...rest }) => ({ ...rest, worker: corrupt(worker) }))),
          renew: (...args) =>
            Effect.map(workers.renew(...args), ({ worker }) => ({ worker: worker && corrupt(worker) }))
        }))
        const { workerId } = yield* storage.registerWorker({ lease: 1 })
        const unreadable = yield* Effect.flip(storage.listWorkers())
        expect(unreadable).toMatchObject({ _tag: "TaskStorageUnavailable", retryable: false, applied: "no" })
        expect(JSON.stringify(unreadable) + unreadable.message + String(unreadable.cause)).not.toContain("secret")
        const renewed = yield* Effect.flip(storage.renewWorker(workerId, { lease: 1 }))
        expect(renewed).toMatchObject({ _tag: "TaskStorageUnavailable", retryable: false, applied: "unknown" })
      }
    }))
})
