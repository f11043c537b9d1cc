/** That a look at a table finds each fault, says what to do, mends what is safe, and then finds nothing; and what it costs. */
import {
  type AttributeValue,
  CreateTableCommand,
  DescribeTableCommand,
  PutItemCommand,
  UpdateItemCommand,
  UpdateTableCommand,
  UpdateTimeToLiveCommand
} from "@aws-sdk/client-dynamodb"
import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { inspectUrl, planMigration } from "mcp-task-storage"
import { setTimeout } from "node:timers/promises"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { earlierTable } from "./earlier.ts"
import { bareClient, connection, describeWithEngine, freshTable } from "./engine.ts"
import { recordingClient } from "./interceptedClient.ts"
import { deleteItem, itemsOf, partsOf, putItem, taskItemOf } from "./items.ts"
import { randomText } from "./randomText.ts"
import { open, openThrough } from "./storages.ts"

const bare = Effect.acquireRelease(Effect.sync(bareClient), (client) => Effect.sync(() => client.destroy()))

type Item = Record<string, AttributeValue>

interface Case {
  readonly name: string
  /** Breaks a table. Tasks are counted if the case is about counts. */
  readonly harm: (tableName: string, storage: TaskStorageShape) => Effect.Effect<unknown, TaskStorageError>
  readonly found: ReadonlyArray<readonly [code: string, problem: RegExp, advice: RegExp]>
  readonly mends: boolean
  readonly limits?: boolean
  readonly shallow?: boolean
  readonly behind?: number
}

const change = (tableName: string, pk: string, sk: string, expression: string, values: Item = {}) =>
  Effect.gen(function*() {
    const client = yield* bare
    const names = Object.fromEntries(Array.from(expression.matchAll(/#(\w+)/g), ([alias, name = ""]) => [alias, name]))
    yield* Effect.promise(() =>
      client.send(
        new UpdateItemCommand({
          TableName: tableName,
          Key: { pk: { S: pk }, sk: { S: sk } },
          UpdateExpression: expression,
          ExpressionAttributeNames: names,
          ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values })
        })
      )
    )
  }).pipe(Effect.scoped)

/** Waits until nothing of a table is being changed. */
const atRest = (tableName: string) =>
  Effect.gen(function*() {
    const client = yield* bare
    yield* Effect.promise(async () => {
      while (true) {
        const { Table } = await client.send(new DescribeTableCommand({ TableName: tableName }))
        const { GlobalSecondaryIndexes = [], TableStatus } = Table ?? {}
        if (
          TableStatus === "ACTIVE" && GlobalSecondaryIndexes.every(({ IndexStatus }) => IndexStatus === "ACTIVE")
        ) return
        await setTimeout(50)
      }
    })
  }).pipe(Effect.scoped)

const large = randomText(900_000)

const cases: ReadonlyArray<Case> = [
  { name: "nothing", harm: () => Effect.void, found: [], mends: true, limits: true },
  {
    name: "a missing index",
    harm: (tableName) =>
      Effect.gen(function*() {
        const client = yield* bare
        const GlobalSecondaryIndexUpdates = [{ Delete: { IndexName: "byWorker" } }]
        yield* Effect.promise(() =>
          client.send(new UpdateTableCommand({ TableName: tableName, GlobalSecondaryIndexUpdates }))
        )
        yield* atRest(tableName)
      }).pipe(Effect.scoped),
    found: [["index", /lacks the index byWorker\.$/, /^Add it with fix/]],
    mends: true,
    shallow: true
  },
  {
    name: "an older schema",
    harm: (tableName) => change(tableName, "settings", "settings", "SET #version = :one", { ":one": { N: "1" } }),
    found: [["schema", /^The table is of schema version 1, and this library needs/, /schema "migrate"/]],
    mends: false
  },
  {
    name: "a newer schema that needs a newer library",
    harm: (tableName) =>
      change(tableName, "settings", "settings", "SET #version = :n, #compatibleWith = :n", { ":n": { N: "99" } }),
    found: [["schema", /^The table is of schema version 99, which needs a library of at least version 99/, /^Upgrade/]],
    mends: false
  },
  {
    name: "no settings",
    harm: (tableName) => deleteItem(tableName, { pk: { S: "settings" }, sk: { S: "settings" } }),
    found: [["settings", /lacks its settings/, /number of shards/]],
    mends: false
  },
  {
    name: "parts without a task",
    harm: (tableName, storage) =>
      Effect.gen(function*() {
        yield* storage.createTask({ originalMethod: "m", taskId: "large" })
        yield* storage.settleTask("large", { _tag: "Success", value: large })
        yield* storage.createTask({ originalMethod: "m", taskId: "kept" })
        yield* storage.settleTask("kept", { _tag: "Success", value: large })
        yield* deleteItem(tableName, { pk: { S: "t#large" }, sk: { S: "task" } })
        yield* putItem(tableName, { pk: { S: "t#kept" }, sk: { S: "part#old#0" }, body: { S: "x" } })
        yield* putItem(tableName, { pk: { S: "m#queue" }, sk: { S: "part#old#0" }, body: { S: "x" } })
      }),
    found: [["parts", /^\d parts of payloads belong to no task or message\.$/, /^Somebody deleted/]],
    mends: true
  },
  {
    name: "messages without a task",
    harm: (_, storage) =>
      Effect.gen(function*() {
        yield* storage.createTask({ originalMethod: "m", taskId: "one" })
        yield* storage.messages.enqueue("gone", "lost")
        yield* storage.messages.enqueue("gone", large.slice(0, 400_000))
        yield* storage.messages.enqueue("one", "kept")
      }),
    found: [["messages", /^2 messages wait for tasks that are not there\.$/, /^Nobody will fetch them/]],
    mends: true
  },
  {
    name: "tasks that were created before there were limits",
    harm: (tableName, storage) =>
      Effect.gen(function*() {
        const before = yield* open({ tableName })
        yield* before.createTask({ originalMethod: "m", taskId: "one", sessionId: "s", ttl: 3_600_000 })
        yield* before.createTask({ originalMethod: "m", taskId: "two" })
        yield* before.settleTask("two", { _tag: "Success", value: large })
        yield* storage.createTask({ originalMethod: "m", taskId: "three", sessionId: "s" })
      }).pipe(Effect.scoped),
    found: [["counters", /^2 tasks are not counted for the limits/, /^More tasks are let in/]],
    mends: true,
    limits: true
  },
  {
    name: "wrong counters",
    harm: (tableName, storage) =>
      Effect.gen(function*() {
        yield* storage.createTask({ originalMethod: "m", taskId: "one", sessionId: "s" })
        yield* change(tableName, "c#total", "count", "SET #tasks = :n", { ":n": { N: "7" } })
        yield* deleteItem(tableName, { pk: { S: "c#session#s" }, sk: { S: "count" } })
        yield* putItem(tableName, { pk: { S: "c#session#gone" }, sk: { S: "count" }, tasks: { N: "2" } })
      }),
    found: [["counters", /^3 counters of limits are wrong/, /^Tasks are refused/]],
    mends: true,
    limits: true
  },
  {
    name: "items that break the rules",
    harm: (tableName, storage) =>
      Effect.gen(function*() {
        for (const taskId of ["one", "two", "three", "four"]) yield* storage.createTask({ originalMethod: "m", taskId })
        yield* storage.settleTask("four", { _tag: "Success", value: large })
        const [part = {}] = yield* partsOf(tableName)
        yield* deleteItem(tableName, part)
        yield* change(tableName, "t#one", "task", "SET #status = :s", { ":s": { S: "completed" } })
        yield* change(tableName, "t#two", "task", "SET #meta = :s", { ":s": { S: "{" } })
        yield* change(tableName, "t#three", "task", "SET #ttl = :n", { ":n": { N: "0" } })
      }),
    found: [
      ["rows", /^2 tasks cannot be read/, /delete the task by its id/],
      ["rows", /^1 task has a number out of its range/, /./],
      ["rows", /^1 task has ended without an outcome/, /settleTask/]
    ],
    mends: false
  },
  {
    name: "the tasks of a dead worker",
    harm: (_, storage) =>
      Effect.gen(function*() {
        const { workerId } = yield* storage.registerWorker({ lease: 1 })
        yield* storage.createTask({ originalMethod: "m", taskId: "held", worker: workerId })
        yield* Effect.sleep(5)
        yield* storage.declareDeadWorkers()
      }),
    found: [["workers", /^1 dead worker holds 1 task\.$/, /free them with fix/]],
    mends: true,
    shallow: true
  },
  {
    name: "a clock that is behind",
    harm: () => Effect.void,
    found: [["clock", /^The clock of the engine is (8|9|10)\.\d s ahead/, /NTP/]],
    mends: false,
    shallow: true,
    behind: 9_500
  }
]

const behind = (millis: number) =>
  Effect.map(Clock.Clock, (clock): Clock.Clock => ({
    currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - millis,
    currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now - millis),
    currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() - BigInt(millis) * 1_000_000n,
    currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now - BigInt(millis) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }))

/** The URL of a table of the engine, and the options with which it is reached. */
const reached = (tableName: string, nativeTtl = false) => {
  const { credentials, endpoint, region } = connection()
  return {
    url: `dynamodb://${tableName}?region=${region}&endpoint=${encodeURIComponent(String(endpoint))}`,
    options: { dynamodb: { credentials, nativeTtl } }
  }
}

describeWithEngine("a look at a table", () => {
  for (const { behind: late = 0, found, harm, limits = false, mends, name, shallow = false } of cases) {
    it.live(`finds ${name}`, () =>
      Effect.gen(function*() {
        const tableName = yield* freshTable
        const storage = yield* open({
          tableName,
          shards: 2,
          ...(limits ? { maxTasks: 100, maxTasksPerSession: 50 } : {})
        })
        yield* harm(tableName, storage)
        const { options, url } = reached(tableName)
        const look = (fix: boolean) =>
          Effect.provideServiceEffect(inspectUrl(url, { fix, deep: !shallow }, options), Clock.Clock, behind(late))
        for (const fix of [false, true]) {
          const { findings } = yield* look(fix)
          assert.lengthOf(findings, found.length, JSON.stringify(findings))
          for (const [code, problem, advice] of found) {
            const finding = findings.find((finding) => finding.code === code && problem.test(finding.problem))
            assert.match(finding?.advice ?? "", advice, JSON.stringify(findings))
            if (!fix) assert.notProperty(finding, "fixed")
            else if (mends) assert.deepInclude(finding, { fixable: true, fixed: true })
          }
        }
        const { findings } = yield* look(true)
        if (mends) assert.deepStrictEqual(findings, [])
        else assert.isNotEmpty(findings)
      }))
  }

  it.live("removes nothing that belongs to a task, and counts what it counted", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const before = yield* open({ tableName })
      yield* before.createTask({ originalMethod: "m", taskId: "one", sessionId: "s", ttl: 3_600_000 })
      yield* before.settleTask("one", { _tag: "Success", value: large })
      const limited = yield* open({ tableName, maxTasks: 2, maxTasksPerSession: 2 })
      yield* limited.createTask({ originalMethod: "m", taskId: "two", sessionId: "s" })
      const parts = yield* partsOf(tableName)
      yield* limited.inspectStore({ fix: true, deep: true })
      assert.deepStrictEqual(
        (yield* partsOf(tableName)).map(({ body, pk, sk }) => ({ body, pk, sk })),
        parts.map(({ body, pk, sk }) => ({ body, pk, sk }))
      )
      const item = yield* taskItemOf(tableName, "one")
      assert.deepInclude(item, { counted: { BOOL: true } })
      assert.notProperty(item, "purgeAt")
      for (const part of yield* partsOf(tableName)) assert.notProperty(part, "purgeAt")
      assert.strictEqual(
        (yield* Effect.flip(limited.createTask({ originalMethod: "m", sessionId: "s" })))._tag,
        "MaxTasksReached"
      )
      assert.isTrue(yield* limited.deleteTask("one"))
      yield* limited.createTask({ originalMethod: "m", sessionId: "s" })
    }))

  it.live("says that there is no table, and makes none", () =>
    Effect.gen(function*() {
      const { options, url } = reached(yield* freshTable)
      for (const fix of [false, true]) {
        const report = yield* inspectUrl(url, { fix, deep: true }, options)
        assert.deepInclude(report.findings[0], { code: "schema", severity: "error", fixable: false })
        assert.lengthOf(report.findings, 1)
      }
    }))

  it.live("turns on the expiry of DynamoDB, where it should be on", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      yield* open({ tableName })
      const { options, url } = reached(tableName, true)
      const [finding] = (yield* inspectUrl(url, {}, options)).findings
      assert.deepInclude(finding, { code: "settings", severity: "warning", fixable: true })
      assert.deepInclude((yield* inspectUrl(url, { fix: true }, options)).findings[0], { fixed: true })
      assert.deepStrictEqual((yield* inspectUrl(url, { fix: true }, options)).findings, [])
    }))

  it.live("scans the table but for a deep look, and says before what that costs", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const sent: Array<string> = []
      const client = yield* recordingClient(sent)
      const storage = yield* openThrough(client, { tableName })
      yield* storage.createTask({ originalMethod: "m" })
      sent.length = 0
      const report = yield* storage.inspectStore()
      assert.isAbove(report.deepCost?.items ?? 0, 0)
      assert.isAbove(report.deepCost?.readUnits ?? 0, 0)
      assert.notInclude(sent, "ScanCommand")
      assert.isAtMost(sent.length, 6)
      const deep = yield* storage.inspectStore({ deep: true })
      assert.notProperty(deep, "deepCost")
      assert.include(sent, "ScanCommand")
    }))
})

describeWithEngine("the plan of a migration of a table", () => {
  const run = (statements: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const client = yield* bare
      for (const statement of statements) {
        const [, name, input = "{}"] = /^aws dynamodb (\S+) --cli-input-json '([^']*)'$/.exec(statement) ?? []
        const parsed = JSON.parse(input)
        yield* Effect.promise(async () => {
          switch (name) {
            case "create-table":
              return client.send(new CreateTableCommand(parsed))
            case "update-table":
              return client.send(new UpdateTableCommand(parsed))
            case "update-time-to-live":
              return client.send(new UpdateTimeToLiveCommand(parsed))
            case "put-item":
              return client.send(new PutItemCommand(parsed))
            case "update-item":
              return client.send(new UpdateItemCommand(parsed))
            case undefined:
              assert.match(
                statement,
                /^(aws dynamodb wait table-exists|until aws dynamodb describe-table) --table-name \S+/
              )
              return undefined
            default:
              return assert.fail(`${name} is not expected`)
          }
        })
        if (name === undefined) yield* atRest(/--table-name (\S+)/.exec(statement)?.[1] ?? "")
      }
    }).pipe(Effect.scoped)

  for (const [name, table] of [["a new table", freshTable], ["a table of the first version", earlierTable]] as const) {
    it.live(`brings ${name} up to date`, () =>
      Effect.gen(function*() {
        const tableName = yield* table
        const { options, url } = reached(tableName, true)
        const plan = yield* planMigration(url, options)
        assert.isFalse(plan.isUpToDate)
        yield* run(plan.statements)
        assert.deepInclude(yield* planMigration(url, options), {
          backend: "dynamodb",
          isUpToDate: true,
          statements: [],
          version: 2
        })
        const storage = yield* open({ tableName, schema: "verify" })
        yield* storage.createTask({ originalMethod: "m", taskId: "one" })
        assert.deepStrictEqual(
          (yield* inspectUrl(url, { deep: true }, { dynamodb: { ...options.dynamodb, nativeTtl: false } })).findings,
          []
        )
        assert.isNotEmpty(yield* itemsOf(tableName))
      }))
  }
})
