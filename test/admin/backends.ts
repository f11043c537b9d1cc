/** The storages that the tests of the admin run on, each with a fresh store. */
import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SqlError } from "effect/sql/SqlError"
import type { TaskDriver, TaskDriverError } from "../../src/domain/driver/TaskDriver.ts"
import { wholeRange } from "../../src/domain/driver/TaskRange.ts"
import type { TaskStorageOptions } from "../../src/domain/options/TaskStorageOptions.ts"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import type { InvalidInput } from "../../src/domain/task/TaskError.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import * as DynamoDbTaskStorage from "../../src/layers/DynamoDbTaskStorage.ts"
import * as MemoryTaskStorage from "../../src/layers/MemoryTaskStorage.ts"
import * as PostgresTaskStorage from "../../src/layers/PostgresTaskStorage.ts"
import * as SqliteTaskStorage from "../../src/layers/SqliteTaskStorage.ts"
import { connection, describeWithEngine, freshTable } from "../layers/dynamodb/engine.ts"
import { itemsOf } from "../layers/dynamodb/items.ts"
import { connect } from "../layers/postgres/database.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { bare, freshFile } from "../layers/sqlite/database.ts"

type Failure = InvalidInput | TaskDriverError

/** An empty store of its own. */
interface Store {
  /** Bounds are those of its tables: where there are any, the engine counts tasks. */
  readonly openDriver: (bounds: Bounds) => Effect.Effect<TaskDriver, Failure, Scope.Scope>
  /** All that the engine keeps, row by row or item by item. */
  readonly dump: Effect.Effect<ReadonlyArray<string>, Failure | SqlError, Scope.Scope>
}

type Bounds = Pick<TaskStorageOptions, "maxTasksPerSession">

export interface Backend {
  readonly name: "memory" | "sqlite" | "postgres" | "dynamodb"
  readonly describe: (name: string, tests: () => void) => void
  readonly freshStore: Effect.Effect<Store, never, Scope.Scope>
}

/** Before any time that a task can expire at. */
const beforeAll = Number.MIN_SAFE_INTEGER

const everything = { ...wholeRange, scope: { now: beforeAll, session: undefined }, after: undefined, limit: 100_000 }

const memory: Backend = {
  name: "memory",
  describe,
  freshStore: Effect.map(MemoryTaskStorage.makeStore, (store) => ({
    openDriver: () => Effect.sync(() => MemoryTaskStorage.makeDriver(store)),
    // What an object keeps to itself is not to be seen, but all that it gives to those who ask before anything has expired.
    dump: Effect.map(
      MemoryTaskStorage.makeDriver(store).page({ ...everything, maxBytes: Infinity }),
      ({ tasks }) =>
        tasks.map((task) =>
          JSON.stringify(
            task,
            (_, value: unknown) => typeof value === "object" && value !== null && "text" in value ? value.text : value
          )
        )
    )
  }))
}

const sqlite: Backend = {
  name: "sqlite",
  describe,
  freshStore: Effect.map(freshFile, (filename) => ({
    openDriver: (bounds) => SqliteTaskStorage.makeDriver({ filename, synchronous: "off", ...bounds }),
    dump: Effect.map(
      bare(filename),
      (database) =>
        database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all().flatMap(({ name }) =>
          database.prepare(`SELECT * FROM "${String(name)}"`).all().map((row) =>
            `${String(name)} ${JSON.stringify(row)}`
          )
        )
    )
  }))
}

const postgres: Backend = {
  name: "postgres",
  describe,
  freshStore: Effect.map(freshUrl, (url) => ({
    openDriver: (bounds) => PostgresTaskStorage.makeDriver({ url, notifications: false, ...bounds }),
    dump: Effect.gen(function*() {
      const sql = yield* connect(url)
      const tables = yield* sql.unsafe<{ readonly name: string }>(
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
      )
      const rows = yield* Effect.forEach(
        tables,
        ({ name }) =>
          sql.unsafe<{ readonly row: string }>(`SELECT '${name} ' || row_to_json(t)::text AS row FROM "${name}" AS t`)
      )
      return rows.flat().map(({ row }) => row)
    })
  }))
}

const dynamodb: Backend = {
  name: "dynamodb",
  describe: describeWithEngine,
  freshStore: Effect.map(freshTable, (tableName) => ({
    openDriver: () => DynamoDbTaskStorage.makeDriver({ ...connection(), tableName, nativeTtl: false }),
    dump: Effect.map(itemsOf(tableName), (items) => items.map((item) => JSON.stringify(item)))
  }))
}

export const backends: ReadonlyArray<Backend> = [memory, sqlite, postgres, dynamodb]

/** Opens a fresh storage, and shows what its engine keeps. */
export const openWithStore = Effect.fnUntraced(function*({ freshStore }: Backend, options: TaskStorageOptions = {}) {
  const store = yield* freshStore
  const { maxTasksPerSession } = options
  const driver = yield* store.openDriver(maxTasksPerSession === undefined ? {} : { maxTasksPerSession })
  const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false, ...options })
  return { ...store, storage }
})

/** Opens a fresh storage. */
export const open = (
  backend: Backend,
  options: TaskStorageOptions = {}
): Effect.Effect<TaskStorageShape, Failure, Scope.Scope> =>
  Effect.map(openWithStore(backend, options), ({ storage }) => storage)
