/** Options that are wrong fail the layer with `InvalidInput`, also where no compiler refuses them. */
import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { type InvalidInput, layerFromUrl, TaskStorage } from "mcp-task-storage"
import * as DynamoDbTaskStorage from "mcp-task-storage/dynamodb"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import * as PostgresTaskStorage from "mcp-task-storage/postgres"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"

const layers = { memory: MemoryTaskStorage.layer, sqlite: SqliteTaskStorage.layer, layerFromUrl }

const wrong: ReadonlyArray<readonly [layer: keyof typeof layers, args: ReadonlyArray<unknown>, field: string]> = [
  ["memory", [null], "options"],
  ["memory", [5], "options"],
  ["memory", [{ generateId: 5 }], "generateId"],
  ["memory", [{ maxTasks: 0 }], "maxTasks"],
  ["memory", [{ maxTtl: "soon" }], "maxTtl"],
  ["memory", [{ maxPageSize: 1.5 }], "maxPageSize"],
  ["memory", [{ maxPayloadBytes: 2 ** 40 }], "maxPayloadBytes.outcome"],
  ["memory", [{ maintenance: { interval: -1 } }], "maintenance.interval"],
  ["sqlite", [], "options"],
  ["sqlite", [null], "options"],
  ["sqlite", [{}], "filename"],
  ["sqlite", [{ filename: ":memory:", schema: "Verify" }], "schema"],
  ["sqlite", [{ filename: ":memory:", synchronous: "FULL" }], "synchronous"],
  ["sqlite", [{ filename: ":memory:", tablePrefix: null }], "tablePrefix"],
  ["sqlite", [{ filename: ":memory:", lockTimeout: -1 }], "lockTimeout"],
  ["layerFromUrl", ["memory:", null], "options"],
  ["layerFromUrl", [undefined], "url"]
]

describe("a layer refuses", () => {
  it.effect.each(wrong)("%j", ([layer, args, field]) =>
    Effect.gen(function*() {
      const made: ReturnType<typeof SqliteTaskStorage.layer> = Reflect.apply(layers[layer], undefined, args)
      const exit = yield* Effect.exit(Layer.build(made))
      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toMatchObject({ _tag: "InvalidInput", field })
    }))
})

type Opening = Effect.Effect<unknown, InvalidInput>

/** Builds a layer as plain JavaScript does, with anything at all. */
const build = (layer: CallableFunction, ...args: ReadonlyArray<unknown>): Opening =>
  Effect.scoped(Layer.build(Reflect.apply(layer, undefined, args)))

const open = (make: CallableFunction, ...args: ReadonlyArray<unknown>): Opening =>
  Effect.scoped(Reflect.apply(make, undefined, args))

/** Each entry to a layer with a misspelt option, the field that is refused, and the name that was meant. */
const misspelt: ReadonlyArray<readonly [entry: string, make: () => Opening, field: string, meant: string]> = [
  ["memory", () => build(MemoryTaskStorage.layer, { maxTask: 1 }), "maxTask", "maxTasks"],
  [
    "memory, nested",
    () => build(MemoryTaskStorage.layer, { maintenance: { intervall: "1 minute" } }),
    "maintenance.intervall",
    "interval"
  ],
  [
    "memory, nested twice",
    () => build(MemoryTaskStorage.layer, { maxPayloadBytes: { outcomes: 1 } }),
    "maxPayloadBytes.outcomes",
    "outcome"
  ],
  ...[SqliteTaskStorage.layer, SqliteTaskStorage.layerSqlClient].map((layer) =>
    [
      "sqlite",
      () => build(layer, { filename: ":memory:", synchronus: "full" }),
      "synchronus",
      "synchronous"
    ] as const
  ),
  [
    "sqlite, a client of its user",
    () => build(SqliteTaskStorage.layerClient, { tablePrefx: "x_" }),
    "tablePrefx",
    "tablePrefix"
  ],
  [
    "postgres",
    () => build(PostgresTaskStorage.layer, { maxConnection: 1 }),
    "maxConnection",
    "maxConnections"
  ],
  [
    "postgres, nested",
    () => build(PostgresTaskStorage.layer, { ssl: { rejectUnauthorised: true } }),
    "ssl.rejectUnauthorised",
    "rejectUnauthorized"
  ],
  [
    "postgres, a client of its user",
    () => build(PostgresTaskStorage.layerClient, { notification: false }),
    "notification",
    "notifications"
  ],
  [
    "dynamodb",
    () => build(DynamoDbTaskStorage.layer, { tableName: "tasks", endpont: "http://127.0.0.1:1" }),
    "endpont",
    "endpoint"
  ],
  [
    "dynamodb, a client of its user",
    () => build(DynamoDbTaskStorage.layerClient, { tableName: "tasks", shard: 1 }),
    "shard",
    "shards"
  ],
  [
    "dynamodb, nested",
    () =>
      Effect.fromResult(Reflect.apply(DynamoDbTaskStorage.tableDefinition, undefined, [{
        tableName: "tasks",
        throughput: { read: 1, write: 1, wirte: 2 }
      }])),
    "throughput.wirte",
    "write"
  ],
  ["a URL", () => build(layerFromUrl, "memory:", { maxTtll: 1 }), "maxTtll", "maxTtl"],
  [
    "a URL, beside the engine's own",
    () => build(layerFromUrl, "sqlite::memory:", { synchronous: "full" }),
    "synchronous",
    "sqlite\\.synchronous"
  ],
  [
    "a URL, of several engines",
    () => build(layerFromUrl, "memory:", { tablePrefix: "my_" }),
    "tablePrefix",
    "sqlite\\.tablePrefix or postgres\\.tablePrefix"
  ],
  ...([["sqlite", "lockTimeut", "lockTimeout"], ["postgres", "usrname", "username"], [
    "dynamodb",
    "credential",
    "credentials"
  ]] as const).map(([engine, name, meant]) =>
    [
      `a URL, ${engine}`,
      () => build(layerFromUrl, "memory:", { [engine]: { [name]: undefined } }),
      `${engine}.${name}`,
      meant
    ] as const
  ),
  [
    "a driver of a third party",
    () =>
      Effect.flatMap(
        MemoryTaskStorage.makeStore,
        (store) => open(TaskStorage.fromDriver, MemoryTaskStorage.makeDriver(store), { defaultTttl: 1 })
      ),
    "defaultTttl",
    "defaultTtl"
  ]
]

describe("a misspelt option", () => {
  it.effect.each(misspelt)("of %s", ([, make, field, meant]) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(make())
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      expect(error).toMatchObject({ _tag: "InvalidInput", field })
      expect(String(error)).toMatch(new RegExp(`did you mean ${meant}\\?$`))
    }))
})
