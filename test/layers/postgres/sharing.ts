/** Writes of a driver that may share statements, and what becomes of them. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { SqlClient } from "effect/sql/SqlClient"
import type { TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import type { StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { storedTask, text } from "../storedTask.ts"
import { anyone, connect, driverOver, unlimited } from "./database.ts"
import { freshUrl } from "./engine.ts"
import { recording } from "./statements.ts"
import { atOnce, numbers } from "./together.ts"

/** A driver, the statements that it sends from now on, and a client beside it. */
export const setUp = ({ maxConnections = 10, statementTimeout = 10_000 } = {}) =>
  Effect.gen(function*() {
    const url = yield* freshUrl
    const sql = yield* connect(url, { maxConnections })
    const driver = yield* driverOver(sql, { notifications: false, statementTimeout })
    return { driver, other: yield* connect(url, { maxConnections: 4 }), sent: recording(sql), sql }
  })

export const ids = (count: number) => numbers(count).map((index) => `t${index}`)

export const insert = (driver: TaskDriver, taskId: string) => driver.insert(storedTask(taskId), unlimited, 1000)

export const touch = (driver: TaskDriver, taskId: string, message = taskId) =>
  driver.patch(
    taskId,
    anyone(1000),
    { statuses: ["working", "input_required"] },
    { lastUpdatedAt: 2000, statusMessage: text(message) }
  )

export const settle = (driver: TaskDriver, taskId: string) =>
  driver.patch(taskId, anyone(1000), { statuses: ["working"] }, {
    status: "completed",
    lastUpdatedAt: 2000,
    result: text(taskId),
    resultKind: "success"
  })

/** A task with the texts of its JSON. */
export const plainOf = (task: StoredTask | undefined): unknown =>
  JSON.parse(JSON.stringify(task ?? null, (_, value) => value instanceof StoredJson ? value.text : value))

export const exits = <A>(effects: ReadonlyArray<Effect.Effect<A, TaskDriverError>>) => atOnce(effects.map(Effect.exit))

export const failureOf = <A>(exit: Exit.Exit<A, TaskDriverError> | undefined) =>
  exit === undefined ? assert.fail("there is none") : Effect.flip(exit)

export const storedIds = (sql: SqlClient) =>
  Effect.map(sql`SELECT task_id FROM mcp_tasks`, (rows) => rows.map((row) => String(row["task_id"])))

/** Holds a lock from another connection while an effect runs. */
export const whileHeld = <A, E>(sql: SqlClient, statement: string, effect: Effect.Effect<A, E>) =>
  sql.withTransaction(Effect.andThen(sql.unsafe(statement), effect))
