/** Connections of PostgreSQL that are refused, that are dead, and that lead to what is no primary any more. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { makeTcpProxy } from "../faults/tcpProxy.ts"
import { connect, open } from "./database.ts"
import { endConnections } from "./endConnections.ts"
import { freshRole, freshUrl, postgres } from "./engine.ts"

const call = { originalMethod: "tools/call" }

const createMany = (storage: TaskStorageShape, count = 20) =>
  Effect.forEach(Array.from({ length: count }), () => storage.createTask(call), { concurrency: "unbounded" })

/** Reads share no statement. */
const countMany = (storage: TaskStorageShape, count: number) =>
  Effect.forEach(Array.from({ length: count }), () => storage.taskCount(), { concurrency: "unbounded" })

/** What is logged while an effect runs, which may look at it meanwhile. */
const logged = <A, E, R>(effect: (lines: ReadonlyArray<string>) => Effect.Effect<A, E, R>) => {
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    lines.push(`${logLevel} ${String(message)}`)
  })
  return Effect.as(Effect.provide(effect(lines), Logger.layer([logger])), lines)
}

/** A database of which a role may have so many connections. */
const asRole = (connections: number) =>
  Effect.gen(function*() {
    const { database, port, url } = yield* postgres
    const [name, role] = [yield* database, yield* freshRole]
    const sql = yield* connect(url(name))
    yield* sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'p' CONNECTION LIMIT ${connections}`)
    yield* sql.unsafe(`GRANT CREATE ON SCHEMA public TO ${role}`)
    return { role, sql, url: `postgres://${role}:p@127.0.0.1:${port}/${name}` }
  })

/** A database that is reached through a proxy. */
const throughProxy = Effect.gen(function*() {
  const url = new URL(yield* freshUrl)
  const proxy = yield* makeTcpProxy({ host: url.hostname, port: Number(url.port) })
  url.port = String(proxy.endpoint.port)
  return { proxy, url: url.href }
})

describe("a pool that cannot grow", () => {
  for (const multiplex of [false, true]) {
    it.live(`goes on with what it has, and says so once (multiplex: ${multiplex})`, () =>
      Effect.gen(function*() {
        const { role, sql, url } = yield* asRole(2)
        const isWarning = (line: string) => line.includes("maxConnections")
        const lines = yield* logged((lines) =>
          Effect.gen(function*() {
            const storage = yield* open({ url, maxConnections: 10, multiplex, notifications: false })
            yield* createMany(storage)
            // More than two connections could take at once, shared or not. The two may be done before a third one is refused.
            for (let round = 0; round < 50 && (round < 2 || !lines.some(isWarning)); round++) {
              yield* countMany(storage, 400)
            }
            yield* countMany(storage, 400)
          })
        )
        const warnings = lines.filter(isWarning)
        assert.lengthOf(warnings, 1)
        assert.include(
          warnings[0],
          "Warn The task storage goes on with fewer connections than the 10 of maxConnections"
        )
        assert.include(warnings[0], `too many connections for role "${role}"`)
        assert.isAtMost((yield* sql`SELECT 1 FROM pg_stat_activity WHERE usename = ${role}`).length, 2)
      }))
  }

  it.live("has as many as it may have while another process has some", () =>
    Effect.gen(function*() {
      const { url } = yield* asRole(3)
      const storage = yield* open({ url, notifications: false })
      yield* Effect.scoped(Effect.gen(function*() {
        const other = yield* connect(url)
        yield* other.reserve
        yield* createMany(storage)
      }))
      yield* createMany(storage)
    }))

  it.live("leaves none for listening, and those who wait are woken all the same", () =>
    Effect.gen(function*() {
      const { url } = yield* asRole(2)
      const storage = yield* open({ url })
      yield* createMany(storage)
      const { taskId } = yield* storage.createTask(call)
      const waiter = yield* Effect.forkChild(storage.awaitTask(taskId))
      yield* createMany(storage)
      yield* storage.settleTask(taskId, { _tag: "Success", value: {} })
      assert.strictEqual((yield* Effect.timeout(Fiber.join(waiter), "10 seconds")).status, "completed")
      yield* createMany(storage)
    }))

  it.live("fails at once where it has none at all", () =>
    Effect.gen(function*() {
      const { sql, role, url } = yield* asRole(2)
      const storage = yield* open({ url, notifications: false, idleTimeout: 100 })
      yield* sql.unsafe(`ALTER ROLE ${role} CONNECTION LIMIT 0`)
      yield* endConnections(sql, role)
      const began = performance.now()
      const errors = yield* Effect.forEach(
        Array.from({ length: 20 }),
        () => Effect.flip(storage.createTask(call)),
        { concurrency: "unbounded" }
      )
      assert.isBelow(performance.now() - began, 5_000)
      for (const error of errors) {
        assert.deepInclude(error, { _tag: "TaskStorageUnavailable", retryable: true, applied: "no" })
        assert.include(error.message, "PostgreSQL has no connection left")
      }
      yield* sql.unsafe(`ALTER ROLE ${role} CONNECTION LIMIT 2`)
      yield* createMany(storage)
    }))
})

// They mostly wait for limits of time.
describe.concurrent("connections that are dead, and nobody was told", () => {
  for (const multiplex of [false, true]) {
    it.live(`are replaced before anything is sent over them (multiplex: ${multiplex})`, () =>
      Effect.gen(function*() {
        const { proxy, url } = yield* throughProxy
        const storage = yield* open({ url, multiplex, statementTimeout: 3_000, notifications: false })
        yield* createMany(storage, 100)
        yield* Effect.sleep(3_100)
        yield* proxy.forget
        yield* createMany(storage, 100)
        assert.strictEqual(yield* storage.taskCount(), 200)
      }))

    it.live(`fail the calls that are under way, and no others (multiplex: ${multiplex})`, () =>
      Effect.gen(function*() {
        const { proxy, url } = yield* throughProxy
        const storage = yield* open({
          url,
          multiplex,
          maxConnections: 1,
          statementTimeout: 1_000,
          notifications: false
        })
        yield* storage.createTask(call)
        yield* proxy.forget
        const error = yield* Effect.flip(storage.createTask(call))
        assert.deepInclude(error, { _tag: "TaskStorageUnavailable", retryable: true, applied: "unknown" })
        // The connection is given up when its statement cannot be cancelled either.
        yield* Effect.sleep(5_500)
        yield* createMany(storage)
      }))
  }

  it.live("do not keep a transaction, nor the end", () =>
    Effect.gen(function*() {
      const { proxy, url } = yield* throughProxy
      const scope = yield* Scope.make()
      const storage = yield* Scope.provide(
        open({ url, maxConnections: 3, statementTimeout: 1_000, notifications: false }),
        scope
      )
      yield* createMany(storage)
      yield* proxy.forget
      const calls = yield* Effect.forkChild(Effect.exit(createMany(storage)))
      yield* Effect.sleep(100)
      const began = performance.now()
      yield* Effect.timeout(Scope.close(scope, Exit.void), "10 seconds")
      assert.isBelow(performance.now() - began, 8_000)
      yield* Fiber.join(calls)
    }))

  it.live("do not keep a process that has closed its storage", () =>
    Effect.gen(function*() {
      const { proxy, url } = yield* throughProxy
      const program = fileURLToPath(new URL("forgotten.ts", import.meta.url))
      const running = promisify(execFile)(process.execPath, [program, url], { timeout: 110_000 })
      yield* Effect.promise(async () => {
        for await (const chunk of running.child.stdout ?? []) if (String(chunk).includes("open")) return
      })
      yield* proxy.forget
      running.child.stdin?.end()
      const began = performance.now()
      yield* Effect.promise(() => running)
      assert.isBelow(performance.now() - began, 60_000)
    }))
})

describe("a connection to what has become a standby", () => {
  it.live("is replaced once it has refused a write, with those beside it", () =>
    Effect.gen(function*() {
      const url = yield* freshUrl
      const name = new URL(url).pathname.slice(1)
      const sql = yield* connect(url)
      yield* Effect.scoped(open({ url }))
      yield* sql.unsafe(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`)
      const storage = yield* open({ url, notifications: false })
      yield* countMany(storage, 20)
      yield* sql.unsafe(`ALTER DATABASE "${name}" RESET default_transaction_read_only`)
      const refused = yield* Effect.flip(storage.createTask(call))
      assert.deepInclude(refused, { _tag: "TaskStorageUnavailable", retryable: true, applied: "no" })
      assert.include(refused.message, "the database is read-only, as a standby is")
      for (let count = 0; count < 5; count++) yield* createMany(storage)
    }))

  it.live.each([false, true])(
    "keeps nobody from an answer who waits for a connection (multiplex: %s)",
    (multiplex) =>
      Effect.gen(function*() {
        const url = yield* freshUrl
        const name = new URL(url).pathname.slice(1)
        const sql = yield* connect(url)
        yield* Effect.scoped(open({ url }))
        yield* sql.unsafe(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`)
        const storage = yield* open({ url, multiplex, maxConnections: 2, notifications: false })
        yield* sql.unsafe(`ALTER DATABASE "${name}" RESET default_transaction_read_only`)
        const calls = Array.from(
          { length: 100 },
          (_, index) => index % 2 === 0 ? storage.taskCount() : Effect.asVoid(storage.createTask(call))
        )
        const exits = yield* Effect.forEach(calls, Effect.exit, { concurrency: "unbounded" })
        for (const exit of exits) {
          if (Exit.isSuccess(exit)) continue
          assert.isFalse(Cause.hasInterrupts(exit.cause), "somebody was interrupted")
          assert.include(Cause.pretty(exit.cause), "read-only")
        }
        assert.isAtLeast(exits.filter(Exit.isSuccess).length, calls.length / 2)
      })
  )
})
