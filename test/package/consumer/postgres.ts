/** A program that needs the client of PostgreSQL. */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { TaskStorage } from "mcp-task-storage"
import * as PostgresTaskStorage from "mcp-task-storage/postgres"

const client = PgClient.layer({ url: Redacted.make("postgres://localhost/tasks") })

export const program = Effect.gen(function*() {
  const storage = yield* TaskStorage
  const sql = yield* PgClient.PgClient
  return yield* sql.withTransaction(storage.createTask({ originalMethod: "tools/call" }))
}).pipe(Effect.provide(Layer.provideMerge(PostgresTaskStorage.layerClient(), client)))

export const layer = PostgresTaskStorage.layer({ url: "postgres://localhost/tasks", maxConnections: 20 })

// @ts-expect-error: It is a number.
export const wrong = PostgresTaskStorage.layer({ maxConnections: "20" })
