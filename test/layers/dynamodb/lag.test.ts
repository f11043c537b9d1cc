/** What is promised while the indexes lag behind the table: DynamoDB Local has no lag, so that a client makes one. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { describeWithEngine, freshTable } from "./engine.ts"
import { interceptedClient } from "./interceptedClient.ts"
import { taskItemOf } from "./items.ts"
import { open, openThrough } from "./storages.ts"

const tool = { originalMethod: "tools/call" }

/** In milliseconds; may change as time goes by. */
interface Lag {
  millis: number
}

/** A client to which indexes do not show what it created less than the lag ago. */
const laggingClient = (lag: Lag) => {
  const created = new Map<string, number>()
  return interceptedClient(async ({ input, perform }) => {
    if ("Item" in input && input.Item !== undefined && "ConditionExpression" in input) {
      const id = input.Item["taskId"]?.S
      if (id !== undefined) created.set(id, performance.now())
    }
    const output = await perform()
    if (!("IndexName" in input) || !("Items" in output) || output.Items === undefined) return output
    const shown = performance.now() - lag.millis
    const Items = output.Items.filter((item) => {
      const id = item["taskId"]
      return id === undefined || !("S" in id) || (created.get(id.S ?? "") ?? 0) <= shown
    })
    return { ...output, Items, Count: Items.length }
  })
}

/** A client to which the indexes of leases, of free tasks and of workers stay, while they lag, what they were at the first look. */
const rememberingClient = (lag: { readonly isLagging: boolean }) => {
  const remembered = new Map<string, object>()
  return interceptedClient(async ({ input, perform }) => {
    const output = await perform()
    if (!lag.isLagging || !("KeyConditionExpression" in input) || !("IndexName" in input)) return output
    if (!["leases", "free", "byWorker"].includes(input.IndexName ?? "")) return output
    // Whatever time is asked for.
    const values = JSON.stringify(input.ExpressionAttributeValues).replaceAll(/\d{13,}/g, "time")
    const query = `${input.IndexName} ${input.KeyConditionExpression} ${values}`
    const first = remembered.get(query) ?? structuredClone(output)
    remembered.set(query, first)
    return { ...output, ...structuredClone(first) }
  })
}

describeWithEngine("indexes that lag", () => {
  it.live("a task can be read at once, and is listed later", () =>
    Effect.gen(function*() {
      const lag = { millis: Infinity }
      const storage = yield* openThrough(yield* laggingClient(lag), { tableName: yield* freshTable })
      const task = yield* storage.createTask({ ...tool, taskId: "one", sessionId: "s" })
      expect(Option.getOrThrow(yield* storage.getTask("one"))).toEqual(task)
      expect((yield* storage.listTasks()).tasks).toEqual([])
      expect((yield* storage.listTasksForSession("s")).tasks).toEqual([])
      lag.millis = 0
      expect((yield* storage.listTasks()).tasks).toEqual([task])
      expect((yield* storage.listTasksForSession("s")).tasks).toEqual([task])
    }))

  it.live("a list shows tasks as they are now, and none that is gone", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      let remembered: object | undefined
      const client = yield* interceptedClient(async ({ input, perform }) => {
        const output = await perform()
        if (!("IndexName" in input) || input.IndexName !== "all") return output
        // The entries of the index stay what they were when they were first read.
        remembered ??= structuredClone(output)
        return { ...output, ...structuredClone(remembered) }
      })
      const storage = yield* openThrough(client, { tableName, shards: 1 })
      const writer = yield* open({ tableName })
      for (const taskId of ["a", "b", "c"]) yield* writer.createTask({ ...tool, taskId })
      expect((yield* storage.listTasks()).tasks).toHaveLength(3)
      const changed = yield* writer.updateTaskStatus("a", "completed")
      yield* writer.deleteTask("b")
      yield* writer.deleteTask("c")
      yield* Effect.sleep("2 millis")
      yield* writer.createTask({ ...tool, taskId: "c" })
      // The entry of "c" is that of the task before, which was somewhere else in the list.
      expect((yield* storage.listTasks()).tasks).toEqual([changed])
    }))

  it.live("a task that was claimed since is listed as free, and neither given to another worker nor given up", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const lag = { isLagging: false }
      const client = yield* rememberingClient(lag)
      const storage = yield* openThrough(client, { tableName, shards: 1 })
      const worker = yield* open({ tableName })
      for (const taskId of ["a", "b", "c"]) yield* worker.createTask({ ...tool, taskId, lease: 1 })
      yield* Effect.sleep("5 millis")
      yield* worker.claimableTasks()
      lag.isLagging = true
      expect(yield* storage.claimableTasks()).toEqual(["a", "b", "c"])
      const { record } = yield* worker.claimTask("a", { lease: "1 minute" })
      expect(yield* storage.claimableTasks()).toEqual(["a", "b", "c"])
      expect(yield* Effect.flip(storage.claimTask("a", { lease: "1 minute" }))).toMatchObject({ _tag: "LeaseHeld" })
      const claimed = yield* storage.claimTasks({ lease: "1 minute", limit: 1 })
      expect(claimed.map(({ record }) => record.taskId)).toEqual(["b"])
      expect(yield* storage.recoverStuckTasks(0, { leases: "expired" })).toEqual(["c"])
      expect(Option.getOrThrow(yield* worker.getTask("a"))).toEqual(record)
    }))

  /** A storage to which the answer to the first query with such a key comes after something else has happened. */
  const openOvertaken = (tableName: string, key: string, meanwhile: Effect.Effect<unknown>) =>
    Effect.gen(function*() {
      const run = Effect.runPromiseWith(yield* Effect.context())
      const next = [meanwhile]
      const client = yield* interceptedClient(async ({ input, perform }) => {
        const output = await perform()
        const isQuery = "KeyConditionExpression" in input && input.KeyConditionExpression?.includes(`#${key} `)
        const effect = isQuery === true ? next.pop() : undefined
        if (effect !== undefined) await run(effect)
        return output
      })
      return yield* openThrough(client, { tableName })
    })

  it.live("what a dead worker has ended, and what others have claimed since, is not released", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const other = yield* open({ tableName })
      const { workerId: dead } = yield* other.registerWorker({ lease: 1 })
      const { workerId: worker } = yield* other.registerWorker({ lease: "1 minute" })
      for (const taskId of ["ended", "claimed", "left"]) yield* other.createTask({ ...tool, taskId, worker: dead })
      yield* Effect.sleep("5 millis")
      expect(yield* other.declareDeadWorkers()).toEqual([dead])
      const meanwhile = Effect.orDie(Effect.andThen(
        other.claimTask("claimed", { worker }),
        other.settleTask("ended", { _tag: "Success", value: 1 }, { attempt: 1 })
      ))
      const storage = yield* openOvertaken(tableName, "worker", meanwhile)
      expect(yield* storage.endWorker(dead)).toBe(1)
      const find = (taskId: string) => Effect.map(storage.getTask(taskId), Option.getOrThrow)
      expect(yield* find("claimed")).toMatchObject({ revision: 2, attempt: 2, worker })
      expect(yield* find("ended")).toMatchObject({ revision: 2, status: "completed", worker: dead })
      expect(yield* find("left")).toMatchObject({ revision: 2, attempt: 1, worker: dead })
    }))

  it.live("what has become due and was claimed since is not moved among the free tasks", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const other = yield* open({ tableName, shards: 1 })
      const { workerId: worker } = yield* other.registerWorker({ lease: "1 minute" })
      for (const taskId of ["held", "waits"]) yield* other.createTask({ ...tool, taskId, delay: 1 })
      yield* Effect.sleep("5 millis")
      const meanwhile = Effect.orDie(Effect.all([
        other.claimTask("held", { worker }),
        other.claimTask("waits", { worker }),
        other.touchTask("waits", { attempt: 1, delay: "1 hour" })
      ]))
      const storage = yield* openOvertaken(tableName, "place", meanwhile)
      expect(yield* storage.claimableTasks()).toEqual([])
      const [held, waits] = yield* Effect.all([taskItemOf(tableName, "held"), taskItemOf(tableName, "waits")])
      expect([held?.["free"], held?.["place"], waits?.["free"]?.S]).toEqual([undefined, undefined, "~"])
    }))

  it.live("what a worker took at the last moment is found once the index knows of it, though the worker has ended", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      let isLagging = true
      const client = yield* interceptedClient(async ({ input, perform }) => {
        const output = await perform()
        return isLagging && "IndexName" in input && input.IndexName === "byWorker"
          ? { ...output, Items: [], Count: 0 }
          : output
      })
      const storage = yield* openThrough(client, { tableName })
      const { workerId: worker } = yield* storage.registerWorker({ lease: "1 minute" })
      yield* storage.createTask({ ...tool, taskId: "late", worker })
      expect(yield* storage.endWorker(worker)).toBe(0)
      expect(yield* storage.listWorkers()).toMatchObject([{ worker: { workerId: worker }, tasks: 0 }])
      expect(yield* storage.claimableTasks()).toEqual([])
      isLagging = false
      expect(yield* storage.claimableTasks()).toEqual(["late"])
      expect(Option.getOrThrow(yield* storage.getTask("late"))).toMatchObject({ revision: 2, attempt: 1 })
    }))

  it.live("a walk through pages repeats nothing, and skips nothing that is older than the lag", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const lag = { millis: 300 }
      const storage = yield* openThrough(yield* laggingClient(lag), { tableName, shards: 4 })
      const old = Array.from({ length: 40 }, (_, index) => `old-${index}`)
      yield* Effect.forEach(old, (taskId) => storage.createTask({ ...tool, taskId }), { concurrency: 4 })
      yield* Effect.sleep(lag.millis)
      // As many as a walk can catch up with, however fast they are written.
      let count = 0
      const creating = yield* Effect.forkChild(
        Effect.suspend(() => storage.createTask({ ...tool, taskId: `new-${count++}` })).pipe(
          Effect.repeat({ times: 60 })
        )
      )
      const seen: Array<string> = []
      let cursor: string | undefined
      do {
        const page = yield* storage.listTasks({ limit: 7, ...(cursor === undefined ? {} : { cursor }) })
        for (const { taskId } of page.tasks) seen.push(taskId)
        cursor = page.nextCursor
        yield* Effect.sleep("40 millis")
      } while (cursor !== undefined)
      yield* Fiber.interrupt(creating)
      expect(new Set(seen).size).toBe(seen.length)
      expect(seen).toEqual(expect.arrayContaining(old))
      expect(count).toBeGreaterThan(1)
    }))

  it.live("whoever waits in another storage sees the end, without an index", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const waiter = yield* openThrough(yield* laggingClient({ millis: Infinity }), {
        tableName,
        watchInterval: "50 millis"
      })
      const writer = yield* open({ tableName })
      yield* writer.createTask({ ...tool, taskId: "one" })
      const waiting = yield* Effect.forkChild(waiter.awaitTask("one"))
      yield* Effect.sleep("100 millis")
      expect(waiting.pollUnsafe()).toBeUndefined()
      const settled = yield* writer.settleTask("one", { _tag: "Success", value: 1 })
      expect(yield* Fiber.join(waiting)).toEqual(settled)
    }))
})
