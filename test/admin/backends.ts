/** The storages that the tests of the admin run on, each with a fresh store. */
import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TaskDriver, TaskDriverError } from "../../src/domain/TaskDriver.ts"
import type { InvalidInput } from "../../src/domain/TaskError.ts"
import type { TaskStorageShape } from "../../src/domain/TaskOperations.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import type { TaskStorageOptions } from "../../src/domain/TaskStorageOptions.ts"
import * as DynamoDbTaskStorage from "../../src/layers/DynamoDbTaskStorage.ts"
import * as MemoryTaskStorage from "../../src/layers/MemoryTaskStorage.ts"
import * as PostgresTaskStorage from "../../src/layers/PostgresTaskStorage.ts"
import * as SqliteTaskStorage from "../../src/layers/SqliteTaskStorage.ts"
import { connection, describeWithEngine, freshTable } from "../layers/dynamodb/engine.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { freshFile } from "../layers/sqlite/database.ts"

type OpenDriver = Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, Scope.Scope>

export interface Backend {
  readonly name: "memory" | "sqlite" | "postgres" | "dynamodb"
  readonly describe: (name: string, tests: () => void) => void
  readonly openDriver: OpenDriver
}

const memory: Backend = {
  name: "memory",
  describe,
  openDriver: Effect.map(MemoryTaskStorage.makeStore, MemoryTaskStorage.makeDriver)
}

const sqlite: Backend = {
  name: "sqlite",
  describe,
  openDriver: Effect.flatMap(
    freshFile,
    (filename) => SqliteTaskStorage.makeDriver({ filename, synchronous: "off" })
  )
}

const postgres: Backend = {
  name: "postgres",
  describe,
  openDriver: Effect.flatMap(freshUrl, (url) => PostgresTaskStorage.makeDriver({ url, notifications: false }))
}

const dynamodb: Backend = {
  name: "dynamodb",
  describe: describeWithEngine,
  openDriver: Effect.flatMap(
    freshTable,
    (tableName) => DynamoDbTaskStorage.makeDriver({ ...connection(), tableName, nativeTtl: false })
  )
}

export const backends: ReadonlyArray<Backend> = [memory, sqlite, postgres, dynamodb]

/** Opens a fresh storage. */
export const open = (
  { openDriver }: Backend,
  options: TaskStorageOptions = {}
): Effect.Effect<TaskStorageShape, InvalidInput | TaskDriverError, Scope.Scope> =>
  Effect.flatMap(openDriver, (driver) => TaskStorage.fromDriver(driver, { maintenance: false, ...options }))
