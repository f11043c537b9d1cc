/** That what PostgreSQL refuses is an error that a person can act on, and quotes nothing that was stored. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { SqlError, UnknownError } from "effect/sql/SqlError"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { postgresFault } from "../../../src/layers/postgres/PostgresFault.ts"
import { connect, open } from "./database.ts"
import { freshRole, freshUrl, postgres } from "./engine.ts"
import { exposed } from "./exposed.ts"

const setUp = Effect.gen(function*() {
  const url = yield* freshUrl
  const storage = yield* open({ url })
  return { sql: yield* connect(url), storage, url }
})

const payload = "a payload that is the business of nobody"
const call = { originalMethod: "tools/call", taskId: "t" }

describe("a row that somebody else has written", () => {
  const damages = [
    ["status = 'paused'", "a stored row is not as this library writes it (expected one of working, "],
    ["revision = 9007199254740993", "a stored row is not as this library writes it (expected an integer"],
    [`original_params = '{"${payload}'`, "a stored row is corrupt and cannot be read"],
    [`result = '["${payload}"]', result_kind = 'success'`, "a stored row is corrupt and cannot be read"],
    [`result_kind = '${payload}'`, "a stored row is not as this library writes it (expected one of success, "]
  ] as const
  it.live.each(damages)("%s", ([damage, reason]) =>
    Effect.gen(function*() {
      const { sql, storage } = yield* setUp
      yield* storage.createTask(call)
      yield* sql.unsafe(`UPDATE mcp_tasks SET ${damage}`)
      const reads: ReadonlyArray<Effect.Effect<object, TaskStorageError>> = [
        storage.getTask("t"),
        storage.listTasks(),
        storage.touchTask("t")
      ]
      for (const [index, read] of reads.entries()) {
        const error = yield* Effect.flip(read)
        assert.deepInclude(error, { _tag: "TaskStorageUnavailable", retryable: false })
        if (index === 0) assert.include(error.message, reason)
        assert.notInclude(exposed(error), payload)
      }
    }))
})

describe("no payload is in an error of", () => {
  const refusals: ReadonlyArray<readonly [name: string, prepare: ReadonlyArray<string>]> = [
    ["a constraint, which quotes the row", [
      "ALTER TABLE mcp_tasks ADD CHECK (original_params IS NULL)",
      "ALTER TABLE mcp_tasks ADD CHECK (result IS NULL)",
      "ALTER TABLE mcp_messages ADD CHECK (body = '')"
    ]],
    ["a unique index, which quotes the key", [
      "CREATE UNIQUE INDEX ON mcp_tasks (original_params)",
      "CREATE UNIQUE INDEX ON mcp_tasks (result)",
      "CREATE UNIQUE INDEX ON mcp_messages (body)"
    ]],
    ["a column of another type, which quotes the value", [
      "ALTER TABLE mcp_tasks DROP COLUMN bytes",
      "ALTER TABLE mcp_tasks ALTER original_params TYPE integer USING NULL, ALTER result TYPE integer USING NULL",
      "ALTER TABLE mcp_messages ALTER body TYPE integer USING 0"
    ]],
    ["a column that is too short", [
      "ALTER TABLE mcp_tasks DROP COLUMN bytes",
      "ALTER TABLE mcp_tasks ALTER original_params TYPE varchar(3), ALTER result TYPE varchar(3)",
      "ALTER TABLE mcp_messages ALTER body TYPE varchar(3)"
    ]],
    ["a trigger of somebody else", [
      "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS " +
      "$$ BEGIN RAISE EXCEPTION 'no: %', NEW USING DETAIL = NEW::text; END $$",
      "CREATE TRIGGER shout_insert BEFORE INSERT ON mcp_tasks FOR EACH ROW WHEN (NEW.original_params IS NOT NULL) " +
      "EXECUTE FUNCTION shout()",
      "CREATE TRIGGER shout BEFORE UPDATE ON mcp_tasks FOR EACH ROW EXECUTE FUNCTION shout()",
      "CREATE TRIGGER shout BEFORE INSERT ON mcp_messages FOR EACH ROW EXECUTE FUNCTION shout()"
    ]]
  ]
  it.live.each(refusals)("%s", ([, prepare]) =>
    Effect.gen(function*() {
      const { sql, storage } = yield* setUp
      const value = { text: payload }
      const outcome = { _tag: "Success", value } as const
      yield* storage.createTask(call)
      for (const statement of prepare) yield* sql.unsafe(statement)
      // What is unique is there already.
      yield* Effect.ignore(storage.createTask({ ...call, taskId: "first", originalParams: value }))
      yield* Effect.ignore(storage.createTask({ ...call, taskId: "second" }))
      yield* Effect.ignore(storage.settleTask("second", outcome))
      yield* Effect.ignore(storage.messages.enqueue("first", value))
      const calls: ReadonlyArray<Effect.Effect<object, TaskStorageError>> = [
        storage.createTask({ ...call, taskId: "u", originalParams: value }),
        storage.messages.enqueue("t", value),
        storage.messages.enqueue("t", value, { maxSize: 5 }),
        storage.settleTask("t", outcome)
      ]
      for (const call of calls) {
        const error = yield* Effect.flip(call)
        assert.deepInclude(error, { _tag: "TaskStorageUnavailable", retryable: false, applied: "no" })
        assert.match(error.message, /PostgreSQL refused a statement \(SQLSTATE [0-9A-Z]{5}\); see its log/)
        assert.notInclude(exposed(error), payload)
      }
      assert.isTrue(yield* storage.deleteTask("t"))
    }))
})

describe("what went wrong", () => {
  it.live("is told where tables or rights are missing", () =>
    Effect.gen(function*() {
      const { sql, storage, url } = yield* setUp
      const trusting = yield* open({ url, schema: "trust", tablePrefix: "other_" })
      assert.include(
        (yield* Effect.flip(trusting.getTask("t"))).message,
        "getTask failed: the tables are missing or are not those of this library; run the migrations"
      )
      const role = yield* freshRole
      yield* sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`)
      const { port } = yield* postgres
      const database = new URL(url).pathname
      const denied = yield* Effect.flip(Effect.scoped(Effect.flatMap(
        open({ url: `postgres://${role}:p@127.0.0.1:${port}${database}`, schema: "trust" }),
        (stranger) => stranger.taskCount()
      )))
      assert.include(denied.message, "PostgreSQL denies access to the tables, or to make them; grant the role")
      yield* sql.unsafe(`ALTER DATABASE "${database.slice(1)}" SET default_transaction_read_only = on`)
      const reader = yield* open({ url })
      assert.strictEqual(yield* reader.taskCount(), 0)
      const readOnly = yield* Effect.flip(reader.createTask(call))
      assert.include(readOnly.message, "the database is read-only, as a standby is")
      assert.deepInclude(readOnly, { retryable: true, applied: "no" })
      yield* storage.createTask(call)
    }))

  const codes: ReadonlyArray<readonly [code: string, reason: RegExp, retryable: boolean, applied: "no" | "unknown"]> = [
    ["40001", /locked/, true, "no"],
    ["40P01", /locked/, true, "no"],
    ["55P03", /locked/, true, "no"],
    ["57014", /statement_timeout/, true, "no"],
    ["57P01", /shutting down/, true, "unknown"],
    ["57P03", /shutting down or starting up/, true, "unknown"],
    ["53300", /no connection left/, true, "no"],
    ["53100", /disk of PostgreSQL is full/, true, "no"],
    ["26000", /set prepare: false/, true, "no"],
    ["25P02", /a statement of this transaction failed before/, false, "no"],
    ["28P01", /user or the password/, false, "no"],
    ["XX001", /corrupt data/, false, "no"],
    ["ECONNRESET", /^the PostgreSQL client failed unexpectedly/, false, "unknown"],
    ["EPIPE", /^the PostgreSQL client failed unexpectedly/, false, "unknown"],
    // A pooler says so when the server behind it dies in the middle of a statement.
    ["08P01", /^the connection to PostgreSQL was lost/, true, "unknown"],
    ["12", /^the PostgreSQL client failed unexpectedly/, false, "unknown"]
  ]
  it.each(codes)("is told by the code %s", (code, reason, retryable, applied) => {
    const cause = Object.assign(new Error("it says"), { code, severity: "ERROR", detail: payload, where: payload })
    const fault = postgresFault(new SqlError({ reason: new UnknownError({ cause, message: "it says" }) }))
    assert.match(fault.reason, reason)
    assert.deepInclude(fault, { retryable, applied })
    assert.notInclude(exposed(fault), payload)
    assert.include(exposed(fault), "it says")
  })

  const ofStore: ReadonlyArray<readonly [code: string, concerns: "store" | undefined]> = [
    ["25006", "store"],
    ["28P01", "store"],
    ["3D000", "store"],
    ["3F000", "store"],
    ["42501", "store"],
    ["42P01", "store"],
    ["42703", "store"],
    ["22P05", undefined],
    ["23514", undefined],
    ["XX001", undefined]
  ]
  it.each(ofStore)("tells by the code %s whether the whole store is struck by it", (code, concerns) => {
    const cause = Object.assign(new Error("it says"), { code, severity: "ERROR" })
    const fault = postgresFault(new SqlError({ reason: new UnknownError({ cause, message: "it says" }) }))
    assert.strictEqual(fault.concerns, concerns)
  })
})
