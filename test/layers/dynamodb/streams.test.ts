/** That the records of a table's stream decode to the tasks that were written, and nothing else does. */
import { assert, describe, expect, it, test } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { openTaskRunner } from "mcp-task-storage/promise"
import { decodeStreamRecord, type StreamedTask, type StreamRecord } from "../../../src/layers/DynamoDbTaskStorage.ts"
import { connection, describeWithEngine, freshTable } from "./engine.ts"
import { randomText } from "./randomText.ts"
import { open } from "./storages.ts"
import { streamOf } from "./stream.ts"

const tool = { originalMethod: "tools/call" }

const decodeAll = (records: ReadonlyArray<StreamRecord>): ReadonlyArray<StreamedTask> =>
  records.flatMap((record) => Option.toArray(decodeStreamRecord(record)))

describeWithEngine("the stream of a table", () => {
  it.live("tells each state of a task, as it is read from the table", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName })
      const readStream = yield* streamOf(tableName)
      const states = [
        yield* storage.createTask({
          ...tool,
          taskId: "one",
          sessionId: "ada",
          originalParams: { a: "\ud800" },
          meta: { b: null },
          principal: { user: "ada" },
          ttl: "1 day",
          pollInterval: 5,
          lease: 0
        }),
        (yield* storage.claimTask("one", { lease: "1 minute" })).record,
        yield* storage.storeTaskStep("one", "step", 1, { attempt: 1 }),
        yield* storage.requireInput("one", { who: { method: "roots/list" } }, { attempt: 1, lease: 0 }),
        (yield* storage.provideInput("one", { who: "Ada" })).record,
        (yield* storage.claimTask("one", { lease: "1 minute" })).record,
        yield* storage.settleTask("one", { _tag: "Success", value: { content: [] } }, { attempt: 2 })
      ]
      yield* storage.deleteTask("one")
      const decoded = decodeAll(yield* Effect.promise(readStream))
      assert.deepStrictEqual(decoded.flatMap(({ record }) => record ?? []), states)
      expect(decoded.map(({ isRemoved, isWaiting, taskId }) => [taskId, isWaiting, isRemoved])).toEqual([
        ["one", true, false],
        ["one", false, false],
        ["one", false, false],
        ["one", false, false],
        ["one", true, false],
        ["one", false, false],
        ["one", false, false],
        ["one", false, true]
      ])
      const listed = decoded.flatMap(({ summary }) => summary ?? [])
      expect(listed.map(({ status }) => status)).toEqual(states.map(({ status }) => status))
    }))

  it.live("tells that a task waits once it is due, or its worker is dead, and somebody has looked for such tasks", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName })
      const readStream = yield* streamOf(tableName)
      /** The last that the stream tells of each task. */
      const waiting = Effect.map(
        Effect.promise(readStream),
        (records) => Object.fromEntries(decodeAll(records).map(({ isWaiting, taskId }) => [taskId, isWaiting]))
      )
      const { workerId: worker } = yield* storage.registerWorker({ lease: 1 })
      yield* storage.createTask({ ...tool, taskId: "delayed", delay: 20 })
      yield* storage.createTask({ ...tool, taskId: "held", worker })
      expect(yield* waiting).toEqual({ delayed: false, held: false })
      yield* Effect.sleep("30 millis")
      yield* storage.declareDeadWorkers()
      yield* storage.claimableTasks()
      expect(yield* waiting).toEqual({ delayed: true, held: true })
      yield* storage.claimTask("held", { lease: "1 minute" })
      expect(yield* waiting).toEqual({ delayed: true, held: false })
    }))

  it.live("names tasks whose payloads are elsewhere, without them", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName })
      const readStream = yield* streamOf(tableName)
      yield* storage.createTask({ ...tool, taskId: "compressed", originalParams: "all work ".repeat(55_000), lease: 0 })
      yield* storage.createTask({ ...tool, taskId: "split", originalParams: randomText(500_000), lease: 0 })
      const decoded = decodeAll(yield* Effect.promise(readStream))
      expect(decoded).toMatchObject(
        ["compressed", "split"].map((taskId) => ({
          taskId,
          isWaiting: true,
          record: undefined,
          summary: { taskId, status: "working", ...tool }
        }))
      )
    }))

  it.live("has other things in it, which are no tasks", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName, maxTasks: 5, maxTasksPerSession: 5 })
      const readStream = yield* streamOf(tableName)
      yield* storage.createTask({ ...tool, taskId: "one", sessionId: "ada" })
      yield* storage.messages.enqueue("one", { hello: "world" })
      yield* storage.messages.dequeue("one")
      const records = yield* Effect.promise(readStream)
      expect(records.length).toBeGreaterThan(3)
      expect(decodeAll(records).map(({ taskId }) => taskId)).toEqual(["one"])
    }))

  it.live("wakes a runner, as in Lambda", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const storage = yield* open({ tableName })
      const readStream = yield* streamOf(tableName)
      const { credentials, ...rest } = connection()
      const url = `dynamodb://${tableName}?region=${rest.region}&endpoint=${encodeURIComponent(rest.endpoint)}`
      yield* Effect.promise(async () => {
        const options = { recovery: false, dynamodb: { credentials }, maintenance: false } as const
        await using server = await openTaskRunner(url, { ...options, dispatch: () => {} })
        await using worker = await openTaskRunner(url, options)
        worker.register({
          method: "tools/call",
          run: (_, { suspend }) => suspend({ who: { method: "roots/list" } })
        })
        const handle = async () => {
          const waiting = decodeAll(await readStream()).filter(({ isWaiting }) => isWaiting)
          return Promise.all(waiting.map(({ taskId }) => worker.runTask(taskId, { timeout: 10_000 })))
        }
        const { taskId } = await server.startTask(tool)
        expect(await handle()).toEqual(["suspended"])
        await server.provideInput(taskId, { who: "Ada" })
        // The stream is read from its beginning, so the first record is there once more.
        expect((await handle()).toSorted()).toEqual(["settled", "skipped"])
        expect(await server.storage.getTask(taskId)).toMatchObject({ result: { value: { who: "Ada" } } })
      })
      assert.strictEqual(yield* storage.taskCount(), 1)
    }))
})

describe("records of another make", () => {
  const key = { pk: { S: "t#one" }, sk: { S: "task" } }

  test.each([
    {},
    { dynamodb: {} },
    { dynamodb: { Keys: {} } },
    { dynamodb: { Keys: { pk: { S: "t#one" }, sk: { S: "part#1" } } } },
    { dynamodb: { Keys: { pk: { N: "1" }, sk: { S: "task" } } } },
    { dynamodb: { Keys: { pk: "t#one", sk: "task" } } },
    { dynamodb: { NewImage: { pk: null } } }
  ])("%j is no task", (record) => {
    expect(decodeStreamRecord(record)).toEqual(Option.none())
  })

  test.each([
    { dynamodb: { Keys: key } },
    { eventName: "INSERT", dynamodb: { Keys: key, NewImage: key } },
    { eventName: "MODIFY", dynamodb: { Keys: key, NewImage: { ...key, status: { S: "strange" } } } },
    { eventName: "MODIFY", dynamodb: { NewImage: { ...key, originalMethod: { B: "eNo=" } } } }
  ])("%j is one that has to be read", (record) => {
    expect(decodeStreamRecord(record)).toEqual(
      Option.some({ taskId: "one", isRemoved: false, isWaiting: false, record: undefined, summary: undefined })
    )
  })

  test("a removed one is no more than its id", () => {
    expect(decodeStreamRecord({ eventName: "REMOVE", dynamodb: { Keys: key } })).toEqual(
      Option.some({ taskId: "one", isRemoved: true, isWaiting: false, record: undefined, summary: undefined })
    )
  })
})
