/** Passwords of PostgreSQL: how they are given, when they are asked for, and that nothing prints them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { isTaskStorageError } from "mcp-task-storage"
import { once } from "node:events"
import { createServer } from "node:net"
import * as PostgresTaskStorage from "../../../src/layers/PostgresTaskStorage.ts"
import { freePort } from "../../support/freePort.ts"
import { connect, open } from "./database.ts"
import { endConnections } from "./endConnections.ts"
import { freshRole, freshUrl, postgres } from "./engine.ts"
import { eventually } from "./eventually.ts"
import { exposed } from "./exposed.ts"

/** A database, and how to connect to it as a role of its own. */
const setUp = (rolePassword: string) =>
  Effect.gen(function*() {
    const role = yield* freshRole
    const { database, port, url } = yield* postgres
    const name = yield* database
    const sql = yield* connect(url(name))
    yield* sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD '${rolePassword}'`)
    yield* sql.unsafe(`GRANT CREATE ON SCHEMA public TO ${role}`)
    return { sql, options: { host: "127.0.0.1", port, database: name, username: role, maxConnections: 3 } as const }
  })

const call = { originalMethod: "tools/call" }

/** An error that a program can handle, soon, and that keeps the secrets. */
const refusal = (options: unknown, ...secrets: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const layer: ReturnType<typeof PostgresTaskStorage.layer> = Reflect.apply(PostgresTaskStorage.layer, undefined, [
      options
    ])
    const error = yield* Effect.timeout(Effect.flip(Effect.scoped(Layer.build(layer))), "60 seconds")
    assert.isTrue(isTaskStorageError(error), exposed(error))
    const text = exposed(error)
    for (const secret of secrets) {
      assert.notInclude(text, secret)
      assert.notInclude(text, encodeURIComponent(secret))
    }
    return error
  })

describe("a password", () => {
  it.live("is text, redacted text, an effect, or a function, and is none of the URL's if it stands beside it", () =>
    Effect.gen(function*() {
      const { database, password, port } = yield* postgres
      const url = `postgres://postgres:wrong@127.0.0.1:${port}/${yield* database}`
      const forms: ReadonlyArray<PostgresTaskStorage.Password> = [
        password,
        Redacted.make(password),
        Effect.sync(() => Redacted.make(password)),
        () => password,
        async () => password
      ]
      for (const form of forms) {
        const storage = yield* Effect.scoped(Effect.tap(
          open({ url, password: form }),
          (storage) => storage.createTask(call)
        ))
        assert.strictEqual(storage.backendName, "postgres")
      }
    }))

  it.live("is asked for by each new connection, so that the next one has the new password", () =>
    Effect.gen(function*() {
      const { options, sql } = yield* setUp("first")
      let current = "first"
      let asked = 0
      const storage = yield* open({
        ...options,
        notifications: false,
        password: async () => {
          asked++
          return current
        }
      })
      // Writes that come together would share one.
      yield* Effect.all(Array.from({ length: 20 }, () => storage.listTasks()), { concurrency: "unbounded" })
      // A connection that is being made has asked already.
      yield* eventually(
        "each of several connections has asked",
        Effect.map(
          sql`SELECT pid FROM pg_stat_activity WHERE usename = ${options.username}`,
          (connections) => connections.length > 1 && connections.length === asked
        )
      )

      yield* sql.unsafe(`ALTER ROLE ${options.username} PASSWORD 'second'`)
      yield* storage.createTask(call)
      yield* endConnections(sql, options.username)
      const refused = yield* Effect.flip(storage.createTask(call))
      assert.deepInclude(refused, { _tag: "TaskStorageUnavailable", retryable: true, applied: "no" })
      assert.include(
        refused.message,
        "PostgreSQL refuses the user or the password now, though it has taken them before"
      )
      current = "second"
      yield* storage.createTask(call)
    }))

  it.live("that cannot be had is an error that may pass", () =>
    Effect.gen(function*() {
      const { options, sql } = yield* setUp("secret-of-waiting")
      let fails = true
      const password = () => {
        if (fails) throw new Error("the vault is closed")
        return "secret-of-waiting"
      }
      const asynchronous = async () => password()
      for (const form of [password, asynchronous]) {
        const error = yield* refusal({ ...options, password: form })
        assert.deepInclude(error, { _tag: "TaskStorageUnavailable", operation: "open", retryable: true })
        assert.include(error.message, "open failed: no password could be had to connect to PostgreSQL; see the cause.")
        assert.include(exposed(error), "the vault is closed")
      }
      for (const nothing of [undefined, null, 5, {}]) {
        const error = yield* refusal({ ...options, password: () => Promise.resolve(nothing) })
        assert.deepInclude(error, { _tag: "TaskStorageUnavailable", operation: "open", retryable: true })
        assert.include(exposed(error), "gave no text")
      }
      fails = false
      const storage = yield* open({ ...options, password: asynchronous })
      yield* storage.createTask(call)
      fails = true
      yield* endConnections(sql, options.username)
      const error = yield* Effect.flip(storage.createTask(call))
      assert.deepInclude(error, { _tag: "TaskStorageUnavailable", retryable: true, applied: "no" })
      fails = false
      yield* storage.createTask(call)
    }))
})

describe("what cannot be opened", () => {
  const secret = "s3cret/with:signs"

  it.live("a wrong password, none, an unknown user, an unknown database", () =>
    Effect.gen(function*() {
      const { password, port } = yield* postgres
      const at = (user: string, given: string, database: string) =>
        `postgres://${user}:${encodeURIComponent(given)}@127.0.0.1:${port}/${database}`
      for (const url of [at("postgres", secret, "postgres"), at("nobody", secret, "postgres")]) {
        const error = yield* refusal({ url }, secret)
        assert.include(error.message, "open failed: PostgreSQL refuses the user or the password")
        assert.deepInclude(error, { retryable: false, applied: "no" })
      }
      const without = yield* refusal({ url: `postgres://postgres@127.0.0.1:${port}/postgres` })
      assert.include(without.message, "the client cannot authenticate as PostgreSQL asks for; give a password")
      assert.deepInclude(without, { retryable: false, applied: "no" })
      const error = yield* refusal({ url: at("postgres", password, "nowhere") }, password)
      assert.include(error.message, "the database does not exist")
      assert.deepInclude(error, { retryable: false, applied: "no" })
    }))

  it.live("a port that nobody listens at, a host that is none, and a server that says nothing", () =>
    Effect.gen(function*() {
      const silent = yield* Effect.acquireRelease(
        Effect.promise(async () => {
          const server = createServer(() => {}).listen(0, "127.0.0.1")
          await once(server, "listening")
          return server
        }),
        (server) => Effect.sync(() => server.close())
      )
      const address = silent.address()
      const port = typeof address === "object" ? address?.port : undefined
      for (const at of [`127.0.0.1:${yield* freePort}`, "nowhere.invalid", `127.0.0.1:${port}`]) {
        const url = `postgres://postgres:${encodeURIComponent(secret)}@${at}/postgres`
        const error = yield* refusal({ url, connectTimeout: "2 seconds" }, secret)
        const place = at.includes(":") ? at : `${at}:5432`
        assert.include(error.message, `no connection to PostgreSQL at ${place}; check host, port and TLS`)
        assert.deepInclude(error, { retryable: true, applied: "no" })
      }
    }))

  const urls = [
    "",
    "postgres",
    `http://u:${secret}@127.0.0.1/db`,
    `postgres://u:${encodeURIComponent(secret)}@127.0.0.1:port/db`,
    `postgres://u:${encodeURIComponent(secret)}%E0%A4%A@127.0.0.1:1/db`,
    `postgres://u:${encodeURIComponent(secret)}@127.0.0.1:1/db?sslmode=maybe`,
    `postgres://u:${encodeURIComponent(secret)}@127.0.0.1:1/db?connect_timeout=soon`,
    `postgres://u@127.0.0.1:1/db?password=${encodeURIComponent(secret)}`,
    `postgres://u:${secret}@127.0.0.1:1/%00`
  ]
  it.live.each(urls)(
    "the URL %s",
    (url) => refusal({ url, password: url.includes(secret) ? undefined : secret }, secret)
  )

  const wrong: ReadonlyArray<readonly [options: unknown, field: string]> = [
    [undefined, "options"],
    [null, "options"],
    [5, "options"],
    [{ url: 5 }, "url"],
    [{ url: Redacted.make("mysql://127.0.0.1/db") }, "url"],
    [{ tablePrefix: "a b" }, "tablePrefix"],
    [{ databaseSchema: "a\"b" }, "databaseSchema"],
    [{ schema: "Verify" }, "schema"],
    [{ notifications: "yes" }, "notifications"],
    [{ statementTimeout: 0 }, "statementTimeout"],
    [{ lockTimeout: -1 }, "lockTimeout"],
    [{ maxTasks: 0 }, "maxTasks"],
    [{ password: 5 }, "password"],
    [{ maxConnections: 0 }, "maxConnections"],
    [{ maxConnections: "many" }, "maxConnections"],
    [{ minConnections: NaN }, "minConnections"],
    [{ minConnections: 3, maxConnections: 2 }, "minConnections"],
    [{ multiplex: "yes" }, "multiplex"],
    [{ prepare: 1 }, "prepare"],
    [{ connectTimeout: "soon" }, "connectTimeout"],
    [{ port: "a" }, "port"]
  ]
  it.live.each(wrong)("the option %j", ([options, field]) =>
    Effect.gen(function*() {
      const { url } = yield* postgres
      const error = yield* refusal(
        typeof options === "object" && options !== null ? { url: url("postgres"), ...options } : options
      )
      assert.deepInclude(error, { _tag: "InvalidInput", field })
    }))
})

it.live("a server that is gone is an error that tells so, and nothing else has to be done when it is back", () =>
  Effect.gen(function*() {
    const url = yield* freshUrl
    const sql = yield* connect(url)
    const storage = yield* open({ url, maxConnections: 1 })
    yield* storage.createTask(call)
    const [terminated] = yield* Effect.all([
      Effect.flip(Effect.scoped(Effect.gen(function*() {
        const own = yield* connect(url, { maxConnections: 1 })
        return yield* own.withTransaction(Effect.gen(function*() {
          yield* own`LOCK TABLE mcp_tasks`
          return yield* storage.createTask(call)
        }))
      }))),
      Effect.andThen(
        eventually(
          "the creation waits for the lock",
          Effect.map(
            sql`SELECT 1 FROM pg_stat_activity WHERE application_name = 'mcp-task-storage'
              AND datname = current_database() AND wait_event_type = 'Lock'`,
            (rows) => rows.length > 0
          )
        ),
        sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'mcp-task-storage' AND datname = current_database()`
      )
    ], { concurrency: 2 })
    assert.deepInclude(terminated, { _tag: "TaskStorageUnavailable", retryable: true, applied: "unknown" })
    assert.strictEqual(yield* storage.taskCount(), 1)
  }))
