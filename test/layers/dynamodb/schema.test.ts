/** How the table is made, verified, trusted and printed. */
import {
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTimeToLiveCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand
} from "@aws-sdk/client-dynamodb"
import { describe, expect, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { createTableInput } from "../../../src/layers/dynamodb/TableDefinition.ts"
import * as DynamoDbTaskStorage from "../../../src/layers/DynamoDbTaskStorage.ts"
import { storedTask } from "../storedTask.ts"
import { bareClient, connection, describeWithEngine, freshTable } from "./engine.ts"
import { interceptedClient, recordingClient } from "./interceptedClient.ts"
import { anyone, driverThrough, unlimited } from "./storages.ts"

const { cloudFormation, makeDriver, tableDefinition, terraform } = DynamoDbTaskStorage

const definitionOf = (tableName: string) => Result.getOrThrow(tableDefinition({ tableName }))

const bare = Effect.acquireRelease(Effect.sync(bareClient), (client) => Effect.sync(() => client.destroy()))

const settingsKey = { pk: { S: "settings" }, sk: { S: "settings" } }

describeWithEngine("the table", () => {
  const optionsOf = (tableName: string) => ({ ...connection(), tableName })
  const reasonOf = (options: Parameters<typeof makeDriver>[0]) =>
    Effect.map(Effect.flip(makeDriver(options)), ({ reason }) => reason)

  it.live("is made once by ten that open it at once, and works for all of them", () =>
    Effect.gen(function*() {
      const options = { ...optionsOf(yield* freshTable), nativeTtl: false }
      const drivers = yield* Effect.all(Array.from({ length: 10 }, () => makeDriver(options)), {
        concurrency: "unbounded"
      })
      yield* Effect.forEach(drivers, (driver, index) => driver.insert(storedTask(`task-${index}`), unlimited, 0))
      for (const driver of drivers) expect(yield* driver.count(anyone(0))).toBe(10)
    }))

  it.live("has DynamoDB's own expiry, unless that is off", () =>
    Effect.gen(function*() {
      const client = yield* bare
      for (const nativeTtl of [true, false]) {
        const tableName = yield* freshTable
        yield* makeDriver({ ...optionsOf(tableName), nativeTtl })
        const { TimeToLiveDescription } = yield* Effect.promise(() =>
          client.send(new DescribeTimeToLiveCommand({ TableName: tableName }))
        )
        expect(TimeToLiveDescription?.TimeToLiveStatus).toBe(nativeTtl ? "ENABLED" : "DISABLED")
        if (nativeTtl) expect(TimeToLiveDescription?.AttributeName).toBe("purgeAt")
      }
    }))

  it.live("is opened while it is being changed, and whatever becomes of an index of somebody else", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      yield* makeDriver(optionsOf(tableName))
      const client = yield* interceptedClient(async ({ perform }) => {
        const output = await perform()
        if (!("Table" in output)) return output
        const { GlobalSecondaryIndexes = [], ...table } = output.Table ?? {}
        const others = [{ IndexName: "of-somebody-else", IndexStatus: "CREATING" as const }]
        return {
          ...output,
          Table: { ...table, TableStatus: "UPDATING", GlobalSecondaryIndexes: [...GlobalSecondaryIndexes, ...others] }
        }
      })
      for (const schema of ["migrate", "verify"] as const) {
        yield* Effect.timeout(driverThrough(client, { tableName, schema }), "60 seconds")
      }
    }))

  it.live("is opened with two reads when it is there", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      yield* makeDriver(optionsOf(tableName))
      for (const schema of ["migrate", "verify"] as const) {
        const commands: Array<string> = []
        yield* driverThrough(yield* recordingClient(commands), { tableName, schema })
        expect(commands).toEqual(["DescribeTableCommand", "GetItemCommand"])
      }
    }))

  it.live("is refused with what it lacks", () =>
    Effect.gen(function*() {
      const client = yield* bare
      const missing = yield* freshTable
      expect(yield* reasonOf({ ...optionsOf(missing), schema: "verify" })).toMatch(`the table ${missing} is missing`)

      const tableName = yield* freshTable
      const { GlobalSecondaryIndexes = [], ...others } = createTableInput(definitionOf(tableName))
      const wrong = GlobalSecondaryIndexes.flatMap((index) => {
        if (index.IndexName === "all") return []
        return index.IndexName === "active"
          ? [{ ...index, Projection: { ProjectionType: "KEYS_ONLY" as const } }]
          : [index]
      })
      yield* Effect.promise(() => client.send(new CreateTableCommand({ ...others, GlobalSecondaryIndexes: wrong })))
      for (const schema of ["migrate", "verify"] as const) {
        expect(yield* reasonOf({ ...optionsOf(tableName), schema })).toMatch(
          /lacks the index all, has too few attributes in its index active/
        )
      }

      const bareTable = yield* freshTable
      yield* Effect.promise(() => client.send(new CreateTableCommand(createTableInput(definitionOf(bareTable)))))
      expect(yield* reasonOf({ ...optionsOf(bareTable), schema: "verify" })).toMatch(/lacks its settings/)
      yield* makeDriver({ ...optionsOf(bareTable), shards: 3 })
      yield* makeDriver({ ...optionsOf(bareTable), schema: "verify" })
    }))

  it.live("keeps the number of shards that it was made with", () =>
    Effect.gen(function*() {
      const client = yield* bare
      const tableName = yield* freshTable
      yield* makeDriver({ ...optionsOf(tableName), shards: 3 })
      expect(yield* reasonOf({ ...optionsOf(tableName), shards: 4 })).toMatch(/3 shards, and the option shards says 4/)
      // Nobody would notice where nobody looks.
      const trusting = makeDriver({ ...optionsOf(tableName), schema: "trust" })
      expect(yield* Effect.flip(trusting)).toMatchObject({ _tag: "InvalidInput", field: "shards" })
      const driver = yield* makeDriver(optionsOf(tableName))
      for (let index = 0; index < 30; index++) yield* driver.insert(storedTask(`task-${index}`), unlimited, 0)
      const { Items = [] } = yield* Effect.promise(() => client.send(new ScanCommand({ TableName: tableName })))
      const partitions = new Set(Items.flatMap(({ partition }) => partition?.S ?? []))
      expect([...partitions].toSorted()).toEqual(["0", "1", "2"])
    }))

  it.live("of a newer library is used if that says so, and refused if not", () =>
    Effect.gen(function*() {
      const client = yield* bare
      const tableName = yield* freshTable
      yield* makeDriver(optionsOf(tableName))
      const set = (version: number, compatibleWith: number) =>
        Effect.promise(() =>
          client.send(
            new UpdateItemCommand({
              TableName: tableName,
              Key: settingsKey,
              UpdateExpression: "SET version = :v, compatibleWith = :c",
              ExpressionAttributeValues: { ":v": { N: String(version) }, ":c": { N: String(compatibleWith) } }
            })
          )
        )
      yield* set(7, 1)
      yield* makeDriver(optionsOf(tableName))
      yield* set(8, 3)
      for (const schema of ["migrate", "verify"] as const) {
        expect(yield* reasonOf({ ...optionsOf(tableName), schema })).toMatch(/version 8.*at least version 3.*upgrade/)
      }
      yield* makeDriver({ ...optionsOf(tableName), schema: "trust", shards: 8 })
    }))

  it.live("with items that somebody else wrote gives errors, not defects", () =>
    Effect.gen(function*() {
      const client = yield* bare
      const tableName = yield* freshTable
      const driver = yield* makeDriver(optionsOf(tableName))
      yield* Effect.promise(() =>
        client.send(
          new PutItemCommand({
            TableName: tableName,
            Item: { pk: { S: "t#one" }, sk: { S: "task" }, revision: { S: "x" } }
          })
        )
      )
      const corrupt = { _tag: "TaskDriverError", retryable: false }
      expect(yield* Effect.flip(driver.find("one", anyone(0)))).toMatchObject(corrupt)
      expect(yield* Effect.flip(driver.patch("one", anyone(0), {}, { lastUpdatedAt: 1 }))).toMatchObject(corrupt)
      yield* Effect.promise(() => client.send(new DeleteItemCommand({ TableName: tableName, Key: settingsKey })))
      expect(yield* reasonOf({ ...optionsOf(tableName), schema: "verify" })).toMatch(/settings/)
    }))

  it.live("can be named by the configuration", () =>
    Effect.gen(function*() {
      const { credentials, endpoint, region } = connection()
      const tableName = yield* freshTable
      const built = yield* Layer.build(
        DynamoDbTaskStorage.layerConfig({
          tableName: Config.String("TABLE"),
          endpoint: Config.String("ENDPOINT"),
          region: Config.String("REGION"),
          credentials: Config.succeed(credentials)
        })
      ).pipe(
        Effect.provide(
          ConfigProvider.layer(ConfigProvider.fromUnknown({ TABLE: tableName, ENDPOINT: endpoint, REGION: region }))
        )
      )
      expect(Context.get(built, TaskStorage).backendName).toBe("dynamodb")
    }))
})

describe("options", () => {
  const wrong = [
    { field: "tableName", options: { tableName: "ab" } },
    { field: "tableName", options: { tableName: "no spaces" } },
    { field: "shards", options: { shards: 0 } },
    { field: "shards", options: { shards: 1_001 } },
    { field: "schema", options: { schema: "guess" } },
    { field: "requestTimeout", options: { requestTimeout: 0 } },
    { field: "retryTimeout", options: { retryTimeout: -1 } },
    { field: "watchInterval", options: { watchInterval: 0 } },
    { field: "region", options: { region: "" } },
    { field: "endpoint", options: { endpoint: "" } },
    { field: "throughput.read", options: { throughput: { read: 0, write: 1 } } }
  ]
  it.effect.each(wrong)("$field is refused: $options", ({ field, options }) =>
    Effect.gen(function*() {
      // @ts-expect-error: code without a compiler
      const error = yield* Effect.flip(makeDriver({ region: "us-east-1", tableName: "tasks", ...options }))
      expect(error).toMatchObject({ _tag: "InvalidInput", field })
    }))
})

describe("printers", () => {
  const definition = definitionOf("mcp-tasks")

  it("CloudFormation has what the table is created from", () => {
    const template = JSON.parse(Result.getOrThrow(cloudFormation({ tableName: "mcp-tasks" })))
    expect(template.Resources.McpTaskTable.Properties).toEqual({
      ...JSON.parse(JSON.stringify(createTableInput(definition))),
      TimeToLiveSpecification: { AttributeName: "purgeAt", Enabled: true }
    })
    const plain = Result.getOrThrow(cloudFormation({ tableName: "mcp-tasks", nativeTtl: false }))
    expect(plain).not.toContain("TimeToLive")
  })

  it("Terraform has each key, attribute and index", () => {
    const text = Result.getOrThrow(terraform({ tableName: "mcp-tasks", throughput: { read: 5, write: 6 } }))
    expect(text).toContain("name         = \"mcp-tasks\"")
    for (const [name, type] of definition.attributes) {
      expect(text).toContain(`  attribute {\n    name = "${name}"\n    type = "${type}"\n  }`)
    }
    const blocks = text.split("global_secondary_index {").slice(1)
    expect(blocks).toHaveLength(definition.indexes.length)
    for (const [index, { hash, include, name, range }] of definition.indexes.entries()) {
      const block = blocks[index] ?? ""
      expect(block).toContain(`name            = "${name}"`)
      const keys = [...block.matchAll(/attribute_name = "(\w+)"\n\s+key_type\s+= "(\w+)"/g)].map((
        [, key, type]
      ) => [key, type])
      expect(keys).toEqual([...hash.map((key) => [key, "HASH"]), ...range.map((key) => [key, "RANGE"])])
      for (const attribute of include) expect(block).toContain(`"${attribute}"`)
      expect(block).toContain("read_capacity  = 5")
    }
    expect(text).toContain("attribute_name = \"purgeAt\"")
  })

  it("refuse what no table can be called", () => {
    expect(Result.isFailure(cloudFormation({ tableName: "x" }))).toBe(true)
    expect(Result.isFailure(terraform({ tableName: "x\"y" }))).toBe(true)
  })
})
