/** That processes of this version and of the one before share a table during a rolling deploy, and that the table is migrated. */
import {
  DescribeTableCommand,
  GetItemCommand,
  ResourceInUseException,
  UpdateTableCommand
} from "@aws-sdk/client-dynamodb"
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as DynamoDbTaskStorage from "../../../src/layers/DynamoDbTaskStorage.ts"
import { earlierProcess, earlierTable } from "./earlier.ts"
import { bareClient, connection, describeWithEngine } from "./engine.ts"
import { interceptedClient, recordingClient } from "./interceptedClient.ts"
import { driverOn, driverThrough, open } from "./storages.ts"

const tool = { originalMethod: "tools/call" }
const success = { _tag: "Success", value: 1 } as const

const bare = Effect.acquireRelease(Effect.sync(bareClient), (client) => Effect.sync(() => client.destroy()))

const indexesOf = Effect.fnUntraced(function*(tableName: string) {
  const client = yield* bare
  const { Table } = yield* Effect.promise(() => client.send(new DescribeTableCommand({ TableName: tableName })))
  return (Table?.GlobalSecondaryIndexes ?? []).map(({ IndexName, IndexStatus }) => `${IndexName} ${IndexStatus}`)
})

const settingsOf = Effect.fnUntraced(function*(tableName: string) {
  const client = yield* bare
  const Key = { pk: { S: "settings" }, sk: { S: "settings" } }
  const { Item } = yield* Effect.promise(() => client.send(new GetItemCommand({ TableName: tableName, Key })))
  return { version: Item?.["version"]?.N, compatibleWith: Item?.["compatibleWith"]?.N }
})

/** Looks as often as it takes to look at all that the version before may have left: a second apart, a partition each time. */
const lookUntil = <A, E>(look: Effect.Effect<ReadonlyArray<A>, E>, count: number) =>
  Effect.gen(function*() {
    let found = yield* look
    for (let round = 0; round < 4 && found.length < count; round++) {
      yield* Effect.sleep("1100 millis")
      found = yield* look
    }
    return found
  })

describeWithEngine("a table of the version before", () => {
  it.live("gets the new indexes, one at a time, and is of the new version then", () =>
    Effect.gen(function*() {
      const tableName = yield* earlierTable
      const commands: Array<string> = []
      yield* driverThrough(yield* recordingClient(commands), { tableName })
      expect(commands.filter((command) => command === "UpdateTableCommand")).toHaveLength(2)
      const indexes = yield* indexesOf(tableName)
      expect(indexes).toHaveLength(9)
      expect(indexes).toEqual(expect.arrayContaining(["free ACTIVE", "byWorker ACTIVE"]))
      expect(indexes.every((index) => index.endsWith(" ACTIVE"))).toBe(true)
      expect(yield* settingsOf(tableName)).toEqual({ version: "2", compatibleWith: "1" })
      // The next one finds everything there.
      commands.length = 0
      yield* driverThrough(yield* recordingClient(commands), { tableName, schema: "verify" })
      expect(commands).toEqual(["DescribeTableCommand", "GetItemCommand"])
    }))

  it.live("gets them once from ten that open it at once", () =>
    Effect.gen(function*() {
      const tableName = yield* earlierTable
      yield* Effect.all(Array.from({ length: 10 }, () => driverOn(tableName)), { concurrency: "unbounded" })
      expect(yield* indexesOf(tableName)).toHaveLength(9)
    }))

  it.live("gets them later while it is being changed by somebody else", () =>
    Effect.gen(function*() {
      const tableName = yield* earlierTable
      let refusals = 2
      const client = yield* interceptedClient(async ({ command, perform }) => {
        if (command === "UpdateTableCommand" && refusals-- > 0) {
          throw new ResourceInUseException({ message: "busy", $metadata: {} })
        }
        return perform()
      })
      yield* driverThrough(client, { tableName })
      expect(yield* indexesOf(tableName)).toHaveLength(9)
    }))

  it.live("is refused with the indexes that it lacks by those who change nothing, and by those who may not", () =>
    Effect.gen(function*() {
      const tableName = yield* earlierTable
      const verify = DynamoDbTaskStorage.makeDriver({ ...connection(), tableName, schema: "verify" })
      expect((yield* Effect.flip(verify)).reason).toMatch(/lacks the index free, lacks the index byWorker/)
      const client = yield* bare
      // With an index that is there under the same name and is another one, nothing is added either.
      yield* Effect.promise(() =>
        client.send(
          new UpdateTableCommand({
            TableName: tableName,
            AttributeDefinitions: [{ AttributeName: "free", AttributeType: "S" }],
            GlobalSecondaryIndexUpdates: [{
              Create: {
                IndexName: "free",
                KeySchema: [{ AttributeName: "free", KeyType: "HASH" }],
                Projection: { ProjectionType: "KEYS_ONLY" }
              }
            }]
          })
        )
      )
      while ((yield* indexesOf(tableName)).some((index) => !index.endsWith(" ACTIVE"))) yield* Effect.sleep("50 millis")
      const migrate = DynamoDbTaskStorage.makeDriver({ ...connection(), tableName })
      expect((yield* Effect.flip(migrate)).reason).toMatch(
        /lacks the index byWorker, has other keys in its index free/
      )
      expect(yield* indexesOf(tableName)).toHaveLength(8)
    }))
}, { concurrent: true })

describeWithEngine("beside a process of the version before", () => {
  const setUp = Effect.gen(function*() {
    const tableName = yield* earlierTable
    const earlier = yield* earlierProcess(tableName)
    return { earlier, tableName }
  })

  it.live("what it had left to be done before the deploy is found", () =>
    Effect.gen(function*() {
      const { earlier, tableName } = yield* setUp
      yield* earlier.create("free", { lease: 0 })
      yield* earlier.create("free of ann", { lease: 0, sessionId: "ann", name: "search" })
      yield* earlier.create("held", { lease: Date.now() + 60_000 })
      yield* earlier.create("abandoned", { lease: 1 })
      yield* earlier.create("nobody's", {})
      const storage = yield* open({ tableName })
      const found = yield* storage.claimableTasks()
      expect(found.toSorted()).toEqual(["abandoned", "free", "free of ann"])
      const kinds = [{ method: "tools/call", name: "search" }]
      expect(yield* storage.claimableTasks({ kinds })).toEqual(["free of ann"])
      const [claimed] = yield* storage.claimTasks({ lease: "1 minute", kinds })
      expect(claimed).toMatchObject({ abandoned: false, record: { taskId: "free of ann", attempt: 1 } })
    }))

  it.live("what it leaves later is found too, whoever had created it", () =>
    Effect.gen(function*() {
      const { earlier, tableName } = yield* setUp
      const storage = yield* open({ tableName })
      expect(yield* storage.claimableTasks()).toEqual([])
      yield* earlier.create("new one", { lease: 0 })
      yield* storage.createTask({ ...tool, taskId: "plain" })
      yield* earlier.claim("plain", 1, Date.now() - 1)
      yield* storage.createTask({ ...tool, taskId: "taken", lease: 0 })
      yield* earlier.claim("taken", 1, Date.now() + 60_000)
      yield* storage.createTask({ ...tool, taskId: "released", lease: 0 })
      yield* earlier.claim("released", 1, Date.now() + 60_000)
      yield* earlier.release("released")
      const found = yield* lookUntil(storage.claimableTasks(), 3)
      expect(found.toSorted()).toEqual(["new one", "plain", "released"])
    }))

  it.live("nobody takes what either of them holds", () =>
    Effect.gen(function*() {
      const { earlier, tableName } = yield* setUp
      const storage = yield* open({ tableName })
      const { workerId: worker } = yield* storage.registerWorker({ lease: 1 })
      yield* earlier.create("theirs", { lease: 0 })
      yield* earlier.claim("theirs", 1, Date.now() + 60_000)
      yield* storage.createTask({ ...tool, taskId: "taken by them", lease: 0 })
      yield* earlier.claim("taken by them", 1, Date.now() + 60_000)
      const ours = yield* storage.createTask({ ...tool, taskId: "ours", worker })
      for (let round = 0; round < 3; round++) {
        expect(yield* storage.claimableTasks()).toEqual([])
        expect(yield* storage.claimTasks({ lease: "1 minute" })).toEqual([])
        expect(yield* storage.recoverStuckTasks(0, { leases: "expired" })).toEqual([])
        yield* Effect.sleep("1100 millis")
      }
      for (const taskId of ["theirs", "taken by them", "ours"]) {
        expect(yield* Effect.flip(storage.claimTask(taskId, { lease: 1 }))).toMatchObject({ _tag: "LeaseHeld" })
      }
      // It sees a lease that does not end before those who know of workers are gone.
      expect(Option.getOrThrow(yield* storage.getTask("ours"))).toEqual(ours)
    }))

  it.live("its end of a task that a worker holds is an end, and leaves nothing to be found", () =>
    Effect.gen(function*() {
      const { earlier, tableName } = yield* setUp
      const storage = yield* open({ tableName })
      const { workerId: worker } = yield* storage.registerWorker({ lease: "1 minute" })
      yield* storage.createTask({ ...tool, taskId: "held", worker })
      yield* storage.createTask({ ...tool, taskId: "free", lease: 0 })
      for (const taskId of ["held", "free"]) yield* earlier.end(taskId)
      expect(yield* Effect.flip(storage.settleTask("held", success, { attempt: 1 }))).toMatchObject({
        _tag: "TerminalState"
      })
      expect((yield* storage.listWorkers()).map(({ tasks }) => tasks)).toEqual([0])
      expect(yield* storage.endWorker(worker)).toBe(0)
      expect(yield* storage.claimableTasks()).toEqual([])
    }))

  it.live("a task of it is claimed by a worker, released, delayed and abandoned like any other", () =>
    Effect.gen(function*() {
      const { earlier, tableName } = yield* setUp
      const storage = yield* open({ tableName })
      const { workerId: worker } = yield* storage.registerWorker({ lease: "1 minute" })
      for (const taskId of ["released", "delayed", "left"]) {
        yield* earlier.create(taskId, { lease: 0 })
        yield* storage.claimTask(taskId, { worker })
      }
      yield* storage.touchTask("released", { delay: 0, attempt: 1 })
      expect(yield* storage.claimableTasks()).toEqual(["released"])
      yield* storage.touchTask("delayed", { delay: 5, attempt: 1 })
      yield* Effect.sleep("10 millis")
      expect(yield* storage.claimableTasks()).toEqual(["released", "delayed"])
      expect(yield* storage.endWorker(worker)).toBe(1)
      const claimed = yield* storage.claimTasks({ lease: "1 minute" })
      expect(claimed.map(({ abandoned, record }) => [record.taskId, abandoned])).toEqual([
        ["released", false],
        ["delayed", false],
        ["left", true]
      ])
    }))
}, { concurrent: true })
