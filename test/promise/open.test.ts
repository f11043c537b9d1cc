/**
 * Opening storage: by URL, by layer, with options.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import * as Promises from "mcp-task-storage/promise"
import { InvalidInput, isTaskStorageError, openTaskStorage, TaskNotFound } from "mcp-task-storage/promise"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { until } from "../support/until.ts"

const call = { originalMethod: "tools/call" }

/** Opens as JavaScript does, without types. */
const open = (...args: ReadonlyArray<unknown>): Promise<Promises.PromiseTaskStorage> =>
  Reflect.apply(openTaskStorage, undefined, args)

const refusal = (field: string) => ({ _tag: "InvalidInput", field })

describe("a URL", () => {
  let folder = ""
  const workplace = process.cwd()
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-"))
    process.chdir(folder)
  })
  afterAll(() => {
    process.chdir(workplace)
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(["memory:", "MEMORY:", "sqlite::memory:"])("%s keeps tasks for itself", async (url) => {
    await using one = await openTaskStorage(url)
    await using two = await openTaskStorage(url)
    await one.createTask(call)
    expect([await one.taskCount(), await two.taskCount()]).toEqual([1, 0])
  })

  test.each([
    ["sqlite:tasks.db", "tasks.db"],
    ["sqlite:./dot.db", "dot.db"],
    ["SQLite:odd name%20?#.db", "odd name%20?#.db"]
  ])("%s is the file %s", async (url, file) => {
    {
      await using storage = await openTaskStorage(url)
      await storage.createTask({ ...call, taskId: "kept" })
    }
    expect(existsSync(join(folder, file))).toBe(true)
    await using again = await openTaskStorage(url)
    expect(await again.getTask("kept")).toMatchObject(call)
  })

  test.each(["sqlite:", "sqlite://"])("%s takes an absolute path", async (scheme) => {
    const file = join(folder, `absolute${scheme.length}.db`)
    await using storage = await openTaskStorage(`${scheme}${file}`)
    expect(storage.backendName).toBe("sqlite")
    expect(existsSync(file)).toBe(true)
  })

  test.each([
    "sqlite:",
    "sqlite://",
    "sqlite://tasks.db",
    "sqlite://host/tasks.db",
    "memory:tasks",
    "memory://",
    "memory",
    "tasks.db",
    "",
    "redis://localhost",
    "file:tasks.db",
    "://",
    undefined,
    null,
    7,
    []
  ])("%j is refused", async (url) => {
    const error: unknown = await open(url).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InvalidInput)
    expect(error).toMatchObject(refusal("url"))
    expect(existsSync(join(folder, "tasks"))).toBe(false)
  })

  test.each(["redis://localhost", "memory", "mysql://root:secret@host/db"])(
    "%s: the refusal names those known",
    async (url) => {
      await expect(open(url)).rejects.toThrow(/memory:, sqlite:FILE, sqlite::memory:, postgres:.* or dynamodb:/)
    }
  )

  test.each([
    ["postgres://user:secret@host:not-a-port/db", "postgres://USER:PASSWORD@HOST"],
    ["postgresql://user:se%cret@", "postgres://USER:PASSWORD@HOST"],
    ["dynamodb:", "dynamodb://TABLE"],
    ["dynamodb://key:secret@tasks", "dynamodb://TABLE"],
    ["dynamodb://tasks?secret=1", "region and endpoint"],
    ["mysql://root:secret@host/db", "memory:"],
    ["sqlite://secret@host", "sqlite:FILE"]
  ])("%s is refused without being shown", async (url, named) => {
    const error: unknown = await open(url).catch((error: unknown) => error)
    expect(error).toMatchObject({ ...refusal("url"), message: expect.stringContaining(named) })
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain("secret")
  })

  test.each([
    "sqlite:no/such/folder/tasks.db",
    "postgres://user:secret@127.0.0.1:1/db",
    "dynamodb://tasks?region=eu-west-1&endpoint=http://127.0.0.1:1/secret"
  ])("%s, which cannot be opened, rejects with a typed error that does not show it", async (url) => {
    const credentials = { accessKeyId: "id", secretAccessKey: "secret" }
    const dynamodb = { credentials, retryTimeout: 10 }
    const error: unknown = await openTaskStorage(url, { dynamodb }).catch((error: unknown) => error)
    expect(error).toMatchObject({ _tag: "TaskStorageUnavailable", retryable: !url.startsWith("sqlite"), applied: "no" })
    expect(inspect(error, { depth: 9 })).not.toContain("secret")
  })
})

describe("options", () => {
  test.each([
    [{ maxTasks: 0 }, "maxTasks"],
    [{ maxTasks: "1" }, "maxTasks"],
    [{ maxTasksPerSession: -1 }, "maxTasksPerSession"],
    [{ maxActive: 0 }, "maxActive"],
    [{ maxActivePerSession: 1.5 }, "maxActivePerSession"],
    [{ maxActive: 1, whenMaxActive: "waits" }, "whenMaxActive"],
    [{ defaultTtl: "1 minut" }, "defaultTtl"],
    [{ maxTtl: { minuts: 1 } }, "maxTtl"],
    [{ defaultPollInterval: {} }, "defaultPollInterval"],
    [{ maintenance: { interval: "often" } }, "maintenance.interval"],
    [{ maintenance: { intervall: 1 } }, "maintenance.intervall"],
    [{ maintenance: true }, "maintenance"],
    [{ maintenance: [] }, "maintenance"],
    [{ maxPayloadBytes: 0 }, "maxPayloadBytes"],
    [{ maxPayloadBytes: [] }, "maxPayloadBytes"],
    [{ maxPayloadBytes: null }, "maxPayloadBytes"],
    [{ maxPayloadBytes: { outcome: "7" } }, "maxPayloadBytes.outcome"],
    [{ maxPageSize: 0.5 }, "maxPageSize"],
    [{ sqlite: "normal" }, "sqlite"],
    [{ sqlite: null }, "sqlite"],
    [{ sqlite: { lockTimeout: "1 secnd" } }, "lockTimeout"],
    [{ sqlite: { lockTimeout: -1 } }, "lockTimeout"],
    [{ sqlite: { synchronous: "most" } }, "synchronous"],
    [{ sqlite: { tablePrefix: "a b" } }, "tablePrefix"],
    [{ now: 5 }, "now"],
    [{ generateId: "id" }, "generateId"],
    [{ signal: {} }, "options.signal"],
    [{ maxTask: 1 }, "maxTask"],
    [{ sqlite: { tablePrefx: "a_" } }, "sqlite.tablePrefx"],
    [{ sqlite: { maxTasks: 1 } }, "sqlite.maxTasks"],
    [{ sqlite: { schema: "Verify" } }, "schema"],
    [{ maxPayloadBytes: { outcom: 5 } }, "maxPayloadBytes.outcom"],
    [{ maxPayloadBytes: 2 ** 40 }, "maxPayloadBytes.outcome"],
    [null, "options"],
    [[], "options"],
    ["memory:", "options"]
  ])("%j is refused", async (options, field) => {
    await expect(open("sqlite::memory:", options)).rejects.toMatchObject({
      _tag: "InvalidInput",
      field: expect.stringContaining(field)
    })
  })

  test.each(
    [
      { defaultTtl: 60_000, maxTtl: 120_000, defaultPollInterval: 250, maintenance: { interval: 1_000 } },
      {
        defaultTtl: "1 minute",
        maxTtl: Duration.minutes(2),
        defaultPollInterval: { milliseconds: 250 },
        maintenance: { interval: "1 second" }
      }
    ] as const
  )("reach the storage, with durations as in the layers: %j", async (durations) => {
    await using storage = await openTaskStorage("memory:", {
      maxTasks: 2,
      maxTasksPerSession: 1,
      ...durations,
      maxPayloadBytes: { outcome: 100 },
      maxPageSize: 1
    })
    expect(await storage.createTask(call)).toMatchObject({ ttl: 60_000, pollInterval: 250 })
    expect(await storage.createTask({ ...call, ttl: 1e9, sessionId: "s" })).toMatchObject({ ttl: 120_000 })
    await expect(storage.forSession("s").createTask(call)).rejects.toMatchObject({ _tag: "MaxTasksReached" })
    await expect(storage.createTask(call)).rejects.toMatchObject({ _tag: "MaxTasksReached", limit: 2 })
    const { nextCursor, tasks } = await storage.listTasks({ limit: 50 })
    expect(tasks).toHaveLength(1)
    expect(nextCursor).toBeTypeOf("string")
    const value = "x".repeat(101)
    await expect(storage.settleTask(tasks[0]?.taskId ?? "", { _tag: "Success", value })).rejects.toMatchObject({
      _tag: "PayloadTooLarge",
      limit: 100
    })
  })

  test("of SQLite reach SQLite, and are for it alone", async () => {
    const sqlite = { tablePrefix: "other_", synchronous: "normal", lockTimeout: 0, schema: "trust" } as const
    await using storage = await openTaskStorage("sqlite::memory:", { sqlite: { ...sqlite, schema: "migrate" } })
    expect(await storage.createTask(call)).toMatchObject(call)
    await using untouched = await openTaskStorage("sqlite::memory:", { sqlite })
    await expect(untouched.createTask(call)).rejects.toMatchObject({ _tag: "TaskStorageUnavailable" })
    await using memory = await openTaskStorage("memory:", { sqlite })
    expect(await memory.createTask(call)).toMatchObject(call)
  })

  test("null means the default, as undefined does, where it can", async () => {
    await using storage = await open("memory:", { defaultTtl: null, maxTasks: undefined, maintenance: false })
    expect(await storage.createTask(call)).toMatchObject({ ttl: null })
  })

  test("now sets the clock", async () => {
    let now = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
    await using storage = await openTaskStorage("memory:", { now: () => now })
    const { createdAt, taskId } = await storage.createTask({ ...call, ttl: 1_000 })
    expect(createdAt).toBe("2026-01-02T03:04:05.678Z")
    now += 999.5
    expect(await storage.touchTask(taskId)).toMatchObject({ lastUpdatedAt: "2026-01-02T03:04:06.677Z" })
    now += 0.5
    expect(await storage.getTask(taskId)).toBeUndefined()
    expect(await storage.expireTasks()).toEqual([taskId])
  })

  test("now is the time of the background too, whose timers stay real", async () => {
    let now = Date.UTC(2100, 0, 1)
    await using storage = await openTaskStorage("memory:", {
      now: () => now,
      maxTasks: 1,
      maintenance: { interval: 5 }
    })
    await storage.createTask({ ...call, ttl: 1_000 })
    await expect(storage.createTask(call)).rejects.toMatchObject({ _tag: "MaxTasksReached" })
    now += 1_000
    // There is room once it was swept.
    await until(() => storage.createTask(call).then(() => true, () => false))
  })

  test.each([NaN, Infinity, "0", undefined, 8.64e15 + 1])("now must not return %j", async (time) => {
    await using storage = await open("memory:", { now: () => time, maintenance: false })
    await expect(storage.createTask(call)).rejects.toMatchObject(refusal("now"))
  })

  test("generateId names the tasks that have no id", async () => {
    let count = 0
    await using storage = await openTaskStorage("memory:", { generateId: () => `task-${++count}` })
    expect(await storage.createTask(call)).toMatchObject({ taskId: "task-1" })
    expect(await storage.forSession("s").createTask(call)).toMatchObject({ taskId: "task-2" })
    expect(await storage.createTask({ ...call, taskId: "mine" })).toMatchObject({ taskId: "mine" })
  })

  test.each([undefined, null, 7])("generateId must not return %j", async (id) => {
    await using storage = await open("memory:", { generateId: () => id })
    await expect(storage.createTask(call)).rejects.toMatchObject(refusal("generateId"))
  })

  test("generateId that throws rejects with a typed error", async () => {
    const cause = new Error("no more ids")
    const generateId = () => {
      throw cause
    }
    await using storage = await openTaskStorage("memory:", { generateId })
    await expect(storage.createTask(call)).rejects.toMatchObject({
      _tag: "TaskStorageUnavailable",
      operation: "createTask",
      applied: "no",
      cause
    })
  })
})

describe("a layer", () => {
  test("of a third party is used and released, with the facade's clock and ids", async () => {
    const events: Array<string> = []
    const layer = Layer.effect(
      TaskStorage,
      Effect.gen(function*() {
        events.push("opened")
        yield* Effect.addFinalizer(() => Effect.sync(() => events.push("released")))
        const driver = MemoryTaskStorage.makeDriver(yield* MemoryTaskStorage.makeStore)
        return yield* TaskStorage.fromDriver({ ...driver, backendName: "mine" })
      })
    )
    {
      await using storage = await openTaskStorage({ layer }, { now: () => 0, generateId: () => "first" })
      expect(storage.backendName).toBe("mine")
      expect(await storage.createTask(call)).toMatchObject({ taskId: "first", createdAt: "1970-01-01T00:00:00.000Z" })
      expect(events).toEqual(["opened"])
    }
    expect(events).toEqual(["opened", "released"])
  })

  test("that fails rejects with its own error, and is released", async () => {
    class Refused extends Error {}
    const refused = new Refused("not today")
    let released = false
    const layer = Layer.effect(
      TaskStorage,
      Effect.andThen(Effect.addFinalizer(() => Effect.sync(() => released = true)), Effect.fail(refused))
    )
    await expect(openTaskStorage({ layer })).rejects.toBe(refused)
    expect(released).toBe(true)
  })

  test("that dies, or fails with no error, rejects with a typed error", async () => {
    const cause = new TypeError("oops")
    const died = { _tag: "TaskStorageUnavailable", operation: "openTaskStorage", cause }
    await expect(openTaskStorage({ layer: Layer.effect(TaskStorage, Effect.die(cause)) })).rejects.toMatchObject(died)
    await expect(openTaskStorage({ layer: Layer.effect(TaskStorage, Effect.fail("text")) })).rejects.toMatchObject({
      ...died,
      cause: "text"
    })
  })

  test("keeps its own options", async () => {
    const layer = MemoryTaskStorage.layer({ maxTasks: 1 })
    await expect(open({ layer }, { maxTasks: 2 })).rejects.toMatchObject(refusal("maxTasks"))
    await using storage = await openTaskStorage({ layer })
    await storage.createTask(call)
    await expect(storage.createTask(call)).rejects.toMatchObject({ _tag: "MaxTasksReached", limit: 1 })
  })

  test("that is none is refused", async () => {
    const layers = [undefined, null, {}, "memory:", Effect.void, Layer.empty, Layer.succeedContext(Context.empty())]
    await expect(open({})).rejects.toMatchObject(refusal("layer"))
    for (const layer of layers) await expect(open({ layer })).rejects.toMatchObject(refusal("layer"))
  })

  test("that keeps no tasks is refused and released", async () => {
    let released = false
    const layer = Layer.effectDiscard(Effect.addFinalizer(() => Effect.sync(() => released = true)))
    await expect(open({ layer })).rejects.toMatchObject(refusal("layer"))
    expect(released).toBe(true)
  })
})

describe("errors", () => {
  test("are classes, and know themselves", async () => {
    await using storage = await openTaskStorage("memory:")
    const error: unknown = await storage.awaitTask("nobody").catch((error: unknown) => error)
    expect(error).toBeInstanceOf(Error)
    expect(error).toBeInstanceOf(TaskNotFound)
    expect(isTaskStorageError(error)).toBe(true)
    expect(isTaskStorageError(new Error("other"))).toBe(false)
    expect(error).toMatchObject({ _tag: "TaskNotFound", taskId: "nobody", message: expect.stringContaining("nobody") })
  })

  test("are all exported", () => {
    const tags = [
      "ConcurrentModification",
      "InputKeyReused",
      "InvalidCursor",
      "InvalidInput",
      "InvalidTransition",
      "LeaseHeld",
      "LeaseLost",
      "MaxTasksReached",
      "PayloadTooLarge",
      "ResultAlreadyStored",
      "TaskAlreadyExists",
      "TaskAlreadyRerun",
      "TaskNotEnded",
      "TaskNotFound",
      "TaskStorageUnavailable",
      "TerminalState",
      "WorkerLost"
    ]
    expect(Object.keys(Promises).toSorted()).toEqual(
      [
        ...tags,
        "InputRefused",
        "InvalidLine",
        "TaskFailure",
        "TooManyTasks",
        "isTaskStorageError",
        "makeTaskAdmin",
        "openTaskRunner",
        "openTaskStorage"
      ].toSorted()
    )
  })
})
