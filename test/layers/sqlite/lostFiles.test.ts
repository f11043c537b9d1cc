/** That nothing is acknowledged once the files of a database are gone, and that an old log does not get into a new file. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync
} from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { makeSqliteDriver } from "../../../src/layers/sqlite/makeSqliteDriver.ts"
import { openSqlite } from "../../../src/layers/sqlite/openSqlite.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { until } from "../../support/until.ts"
import { storedTask } from "../storedTask.ts"
import { bare, freshFile, open, unlimited } from "./database.ts"

const create = (storage: TaskStorageShape, taskId: string) =>
  storage.createTask({ originalMethod: "tools/call", taskId })

const idsIn = (filename: string) =>
  Effect.scoped(Effect.flatMap(open({ filename }), (storage) => storage.listTasks())).pipe(
    Effect.map(({ tasks }) => tasks.map(({ taskId }) => String(taskId)))
  )

/** A closed database with one task in it. */
const otherFile = Effect.fnUntraced(function*(filename: string) {
  yield* Effect.scoped(Effect.flatMap(open({ filename }), (storage) => create(storage, "of the other file")))
})

const moveAside = (filename: string) => renameSync(filename, `${filename}.aside`)

interface Harm {
  readonly name: string
  readonly message: RegExp
  readonly happen: (filename: string, other: string) => void
}

const harms: ReadonlyArray<Harm> = [
  {
    name: "the file is deleted",
    message: /the database file \S+ was deleted or moved away/,
    happen: (filename) => rmSync(filename)
  },
  {
    name: "all its files are deleted",
    message: /the database file \S+ was deleted/,
    happen: (filename) => ["", "-wal", "-shm"].forEach((suffix) => rmSync(`${filename}${suffix}`))
  },
  {
    name: "the folder is deleted",
    message: /the database file \S+ was deleted/,
    happen: (filename) => rmSync(dirname(filename), { recursive: true })
  },
  { name: "the file is moved away", message: /the database file \S+ was deleted or moved away/, happen: moveAside },
  {
    name: "another file is moved into its place",
    message: /the database file \S+ was replaced by another file/,
    happen: (filename, other) => renameSync(other, filename)
  },
  {
    name: "it is moved away, and another copied into its place",
    message: /the database file \S+ was replaced by another file/,
    happen: (filename, other) => {
      moveAside(filename)
      copyFileSync(other, filename)
    }
  },
  {
    name: "another folder is moved into the place of its own",
    message: /the database file \S+ was replaced by another file/,
    happen: (filename, other) => {
      const folder = dirname(filename)
      renameSync(folder, `${folder}.old`)
      mkdirSync(folder)
      renameSync(join(`${folder}.old`, "other.db"), filename)
      assert.isFalse(existsSync(other))
    }
  },
  {
    name: "its log is deleted",
    message: /the write-ahead log \S+-wal was deleted or moved away/,
    happen: (filename) => rmSync(`${filename}-wal`)
  },
  {
    name: "its shared memory is deleted",
    message: /the shared memory \S+-shm was deleted or moved away/,
    happen: (filename) => rmSync(`${filename}-shm`)
  }
]

/** Makes a folder one in which no file has come or gone for long, and lets the storage see it. */
const settleFolder = (storage: TaskStorageShape, filename: string) => {
  utimesSync(dirname(filename), longAgo, longAgo)
  return storage.touchTask("before")
}

const longAgo = new Date("2001-01-01")

const setUp = Effect.fnUntraced(function*(options: Partial<SqliteTaskStorage.Options> = {}, settled = false) {
  const filename = yield* freshFile
  const other = join(dirname(filename), "other.db")
  yield* otherFile(other)
  const storage = yield* open({ filename, ...options })
  yield* create(storage, "before")
  if (settled) yield* settleFolder(storage, filename)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => rmSync(`${dirname(filename)}.old`, { recursive: true, force: true }))
  )
  return { filename, other, storage }
})

interface Failure {
  readonly _tag: string
  readonly message: string
}

const operations: ReadonlyArray<
  readonly [
    name: string,
    run: (storage: TaskStorageShape) => Effect.Effect<unknown, { readonly _tag: string; readonly message: string }>
  ]
> = [
  ["createTask", (storage) => create(storage, "after")],
  ["getTask", (storage) => storage.getTask("before")],
  ["getTaskResult", (storage) => storage.getTaskResult("before")],
  ["deleteTask", (storage) => storage.deleteTask("before")],
  ["listTasks", (storage) => storage.listTasks()],
  ["listTaskSummaries", (storage) => storage.listTaskSummaries()],
  ["updateTaskStatus", (storage) => storage.updateTaskStatus("before", "failed")],
  ["settleTask", (storage) => storage.settleTask("before", { _tag: "Success", value: 1 })],
  ["touchTask", (storage) => storage.touchTask("before")],
  ["requireInput", (storage) => storage.requireInput("before", { key: {} })],
  ["provideInput", (storage) => storage.provideInput("before", { key: {} })],
  ["claimTask", (storage) => storage.claimTask("before", { lease: 1000 })],
  ["claimableTasks", (storage) => storage.claimableTasks()],
  ["expireTasks", (storage) => storage.expireTasks()],
  ["recoverStuckTasks", (storage) => storage.recoverStuckTasks(0)],
  ["taskCount", (storage) => storage.taskCount()],
  ["maintenance", (storage) => storage.maintenance()],
  ["changes", (storage) => Stream.runDrain(storage.changes("before"))],
  ["awaitTask", (storage) => storage.awaitTask("before")],
  ["enqueue", (storage) => storage.messages.enqueue("before", 1)],
  ["dequeue", (storage) => storage.messages.dequeue("before")]
]

/** Another process that has run statements on the file, and has it open until it is closed. */
const otherProcess = (filename: string, statements: string) =>
  Effect.gen(function*() {
    const code = `const database = new (require("node:sqlite").DatabaseSync)(process.argv[1]);
      database.exec(${JSON.stringify(statements)}); console.log("ready");
      process.stdin.resume().on("end", () => database.close())`
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, ["-e", code, filename], { stdio: ["pipe", "pipe", "inherit"] })),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    yield* Effect.promise(() => once(child.stdout, "data"))
    return {
      close: Effect.promise(() => {
        child.stdin.end()
        return once(child, "exit")
      })
    }
  })

const assertLost = (error: Failure, message: RegExp) => {
  assert.strictEqual(error._tag, "TaskStorageUnavailable")
  assert.isFalse("retryable" in error && error.retryable)
  assert.match(error.message, message)
  assert.include(error.message, "open the storage again")
}

describe("files that go while they are open", () => {
  for (const { happen, message, name } of harms) {
    it.live.each([
      { folder: "a folder that changed just now", settled: false },
      { folder: "a folder that has not changed for long", settled: true }
    ])(
      `${name}, in $folder: the next write fails, and everything after it, until the storage is opened again`,
      ({ settled }) =>
        Effect.gen(function*() {
          const { filename, other, storage } = yield* setUp({}, settled)
          happen(filename, other)
          const refused = yield* Effect.flip(create(storage, "after"))
          assertLost(refused, message)
          assert.deepInclude(refused, { applied: "no" })
          for (const [operation, run] of operations) {
            const error = yield* Effect.flip(Effect.asVoid(run(storage)))
            assert.include(error.message, operation === "enqueue" || operation === "dequeue" ? "messages" : operation)
            assertLost(error, message)
          }
          mkdirSync(dirname(filename), { recursive: true })
          assert.notInclude(yield* idsIn(filename), "after")
          assertLost(yield* Effect.flip(storage.getTask("before")), message)
        })
    )

    it.live(`${name}: those who only read or wait hear of it within a second`, () =>
      Effect.gen(function*() {
        const { filename, other, storage } = yield* setUp()
        const waiting = yield* Effect.forkChild(Effect.flip(storage.awaitTask("before")))
        yield* Effect.sleep(20)
        happen(filename, other)
        const start = performance.now()
        const read = Effect.forever(Effect.andThen(storage.getTask("before"), Effect.sleep(10)))
        assertLost(yield* Effect.flip(read), message)
        assertLost(yield* Fiber.join(waiting), message)
        assert.isBelow(performance.now() - start, 3000)
      }))
  }

  it.live("a write looks at the folder alone while nothing comes or goes in it, and the background at the files", () =>
    Effect.gen(function*() {
      const { filename, storage } = yield* setUp({}, true)
      rmSync(`${filename}-shm`)
      // Nobody but a test sets the time back.
      utimesSync(dirname(filename), longAgo, longAgo)
      yield* storage.touchTask("before")
      const touches = Effect.forever(Effect.andThen(storage.touchTask("before"), Effect.sleep(10)))
      assertLost(yield* Effect.flip(touches), /the shared memory \S+-shm was deleted/)
    }))

  it.live("a write that waits for a lock meanwhile is not acknowledged", () =>
    Effect.gen(function*() {
      const { filename, other, storage } = yield* setUp()
      const locking = yield* bare(filename)
      locking.exec("BEGIN IMMEDIATE")
      const writing = yield* Effect.forkChild(Effect.flip(create(storage, "after")), { startImmediately: true })
      yield* Effect.sleep(50)
      renameSync(other, filename)
      locking.exec("COMMIT")
      const error = yield* Fiber.join(writing)
      assertLost(error, /was replaced by another file/)
      assert.deepInclude(error, { applied: "unknown" })
    }))

  for (const [name, settled] of [["changed just now", false], ["has not changed for long", true]] as const) {
    it.live(`a write during which they go, in a folder that ${name}, is not acknowledged`, () =>
      Effect.gen(function*() {
        const filename = yield* freshFile
        const sql = yield* openSqlite({ filename })
        const driver = yield* makeSqliteDriver(sql, {})
        if (settled) utimesSync(dirname(filename), longAgo, longAgo)
        yield* driver.insert(storedTask("before"), unlimited, 1000)
        const { valuesAtOnce } = sql
        Object.assign(sql, {
          valuesAtOnce: (text: string, params: ReadonlyArray<unknown>) => {
            const rows = valuesAtOnce(text, params)
            rmSync(filename)
            return rows
          }
        })
        const error = yield* Effect.flip(driver.insert(storedTask("after"), unlimited, 1000))
        assert.match(error.reason, /the database file \S+ was deleted/)
        assert.deepInclude(error, { retryable: false, applied: "unknown" })
      }))
  }

  it.live("a symbolic link in its path leads to another folder", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const folderOf = (name: string) => join(dirname(filename), name)
      const [current, first, second] = [folderOf("current"), folderOf("first"), folderOf("second")] as const
      for (const folder of [first, second]) mkdirSync(folder)
      for (const opened of ["tasks.db", "file"]) {
        symlinkSync(first, current)
        const path = join(current, opened)
        const storage = yield* open({ filename: opened === "file" ? `file:${path}` : path })
        yield* create(storage, "before")
        rmSync(current)
        symlinkSync(second, current)
        assertLost(
          yield* Effect.flip(create(storage, "after")),
          /the database file \S+current\S+ was deleted or moved away/
        )
        rmSync(current)
      }
    }))

  it.live("a sign comes for those who began to wait just before, and begin to listen after", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const driver = yield* SqliteTaskStorage.makeDriver({ filename })
      rmSync(filename)
      yield* Effect.flip(driver.remove("nowhere", { now: 0, session: undefined }))
      const signs = Stream.runCollect(Stream.take(driver.foreignWrites ?? Stream.never, 1))
      assert.lengthOf(yield* Effect.timeout(signs, "60 seconds"), 1)
    }))

  it.live("on a client of the user's own, and in its transactions", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const client = SqliteTaskStorage.layerSqlClient({ filename })
      const layer = SqliteTaskStorage.layerClient({ maintenance: false }).pipe(Layer.provideMerge(client))
      const storage = Context.get(yield* Layer.build(layer), TaskStorage)
      yield* create(storage, "before")
      rmSync(filename)
      assertLost(yield* Effect.flip(create(storage, "after")), /was deleted/)
    }))
})

describe("the log of a file that was replaced", () => {
  const ways: ReadonlyArray<
    readonly [name: string, notice: (storage: TaskStorageShape) => Effect.Effect<void>]
  > = [
    ["once a write has noticed it", (storage) => Effect.ignore(create(storage, "after"))],
    [
      "once it was noticed in the background",
      (storage) => Effect.ignore(Effect.forever(Effect.andThen(storage.getTask("before 0"), Effect.sleep(10))))
    ],
    ["when the storage is closed, although nobody has noticed", () => Effect.void]
  ]
  for (const [name, notice] of ways) {
    it.live(`goes into the file that it belongs to, not into the other one: ${name}`, () =>
      Effect.gen(function*() {
        const filename = yield* freshFile
        const other = join(dirname(filename), "other.db")
        yield* otherFile(other)
        yield* Effect.scoped(Effect.gen(function*() {
          const storage = yield* open({ filename })
          for (let count = 0; count < 20; count++) yield* create(storage, `before ${count}`)
          renameSync(filename, `${filename}.aside`)
          renameSync(other, filename)
          yield* notice(storage)
        }))
        assert.deepStrictEqual(yield* idsIn(filename), ["of the other file"])
        const kept = yield* idsIn(`${filename}.aside`)
        assert.sameMembers(kept, Array.from({ length: 20 }, (_, count) => `before ${count}`))
        const database = yield* bare(filename)
        assert.deepInclude(database.prepare("PRAGMA integrity_check").get(), { integrity_check: "ok" })
      }))
  }

  it.live("is empty for another process as soon as it was noticed, while the old storage is still open", () =>
    Effect.gen(function*() {
      const { filename, other, storage } = yield* setUp()
      renameSync(other, filename)
      yield* Effect.flip(create(storage, "after"))
      yield* Effect.promise(() => until(() => statSync(`${filename}-wal`).size === 0))
      assert.deepStrictEqual(yield* idsIn(filename), ["of the other file"])
    }))

  it.live("that was deleted goes into its database", () =>
    Effect.gen(function*() {
      const { filename, storage } = yield* setUp()
      for (const suffix of ["-wal", "-shm"]) rmSync(`${filename}${suffix}`)
      yield* Effect.flip(create(storage, "after"))
      assert.deepStrictEqual(yield* idsIn(filename), ["before"])
    }))

  it.live("that was deleted stays out of its database once another process has begun a new one", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const test = yield* Effect.scope
      const other = yield* Effect.scoped(Effect.gen(function*() {
        const storage = yield* open({ filename })
        yield* create(storage, "before")
        for (const suffix of ["-wal", "-shm"]) rmSync(`${filename}${suffix}`)
        const other = yield* Scope.provide(
          otherProcess(filename, "CREATE TABLE newer (n); INSERT INTO newer VALUES (1)"),
          test
        )
        // It may have been missed in the background before there was another one.
        const lost = /the write-ahead log \S+ was (replaced by another file|deleted or moved away)/
        assertLost(yield* Effect.flip(create(storage, "after")), lost)
        yield* Effect.sleep(100)
        return other
      }))
      yield* other.close
      const database = yield* bare(filename)
      assert.strictEqual(database.prepare("SELECT count(*) AS found FROM newer").get()?.["found"], 1)
      assert.deepInclude(database.prepare("PRAGMA integrity_check").get(), { integrity_check: "ok" })
    }))
})

describe("no false alarm", () => {
  const inUse = (options: SqliteTaskStorage.Options) =>
    Effect.gen(function*() {
      const storage = yield* open(options)
      yield* create(storage, "before")
      yield* Effect.sleep(400)
      yield* storage.maintenance()
      assert.strictEqual(yield* storage.taskCount(), 1)
      yield* create(storage, "after")
    })

  const databases: ReadonlyArray<readonly [name: string, of: (filename: string) => string]> = [
    ["a path", (filename) => filename],
    ["a file: URL", (filename) => `file:${filename}`],
    [":memory:", () => ":memory:"],
    ["a file: URL of memory", () => "file::memory:"],
    ["a named database in memory", () => "file:/named?vfs=memdb"],
    ["a temporary database", () => "file:"]
  ]
  for (const [name, of] of databases) {
    it.live(`for ${name}`, () => Effect.flatMap(freshFile, (filename) => inUse({ filename: of(filename) })))
  }

  it.live("for a path through a symbolic link, and while others open and close the file", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const link = join(dirname(filename), "link.db")
      const storage = yield* open({ filename })
      symlinkSync(filename, link)
      yield* inUse({ filename: link })
      for (let count = 0; count < 3; count++) {
        yield* Effect.scoped(open({ filename, maxTasks: 10 }))
        yield* storage.maintenance()
      }
      assert.strictEqual(yield* storage.taskCount(), 2)
    }))

  it.live("where the process may not search the folder any more", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const program = fileURLToPath(new URL("unprivileged.ts", import.meta.url))
      yield* Effect.addFinalizer(() => Effect.sync(() => chmodSync(dirname(filename), 0o700)))
      const { stdout } = yield* Effect.promise(() => promisify(execFile)(process.execPath, [program, filename]))
      assert.strictEqual(stdout, "EACCES 2")
      chmodSync(dirname(filename), 0o700)
      assert.lengthOf(yield* idsIn(filename), 2)
    }))
})
