/** That operations take the capacity units that the documentation says, by the engine's own account. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describeWithEngine, freshTable } from "./engine.ts"
import { interceptedClient } from "./interceptedClient.ts"
import { openThrough } from "./storages.ts"

const call = { originalMethod: "tools/call", sessionId: "s", ttl: 60_000 }

/** Adds up what the engine says of one request, which may have touched several tables. */
const unitsOf = (output: object): number => {
  const consumed: unknown = Reflect.get(output, "ConsumedCapacity") ?? []
  const units = (of: unknown): number =>
    Array.isArray(of)
      ? of.reduce<number>((sum, one) => sum + units(one), 0)
      : typeof of === "object" && of !== null
      ? Number(Reflect.get(of, "CapacityUnits"))
      : 0
  return units(consumed)
}

const setUp = (limits: { readonly maxTasks?: number } = {}) =>
  Effect.gen(function*() {
    let total = 0
    const client = yield* interceptedClient(async ({ input, perform }) => {
      const output = await perform({ ...input, ReturnConsumedCapacity: "TOTAL" })
      total += unitsOf(output)
      return output
    })
    const storage = yield* openThrough(client, { tableName: yield* freshTable, ...limits })
    const unitsFor = <A, E>(effect: Effect.Effect<A, E>) =>
      Effect.suspend(() => {
        total = 0
        return Effect.map(effect, () => total)
      })
    return { storage, unitsFor }
  })

describeWithEngine("capacity units", () => {
  it.live("of operations on one task", () =>
    Effect.gen(function*() {
      const { storage, unitsFor } = yield* setUp()
      expect(yield* unitsFor(storage.createTask({ ...call, taskId: "t" }))).toBe(7)
      expect(yield* unitsFor(storage.getTask("t"))).toBe(1)
      expect(yield* unitsFor(storage.touchTask("t"))).toBe(3)
      expect(yield* unitsFor(storage.touchTask("t", { ttl: 70_000 }))).toBe(9)
      expect(yield* unitsFor(storage.updateTaskStatus("t", "input_required"))).toBe(7)
      expect(yield* unitsFor(storage.listTasksForSession("s"))).toBe(1.5)
      expect(yield* unitsFor(storage.settleTask("t", { _tag: "Success", value: {} }))).toBe(6)
      expect(yield* unitsFor(storage.deleteTask("t"))).toBe(14)
    }))

  it.live("of tasks under a lease", () =>
    Effect.gen(function*() {
      const { storage, unitsFor } = yield* setUp()
      const [lease, attempt] = ["1 minute", 1] as const
      expect(yield* unitsFor(storage.createTask({ ...call, taskId: "t", lease: 0 }))).toBe(9)
      // The engine takes nothing for a partition without an entry.
      yield* storage.claimableTasks()
      expect(yield* unitsFor(storage.claimableTasks())).toBe(1.5)
      expect(yield* unitsFor(storage.claimTask("t", { lease }))).toBe(1 + 7)
      expect(yield* unitsFor(Effect.flip(storage.claimTask("t", { lease })))).toBe(1)
      expect(yield* unitsFor(storage.touchTask("t", { lease, attempt }))).toBe(5)
      expect(yield* unitsFor(storage.touchTask("t", { attempt }))).toBe(3)
      expect(yield* unitsFor(storage.storeTaskStep("t", "key", 1, { attempt }))).toBe(1 + 3)
      expect(yield* unitsFor(storage.storeTaskStep("t", "key", 1, { attempt }))).toBe(1)
      expect(yield* unitsFor(storage.updateTaskStatus("t", "input_required", { attempt }))).toBe(11)
      expect(yield* unitsFor(storage.settleTask("t", { _tag: "Success", value: {} }, { attempt }))).toBe(8)
    }))

  it.live("of a worker and its tasks", () =>
    Effect.gen(function*() {
      const { storage, unitsFor } = yield* setUp()
      const lease = "1 minute"
      expect(yield* unitsFor(storage.registerWorker({ lease }))).toBe(2)
      const { workerId: worker } = yield* storage.registerWorker({ lease })
      expect(yield* unitsFor(storage.renewWorker(worker, { lease }))).toBe(3)
      expect(yield* unitsFor(storage.createTask({ ...call, taskId: "made", worker }))).toBe(9)
      expect(yield* unitsFor(storage.settleTask("made", { _tag: "Success", value: {} }, { attempt: 1 }))).toBe(8)
      yield* storage.createTask({ ...call, taskId: "found", lease: 0 })
      expect(yield* unitsFor(storage.claimTask("found", { worker }))).toBe(1 + 7)
      expect(yield* unitsFor(storage.updateTaskStatus("found", "cancelled"))).toBe(8 + 1)
      yield* storage.createTask({ ...call, taskId: "deleted", worker })
      expect(yield* unitsFor(storage.deleteTask("deleted"))).toBe(20 + 1)
      yield* storage.createTask({ ...call, taskId: "delayed", delay: 1 })
      yield* Effect.sleep("5 millis")
      yield* storage.claimableTasks()
      expect(yield* unitsFor(storage.claimTask("delayed", { worker }))).toBe(1 + 7)
      yield* storage.createTask({ ...call, taskId: "left", worker })
      yield* Stream.runHead(storage.workerNews(worker))
      // Half a unit to find them, 6 for each of two tasks, and 3 for the worker.
      expect(yield* unitsFor(storage.endWorker(worker))).toBe(0.5 + 2 * 6 + 3)
    }))

  it.live("of a creation within limits, and of a sweep", () =>
    Effect.gen(function*() {
      const limited = yield* setUp({ maxTasks: 2 })
      expect(yield* limited.unitsFor(limited.storage.createTask(call))).toBe(16)
      const { storage, unitsFor } = yield* setUp()
      yield* storage.createTask({ ...call, ttl: 1 })
      yield* Effect.sleep("20 millis")
      // Half a unit to find it, and one to see that it has no messages.
      expect(yield* unitsFor(storage.expireTasks())).toBe(8.5)
    }))
})
