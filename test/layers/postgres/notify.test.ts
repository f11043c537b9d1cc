/** That whoever waits learns soon what others write, at the cost of one connection and of no queries while nothing happens. */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { SqlClient } from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { newsOfSeats } from "../../../src/domain/driver/ActiveBounds.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { listenForWrites } from "../../../src/layers/postgres/listenForWrites.ts"
import { makeNotifier } from "../../../src/layers/postgres/makeNotifier.ts"
import { makePostgresDialect } from "../../../src/layers/postgres/PostgresDialect.ts"
import { makeSqlRunner } from "../../../src/layers/sql/SqlRunner.ts"
import { makeTcpProxy } from "../faults/tcpProxy.ts"
import { connect, driverOver, open } from "./database.ts"
import { freshUrl, postgres } from "./engine.ts"
import { eventually } from "./eventually.ts"
import { recording } from "./statements.ts"

/** Two storages as two processes have them: one that waits, and one that writes. */
const setUp = Effect.gen(function*() {
  const url = yield* freshUrl
  return { sql: yield* connect(url), url, waiting: yield* open({ url }), writing: yield* open({ url }) }
})

const create = (taskId: string) => ({ originalMethod: "tools/call", taskId })
const success = { _tag: "Success", value: {} } as const

/** Who listens, of all that are connected to the database. */
const listeners = (sql: SqlClient) =>
  Effect.map(
    sql`SELECT pid FROM pg_stat_activity WHERE query ILIKE 'LISTEN%' AND datname = current_database()`,
    (rows) => rows.map((row) => row["pid"])
  )
const listening = (sql: SqlClient, count: number) =>
  eventually(`${count} listen`, Effect.map(listeners(sql), (pids) => pids.length === count))

const wait = (storage: TaskStorageShape, taskId: string) =>
  Effect.forkChild(Effect.map(storage.awaitTask(taskId), () => performance.now()))

/** Without a notification it would be up to five seconds. */
const promptly = 3500

const settled = (storage: TaskStorageShape, taskId: string, waiter: Fiber.Fiber<number, TaskStorageError>) =>
  Effect.gen(function*() {
    yield* storage.settleTask(taskId, success)
    const acknowledged = performance.now()
    const passed = (yield* Effect.timeout(Effect.orDie(Fiber.join(waiter)), "10 seconds")) - acknowledged
    assert.isBelow(passed, promptly)
    return passed
  })

// They mostly wait.
describe.concurrent("a completion is seen", () => {
  it.live("that another pool writes", () =>
    Effect.gen(function*() {
      const { sql, waiting, writing } = yield* setUp
      // Somebody else who waits keeps the connection.
      yield* writing.createTask(create("other"))
      yield* wait(waiting, "other")
      yield* listening(sql, 1)
      const times: Array<number> = []
      for (let round = 0; round < 15; round++) {
        const taskId = `t${round}`
        yield* writing.createTask(create(taskId))
        const waiter = yield* wait(waiting, taskId)
        yield* Effect.sleep(20)
        times.push(yield* settled(writing, taskId, waiter))
      }
      const median = times.sort((left, right) => left - right)[7] ?? NaN
      yield* Effect.log(`a waiter sees a completion of another pool after ${median.toFixed(1)} ms, half of the times`)
      assert.isBelow(median, 500)
    }))

  it.live("that another process writes", () =>
    Effect.gen(function*() {
      const { sql, url, waiting, writing } = yield* setUp
      yield* writing.createTask(create("t"))
      const waiter = yield* Effect.forkChild(Effect.map(waiting.awaitTask("t"), () => Date.now()))
      yield* listening(sql, 1)
      const program = fileURLToPath(new URL("settler.ts", import.meta.url))
      const { stdout } = yield* Effect.promise(() => promisify(execFile)(process.execPath, [program, url, "t"]))
      const seen = yield* Effect.timeout(Fiber.join(waiter), "10 seconds")
      assert.isBelow(seen - Number(stdout), promptly)
    }))

  it.live("though the layer that wrote it is closed at once", () =>
    Effect.gen(function*() {
      const { sql, url, waiting } = yield* setUp
      yield* waiting.createTask(create("t"))
      const waiter = yield* wait(waiting, "t")
      yield* listening(sql, 1)
      const acknowledged = yield* Effect.scoped(Effect.gen(function*() {
        const storage = yield* open({ url })
        yield* storage.settleTask("t", success)
        return performance.now()
      }))
      const seen = yield* Effect.timeout(Fiber.join(waiter), "10 seconds")
      assert.isBelow(seen - acknowledged, promptly)
    }))

  it.live("within about a second without notifications, and without a connection that listens", () =>
    Effect.gen(function*() {
      const { sql, url } = yield* setUp
      const waiting = yield* open({ url, notifications: false })
      const writing = yield* open({ url, notifications: false })
      yield* writing.createTask(create("t"))
      const waiter = yield* wait(waiting, "t")
      yield* Effect.sleep(300)
      assert.deepStrictEqual(yield* listeners(sql), [])
      yield* settled(writing, "t", waiter)
    }))

  it.live("on a pool of one connection, which is free for everything else", () =>
    Effect.gen(function*() {
      const { sql, url, writing } = yield* setUp
      const storage = yield* open({ url, maxConnections: 1 })
      for (const taskId of ["a", "b", "c"]) yield* storage.createTask(create(taskId))
      const waiters = yield* Effect.forEach(["a", "b", "c"], (taskId) => wait(storage, taskId))
      yield* listening(sql, 1)
      assert.strictEqual(yield* storage.taskCount(), 3)
      yield* storage.touchTask("a")
      for (const [index, taskId] of ["a", "b", "c"].entries()) {
        const waiter = waiters[index]
        if (waiter !== undefined) yield* settled(index === 0 ? storage : writing, taskId, waiter)
      }
    }))

  it.live("when the connection that listens is dead, and nobody was told", () =>
    Effect.gen(function*() {
      const { sql, url, writing } = yield* setUp
      const address = new URL(url)
      const proxy = yield* makeTcpProxy({ host: address.hostname, port: Number(address.port) })
      address.port = String(proxy.endpoint.port)
      const waiting = yield* open({ url: address.href })
      yield* writing.createTask(create("t"))
      const waiter = yield* wait(waiting, "t")
      yield* listening(sql, 1)
      yield* proxy.forget
      // The server goes on to tell the dead one, beside the new one.
      yield* listening(sql, 2)
      // Until those of the pool were tested, too.
      yield* Effect.sleep(3_500)
      yield* settled(writing, "t", waiter)
    }))

  it.live("when the connection that listens was lost, during the gap and afterwards", () =>
    Effect.gen(function*() {
      const { sql, waiting, writing } = yield* setUp
      for (const taskId of ["gap", "after"]) yield* writing.createTask(create(taskId))
      const [gap, after] = [yield* wait(waiting, "gap"), yield* wait(waiting, "after")]
      yield* listening(sql, 1)
      const before = yield* listeners(sql)
      yield* sql`SELECT pg_terminate_backend(${before[0]}::int)`
      yield* settled(writing, "gap", gap)
      yield* eventually(
        "it listens again",
        Effect.map(listeners(sql), (pids) => pids.length === 1 && pids[0] !== before[0])
      )
      yield* settled(writing, "after", after)
    }))

  it.live("by looking, as long as no connection can listen", () =>
    Effect.gen(function*() {
      const { sql, url, waiting, writing } = yield* setUp
      const database = new URL(url).pathname.slice(1)
      for (const taskId of ["while", "after"]) yield* writing.createTask(create(taskId))
      const [during, after] = [yield* wait(waiting, "while"), yield* wait(waiting, "after")]
      yield* listening(sql, 1)
      const { url: urlOf } = yield* postgres
      const admin = yield* connect(urlOf("postgres"))
      yield* admin.unsafe(`ALTER DATABASE ${database} ALLOW_CONNECTIONS false`)
      yield* sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query ILIKE 'LISTEN%' AND datname = current_database()`
      // Long enough for it to have tried again in vain.
      yield* Effect.sleep(1200)
      yield* settled(writing, "while", during)
      yield* admin.unsafe(`ALTER DATABASE ${database} ALLOW_CONNECTIONS true`)
      yield* listening(sql, 1)
      yield* settled(writing, "after", after)
    }))
})

describe.concurrent("waiting costs", () => {
  it.live("one connection however many wait, and none when nobody does", () =>
    Effect.gen(function*() {
      const { sql, waiting, writing } = yield* setUp
      const taskIds = Array.from({ length: 30 }, (_, index) => `t${index}`)
      yield* Effect.forEach(taskIds, (taskId) => writing.createTask(create(taskId)), { concurrency: 5 })
      yield* listening(sql, 0)
      const waiters = yield* Effect.forEach(taskIds, (taskId) => wait(waiting, taskId))
      yield* listening(sql, 1)
      yield* Effect.sleep(200)
      assert.lengthOf(yield* listeners(sql), 1)
      yield* Effect.forEach(waiters, Fiber.interrupt)
      yield* listening(sql, 0)
      const again = yield* wait(waiting, "t0")
      yield* listening(sql, 1)
      yield* settled(writing, "t0", again)
      yield* listening(sql, 0)
    }))

  it.live("no query each while nothing happens", () =>
    Effect.gen(function*() {
      const url = yield* freshUrl
      const client = yield* connect(url, { maxConnections: 5 })
      const sent = recording(client)
      const storage = yield* TaskStorage.fromDriver(yield* driverOver(client, {}), { maintenance: false })
      const taskIds = Array.from({ length: 200 }, (_, index) => `t${index}`)
      yield* Effect.forEach(taskIds, (taskId) => storage.createTask(create(taskId)), { concurrency: 5 })
      for (const taskId of taskIds) yield* wait(storage, taskId)
      yield* listening(yield* connect(url), 1)
      yield* Effect.sleep(1000)
      sent.length = 0
      yield* Effect.sleep(6000)
      const looks = sent.filter((text) => text.startsWith("SELECT task_id, revision, incarnation FROM mcp_tasks"))
      assert.deepStrictEqual(sent, looks)
      assert.isAtLeast(looks.length, 1)
      assert.isAtMost(looks.length, 3)
    }))
})

describe("a notification", () => {
  it.live("names any id, and thousands of them that were written in one go", () =>
    Effect.gen(function*() {
      const sql = yield* connect(yield* freshUrl)
      const runner = makeSqlRunner(sql, makePostgresDialect(), { lockTimeout: 1000 })
      const notify = yield* makeNotifier(runner, "tasks of a test", "writer")
      const taskIds = [
        "é\u{1f600} '\"\\;-- %s $1 {}",
        "\uffff".repeat(255),
        "\u{10ffff}".repeat(127),
        "\u2028\u2029\u00a0",
        ...Array.from({ length: 4000 }, (_, index) => `${index}`.padEnd(100, "x"))
      ]
      const heard = new Set<string>()
      yield* Effect.forkChild(Stream.runForEach(
        listenForWrites(PgConnection, sql.config, "tasks of a test", "reader"),
        (taskId) => Effect.sync(() => taskId !== undefined && heard.add(taskId))
      ))
      yield* listening(sql, 1)
      for (const taskId of taskIds) notify(taskId)
      yield* eventually("all are heard", Effect.sync(() => heard.size === taskIds.length))
      assert.sameMembers([...heard], taskIds)
    }))

  it.live("is not heard by who sent it", () =>
    Effect.gen(function*() {
      const sql = yield* connect(yield* freshUrl)
      const runner = makeSqlRunner(sql, makePostgresDialect(), { lockTimeout: 1000 })
      const own = yield* makeNotifier(runner, "c", "own")
      const other = yield* makeNotifier(runner, "c", "other")
      const heard: Array<string> = []
      yield* Effect.forkChild(Stream.runForEach(
        listenForWrites(PgConnection, sql.config, "c", "own"),
        (taskId) => Effect.sync(() => taskId !== undefined && heard.push(taskId))
      ))
      yield* listening(sql, 1)
      own("mine")
      yield* Effect.sleep(100)
      other("theirs")
      yield* eventually("the other is heard", Effect.sync(() => heard.length > 0))
      assert.deepStrictEqual(heard, ["theirs"])
    }))

  const limited = { maxActivePerSession: 5, whenMaxActive: "wait" } as const
  it.live.each(
    [
      ["without limits", {}, []],
      ["where what is over a limit is refused", { ...limited, whenMaxActive: "refuse" }, []],
      ["of an owner whose tasks wait for it", limited, ["bound", "deleted"]],
      ["where all tasks wait for any", { ...limited, maxActive: 9 }, ["bound", "free", "deleted"]]
    ] as const
  )(
    "tells of a seat that was left, %s, with the end of the task and of no other write",
    ([, options, leaving]) =>
      Effect.gen(function*() {
        const url = yield* freshUrl
        const sql = yield* connect(url)
        const writing = yield* open({ url, ...options })
        const heard: Array<string> = []
        yield* Effect.forkChild(Stream.runForEach(
          listenForWrites(PgConnection, sql.config, "mcp_tasks", "reader"),
          (taskId) => Effect.sync(() => taskId !== undefined && heard.push(taskId))
        ))
        yield* listening(sql, 1)
        const left: Array<string> = []
        const told = (taskId: string, write: Effect.Effect<unknown, TaskStorageError>) =>
          Effect.gen(function*() {
            yield* write
            yield* eventually("it is told", Effect.sync(() => heard.includes(taskId)))
            if (heard.includes(newsOfSeats)) left.push(taskId)
            heard.length = 0
          })
        const held = { originalMethod: "tools/call", lease: "1 minute" } as const
        yield* writing.createTask({ ...held, taskId: "bound", sessionId: "s" })
        yield* writing.createTask({ ...held, taskId: "deleted", sessionId: "s" })
        yield* writing.createTask({ ...held, taskId: "free" })
        yield* told("bound", writing.touchTask("bound", { statusMessage: "half" }))
        assert.deepStrictEqual(left, [])
        yield* told("bound", writing.settleTask("bound", success))
        yield* told("free", writing.updateTaskStatus("free", "cancelled"))
        yield* told("deleted", writing.deleteTask("deleted"))
        assert.deepStrictEqual<ReadonlyArray<string>>(left, leaving)
      })
  )

  it.live("reaches who waits for a task of any id", () =>
    Effect.gen(function*() {
      const { sql, waiting, writing } = yield* setUp
      for (const taskId of ["é\u{1f600} '\"\\;-- %s $1 {}", "\uffff".repeat(255)]) {
        yield* writing.createTask(create(taskId))
        const waiter = yield* wait(waiting, taskId)
        yield* listening(sql, 1)
        yield* settled(writing, taskId, waiter)
        yield* listening(sql, 0)
      }
    }))
})
