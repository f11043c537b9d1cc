/**
 * Who hears of errors and log lines: `onError`, `logger`, and stderr without them; never stdout.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { type ErrorSource, openTaskRunner, openTaskStorage, type PromiseLogger } from "mcp-task-storage/promise"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { type TaskDriver, TaskDriverError } from "../../src/domain/driver/TaskDriver.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { until } from "../support/until.ts"

const call = { originalMethod: "tools/call", originalParams: { name: "report" } }
const broken = new TypeError("no paper")
const outage = new TaskDriverError({ reason: "the disk is full", retryable: true, applied: "no" })

const throwing = async () => {
  throw broken
}

/** Writes down what it is told. */
const makeOnError = () => {
  const heard: Array<readonly [error: unknown, source: ErrorSource]> = []
  return { heard, onError: (error: unknown, source: ErrorSource) => void heard.push([error, source]) }
}

const makeLogger = () => {
  const lines: Array<readonly [level: string, message: string, fields: object]> = []
  const at = (level: string) => (message: string, fields: object) => void lines.push([level, message, fields])
  const logger: PromiseLogger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") }
  return { lines, logger }
}

/** Memory whose driver was changed. */
const changed = (change: Partial<TaskDriver>, maintenance: { readonly interval: number } | false = false) =>
  Layer.effect(
    TaskStorage,
    Effect.gen(function*() {
      const driver = MemoryTaskStorage.makeDriver(yield* MemoryTaskStorage.makeStore)
      return yield* TaskStorage.fromDriver({ ...driver, ...change }, { maintenance })
    })
  )

const unhandled = vi.fn()
const consoleOf = () => ({
  stdout: [console.log, console.info, console.debug].map((log) => vi.mocked(log).mock.calls).flat(),
  stderr: [console.warn, console.error].map((log) => vi.mocked(log).mock.calls).flat()
})

beforeEach(() => {
  for (const name of ["log", "info", "debug", "warn", "error"] as const) vi.spyOn(console, name).mockReturnValue()
  process.on("unhandledRejection", unhandled)
})
afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 5))
  process.off("unhandledRejection", unhandled)
  expect(unhandled).not.toHaveBeenCalled()
  expect(consoleOf().stdout).toEqual([])
  vi.restoreAllMocks()
})

describe("a task that throws", () => {
  const fail = async (runner: Awaited<ReturnType<typeof openTaskRunner>>, run = throwing) => {
    const { taskId } = await runner.startTask(call, run)
    const task = await runner.storage.awaitTask(taskId)
    expect(task).toMatchObject({ status: "failed", result: { code: -32603, message: "Internal error" } })
    return taskId
  }

  test("is told to onError with its id and its tool, and to nobody else", async () => {
    const { heard, onError } = makeOnError()
    await using runner = await openTaskRunner("memory:", { onError })
    const taskId = await fail(runner)
    expect(heard).toStrictEqual([[broken, { taskId, tool: "report" }]])
    expect(consoleOf().stderr).toEqual([])
  })

  test("is told to onError whatever it throws", async () => {
    const { heard, onError } = makeOnError()
    await using runner = await openTaskRunner("memory:", { onError })
    await fail(runner, () => Promise.reject())
    expect(heard).toStrictEqual([[undefined, expect.anything()]])
  })

  test("is told to the logger, and to onError too", async () => {
    const { heard, onError } = makeOnError()
    const { lines, logger } = makeLogger()
    await using runner = await openTaskRunner("memory:", { logger, onError })
    const taskId = await fail(runner)
    const fields = { "mcp.task.id": taskId, "mcp.task.method": "tools/call", "mcp.task.name": "report", error: broken }
    expect(lines).toStrictEqual([["error", expect.stringContaining("A task failed"), fields]])
    expect(heard).toHaveLength(1)
    expect(consoleOf().stderr).toEqual([])
  })

  test("is told on stderr without either", async () => {
    await using runner = await openTaskRunner("memory:")
    const taskId = await fail(runner)
    expect(consoleOf().stderr).toMatchObject([[
      expect.stringContaining("A task failed"),
      { "mcp.task.id": taskId, "mcp.task.name": "report", error: broken }
    ]])
  })

  test("is told to those of the storage, unless its runner has others", async () => {
    const storages = makeOnError()
    const runners = makeOnError()
    await using storage = await openTaskStorage("memory:", { onError: storages.onError })
    await using plain = await openTaskRunner(storage)
    await fail(plain)
    expect([storages.heard.length, runners.heard.length]).toEqual([1, 0])
    await using own = await openTaskRunner(storage, { onError: runners.onError })
    await fail(own)
    expect([storages.heard.length, runners.heard.length]).toEqual([1, 1])
  })

  test.each<[string, () => unknown]>([
    ["throws", () => {
      throw new Error("mail server down")
    }],
    ["rejects", async () => {
      throw new Error("mail server down")
    }]
  ])("ends all the same where onError or the logger %s", async (_, fails) => {
    const logger = { debug: fails, info: fails, warn: fails, error: fails }
    await using heard = await openTaskRunner("memory:", { onError: fails })
    await fail(heard)
    await using logged = await openTaskRunner("memory:", { logger })
    await fail(logged)
    await until(() => consoleOf().stderr.length === 2)
    expect(consoleOf().stderr.map(([message]) => message)).toEqual([
      "mcp-task-storage: onError failed",
      "mcp-task-storage: logger failed"
    ])
  })
})

test("a dispatch that fails is told with what it threw", async () => {
  const { heard, onError } = makeOnError()
  await using runner = await openTaskRunner("memory:", { dispatch: throwing, onError })
  const { taskId } = await runner.startTask(call)
  expect(heard).toStrictEqual([[broken, { taskId }]])
})

test("maintenance that fails in the background is told as the typed error", async () => {
  const { heard, onError } = makeOnError()
  const layer = changed({ maintain: Effect.fail(outage) }, { interval: 1 })
  await using storage = await openTaskStorage({ layer }, { onError })
  await until(() => heard.length > 0)
  expect(heard[0]).toMatchObject([{ _tag: "TaskStorageUnavailable", reason: "the disk is full" }, {}])
  expect(await storage.taskCount()).toBe(0)
})

test("recovery that fails in the background is told as the typed error", async () => {
  const { heard, onError } = makeOnError()
  const failing = () => Effect.fail(outage)
  await using runner = await openTaskRunner({ layer: changed({ abandoned: failing, freeKinds: failing }) }, {
    onError
  })
  await until(() => heard.length > 0)
  expect(heard[0]).toMatchObject([{ _tag: "TaskStorageUnavailable", reason: "the disk is full" }, {}])
  expect(runner.running()).toBe(0)
})

describe("log lines of a layer", () => {
  const all = Effect.all([
    Effect.logTrace("traced"),
    Effect.logDebug("debugged"),
    Effect.logInfo("informed"),
    Effect.logWarning("warned"),
    Effect.logError("erred"),
    Effect.logFatal("died")
  ])
  const chatty = Layer.effect(
    TaskStorage,
    Effect.gen(function*() {
      yield* all
      yield* Effect.addFinalizer(() => Effect.logWarning("closed"))
      const driver = MemoryTaskStorage.makeDriver(yield* MemoryTaskStorage.makeStore)
      return yield* TaskStorage.fromDriver(driver)
    })
  )
  const levels = ["debug traced", "debug debugged", "info informed", "warn warned", "error erred", "error died"]

  test("go to the logger, each at its level, to the very end", async () => {
    const { lines, logger } = makeLogger()
    const storage = await openTaskStorage({ layer: chatty }, { logger })
    await storage.close()
    expect(lines.map(([level, message]) => `${level} ${message.replace("mcp-task-storage: ", "")}`))
      .toEqual([...levels, "warn closed"])
  })

  test("go to stderr from warnings on, without a logger", async () => {
    const storage = await openTaskStorage({ layer: chatty })
    await storage.close()
    expect(consoleOf().stderr.map(([message]) => message).toSorted())
      .toEqual(["closed", "died", "erred", "warned"].map((message) => `mcp-task-storage: ${message}`))
  })

  test("are errors where they say so, with the line for want of another", async () => {
    const { heard, onError } = makeOnError()
    const storage = await openTaskStorage({ layer: chatty }, { onError })
    await storage.close()
    expect(heard).toMatchObject([[{ message: "erred" }, {}], [{ message: "died" }, {}]])
    expect(consoleOf().stderr).toHaveLength(2)
  })
})

test.each([
  [{ onError: "mail" }, "onError"],
  [{ logger: null }, "logger"],
  [{ logger: () => undefined }, "logger"],
  [{ logger: { error: () => undefined } }, "logger"]
])("%j is refused", async (options, field) => {
  const open = (source: unknown) => Reflect.apply(openTaskStorage, undefined, [source, options])
  await expect(open("memory:")).rejects.toMatchObject({ _tag: "InvalidInput", field })
  await expect(open({ layer: MemoryTaskStorage.layer() })).rejects.toMatchObject({ _tag: "InvalidInput", field })
})

test("console is a logger", async () => {
  await using runner = await openTaskRunner("memory:", { logger: console })
  const { taskId } = await runner.startTask(call, throwing)
  await runner.storage.awaitTask(taskId)
  expect(consoleOf().stderr).toMatchObject([[expect.stringContaining("A task failed"), { error: broken }]])
})
