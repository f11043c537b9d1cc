/** That seats are counted for whoever opens a database with limits of active tasks, and that they cost nothing where there are none. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import { perFile } from "../../support/perFile.ts"
import { connect, open as openPostgres } from "../postgres/database.ts"
import { freshUrl } from "../postgres/engine.ts"
import { startPostgres } from "../postgres/startPostgres.ts"
import { atOnce, numbers } from "../postgres/together.ts"
import { freshFile, open as openSqliteStorage } from "../sqlite/database.ts"

interface Options {
  readonly maxTasks?: number
  readonly maxActive?: number
  readonly maxActivePerSession?: number
  readonly whenMaxActive?: "wait"
  readonly schema?: "verify" | "migrate"
}

type Failure = SqlError | TaskDriverError | TaskStorageError

interface Database {
  readonly open: (options?: Options) => Effect.Effect<TaskStorageShape, Failure, Scope.Scope>
  readonly sql: SqlClient
  readonly triggers: string
}

const call = { originalMethod: "m" } as const
const success = { _tag: "Success", value: 1 } as const

const sqlite = Effect.gen(function*() {
  const filename = yield* freshFile
  const open = (options: Options = {}) => openSqliteStorage({ filename, ...options })
  yield* Effect.scoped(open())
  const database: Database = {
    open,
    sql: yield* openSqlite({ filename }),
    triggers: "SELECT name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"
  }
  return database
})

/** Of one server it is known whose deadlocks are in its log. */
const ownServer = perFile(startPostgres)

const postgresAt = (url: string) =>
  Effect.gen(function*() {
    const open = (options: Options = {}) => openPostgres({ url, notifications: false, ...options })
    yield* Effect.scoped(open())
    const database: Database = {
      open,
      sql: yield* connect(url),
      triggers:
        "SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal AND tgname <> 'mcp_tasks_forget' ORDER BY tgname"
    }
    return database
  })

const countsIn = (sql: SqlClient) =>
  Effect.map(
    sql.unsafe<Record<string, unknown>>("SELECT session_id, tasks, begun FROM mcp_seat_counts ORDER BY session_id"),
    (rows) => rows.map((row) => `${String(row["session_id"])}=${String(row["tasks"])},${String(row["begun"])}`)
  )

/** That what triggers count is what is stored. */
const requireCounted = (storage: TaskStorageShape) =>
  Effect.map(
    storage.inspectStore({ deep: true }),
    ({ findings }) => assert.deepStrictEqual(findings.filter(({ code }) => code === "counters"), [])
  )

const suite = (name: string, database: Effect.Effect<Database, Failure, Scope.Scope>) =>
  describe(name, () => {
    it.live("counts what was there before, and what others write without limits", () =>
      Effect.gen(function*() {
        const { open, sql, triggers } = yield* database
        const before = yield* open()
        yield* before.createTask({ ...call, taskId: "ended", sessionId: "a" })
        yield* before.settleTask("ended", success)
        yield* before.createTask({ ...call, taskId: "waits", sessionId: "a", lease: 0 })
        yield* before.createTask({ ...call, taskId: "runs", sessionId: "a", lease: 60_000 })
        yield* before.createTask({ ...call, taskId: "asks" })
        yield* before.requireInput("asks", { a: 1 })
        assert.deepStrictEqual(yield* sql.unsafe(triggers), [])
        assert.deepStrictEqual(yield* countsIn(sql), [])

        const limited = yield* open({ maxActive: 4, maxActivePerSession: 3 })
        assert.deepStrictEqual(yield* countsIn(sql), ["=3,2", "a=2,1"])
        yield* before.claimTask("waits", { lease: 60_000 })
        yield* before.createTask({ ...call, taskId: "more", sessionId: "a" })
        assert.deepStrictEqual(yield* countsIn(sql), ["=4,4", "a=3,3"])
        const refused = yield* Effect.flip(limited.createTask(call))
        assert.deepInclude(refused, { _tag: "MaxTasksReached", scope: "active", limit: 4 })
        for (const taskId of ["waits", "runs", "more"]) yield* before.deleteTask(taskId)
        yield* before.updateTaskStatus("asks", "cancelled")
        // No count is kept of a session without active tasks.
        assert.deepStrictEqual(yield* countsIn(sql), ["=0,0"])
        yield* requireCounted(limited)
      }))

    it.live("begins with the layer that has limits, and only where it may change the schema", () =>
      Effect.gen(function*() {
        const { open, sql, triggers } = yield* database
        const names = Effect.map(
          sql.unsafe<{ readonly name: string }>(triggers),
          (rows) => rows.map(({ name }) => name)
        )
        const refused = yield* Effect.flip(open({ maxActive: 1, schema: "verify" }))
        assert.match(refused.message, /maxActive and maxActivePerSession need triggers .* activeLimitTriggers/)
        yield* open({ maxTasks: 9 })
        assert.isFalse((yield* names).some((name) => name.includes("seat")))
        yield* open({ maxActivePerSession: 1 })
        assert.includeMembers(yield* names, ["mcp_tasks_seat_insert", "mcp_tasks_seat_update", "mcp_tasks_seat_delete"])
        const storage = yield* open({ maxActive: 1, schema: "verify" })
        yield* storage.createTask(call)
        assert.strictEqual((yield* Effect.flip(storage.createTask(call)))._tag, "MaxTasksReached")
      }))

    it.live("finds and mends counts that are wrong, and triggers that are gone", () =>
      Effect.gen(function*() {
        const { open, sql } = yield* database
        const storage = yield* open({ maxActive: 9 })
        yield* storage.createTask({ ...call, sessionId: "s" })
        yield* sql.unsafe("UPDATE mcp_seat_counts SET begun = 5 WHERE session_id = 's'")
        yield* sql.unsafe("UPDATE mcp_seat_counts SET tasks = 7 WHERE session_id = ''")
        const look = (fix: boolean) => Effect.map(storage.inspectStore({ deep: true, fix }), ({ findings }) => findings)
        const [finding, ...others] = yield* look(false)
        assert.deepStrictEqual(others, [])
        assert.deepInclude(finding, { code: "counters", subject: "mcp_seat_counts", severity: "error" })
        assert.match(
          finding?.problem ?? "",
          /^2 counts .* that of the active tasks of all tasks is 7, and 1 are stored/
        )
        assert.deepInclude((yield* look(true))[0], { fixed: true })
        assert.deepStrictEqual(yield* countsIn(sql), ["=1,1", "s=1,1"])

        const isPostgres = sql.onDialectOrElse({ pg: () => true, orElse: () => false })
        yield* sql.unsafe(`DROP TRIGGER mcp_tasks_seat_insert${isPostgres ? " ON mcp_tasks" : ""}`)
        yield* storage.createTask({ ...call, sessionId: "t" })
        assert.sameMembers((yield* look(true)).map(({ code }) => code), ["trigger", "counters"])
        assert.deepStrictEqual(yield* look(false), [])
        assert.deepStrictEqual(yield* countsIn(sql), ["=2,2", "s=1,1", "t=1,1"])
      }))

    it.live("counts right while tasks are created, claimed, ended and deleted side by side", () =>
      Effect.gen(function*() {
        const { open } = yield* database
        const [limited, other] = [yield* open({ maxActive: 12, maxActivePerSession: 5, maxTasks: 500 }), yield* open()]
        const { workerId } = yield* other.registerWorker({ lease: "1 hour" })
        const lane = (lane: number) =>
          Effect.forEach(numbers(12), (count) =>
            Effect.gen(function*() {
              const [one, two] = (lane + count) % 2 === 0 ? [limited, other] : [other, limited]
              const hold = [{}, { lease: 0 }, { worker: workerId }][count % 3]
              const created = yield* Effect.result(
                one.createTask({ ...call, ...hold, sessionId: `s${(lane + count) % 3}`, ttl: 60_000 })
              )
              yield* Effect.ignore(two.claimTasks({ worker: workerId, limit: 2 }))
              if (created._tag === "Failure") {
                return assert.strictEqual(created.failure._tag, "MaxTasksReached")
              }
              const { taskId } = created.success
              yield* atOnce([
                Effect.ignore(one.settleTask(taskId, success)),
                Effect.ignore(two.updateTaskStatus(taskId, "cancelled")),
                count % 4 === 0 ? Effect.ignore(two.deleteTask(taskId)) : Effect.void
              ])
            }), { discard: true })
        yield* atOnce(numbers(8).map(lane))
        yield* requireCounted(limited)
      }))
  })

suite("sqlite", sqlite)
suite("postgres", Effect.flatMap(freshUrl, postgresAt))

describe("PostgreSQL", () => {
  it.live("meets no deadlock, whatever meets", () =>
    Effect.gen(function*() {
      const { database, log, url } = yield* ownServer
      const { open } = yield* postgresAt(url(yield* database))
      const storages = [
        yield* open({ maxActive: 60, whenMaxActive: "wait" }),
        yield* open({ maxTasks: 900 }),
        yield* open({ maxTasks: 900, maxActivePerSession: 100 }),
        yield* open()
      ]
      const { workerId } = yield* (yield* open()).registerWorker({ lease: "1 hour" })
      const lane = (lane: number) =>
        Effect.forEach(numbers(15), (count) =>
          Effect.gen(function*() {
            const [one, two] = [storages[lane % 4], storages[(lane + count) % 4]]
            if (one === undefined || two === undefined) return
            const taskId = `${lane}-${count}`
            yield* one.createTask({ ...call, taskId, lease: 0, ttl: 60_000, sessionId: `s${count % 3}` })
            yield* two.claimTasks({ worker: workerId, limit: 3 })
            yield* atOnce(
              numbers(4).map((other) => Effect.ignore(two.updateTaskStatus(`${other}-${count}`, "cancelled")))
            )
            yield* Effect.ignore(one.rerunTask(taskId))
            yield* one.deleteTask(`${(lane + 3) % 8}-${count}`)
          }), { discard: true })
      yield* atOnce(numbers(8).map(lane))
      for (const storage of storages.slice(0, 1)) yield* requireCounted(storage)
      assert.deepStrictEqual(log.filter((line) => line.includes("deadlock")), [])
    }))
})
