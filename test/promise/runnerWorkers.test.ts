/**
 * Workers that are woken with an id, sessions, and how runners are opened.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { openTaskRunner, openTaskStorage, type PromiseTaskRunner } from "mcp-task-storage/promise"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { until } from "../support/until.ts"

const call = { originalMethod: "tools/call", originalParams: { name: "report" } }
const forever = () => new Promise<never>(() => undefined)

const openStorage = async () => {
  const storage = await openTaskStorage("sqlite::memory:")
  onTestFinished(() => storage.close())
  return storage
}

describe("runTask", () => {
  const dispatched: Array<string> = []
  const open = async (options = {}) => {
    dispatched.length = 0
    const runner = await openTaskRunner(await openStorage(), {
      recovery: false,
      shutdownTimeout: 0,
      dispatch: async (taskId) => {
        dispatched.push(taskId)
      },
      ...options
    })
    onTestFinished(() => runner.close())
    return runner
  }

  test("runs what was dispatched, to its end", async () => {
    const runner = await open()
    const { taskId } = await runner.startTask(call)
    expect(dispatched).toStrictEqual([taskId])
    expect(runner.running()).toBe(0)
    expect(await runner.runTask(taskId)).toBe("skipped")
    runner.register({ method: "tools/call", run: async () => "done" })
    expect(await runner.runTask(taskId)).toBe("settled")
    expect(await runner.storage.getTask(taskId)).toMatchObject({ status: "completed", attempt: 1 })
    expect(await runner.runTask(taskId)).toBe("skipped")
    expect(await runner.runTask("nobody")).toBe("skipped")
  })

  test("ends it with the resultTtl of its handler, and does so when it is cancelled", async () => {
    const runner = await open({ resultTtl: "2 hours" })
    runner.register({ method: "tools/call", resultTtl: "1 hour", run: async () => "done" })
    const tasks = [await runner.startTask(call), await runner.startTask(call)]
    expect(await runner.runTask(tasks[0]?.taskId ?? "")).toBe("settled")
    await runner.cancelTask(tasks[1]?.taskId ?? "")
    for (const { createdAt, taskId } of tasks) {
      const { lastUpdatedAt = "", ttl } = await runner.storage.getTask(taskId) ?? {}
      expect(ttl).toBe(Date.parse(lastUpdatedAt) - Date.parse(createdAt) + 3_600_000)
    }
  })

  test("dispatches again after the last answer", async () => {
    const runner = await open()
    runner.register({ method: "tools/call", run: (_, { suspend }) => suspend({ who: { method: "roots/list" } }) })
    const { taskId } = await runner.startTask(call)
    expect(await runner.runTask(taskId)).toBe("suspended")
    await runner.provideInput(taskId, { who: "Ada" })
    expect(dispatched).toStrictEqual([taskId, taskId])
    expect(await runner.runTask(taskId)).toBe("settled")
    expect(await runner.storage.getTask(taskId)).toMatchObject({ result: { value: { who: "Ada" } } })
  })

  test("gives a task back when its time is over, where its policy lets it run again", async () => {
    const runner = await open()
    const signals: Array<AbortSignal> = []
    runner.register({
      method: "tools/call",
      lostWorker: { maxAttempts: 3 },
      run: async (_, { attempt, signal }) => {
        signals.push(signal)
        return attempt === 1 ? forever() : attempt
      }
    })
    const { taskId } = await runner.startTask(call)
    expect(await runner.runTask(taskId, { timeout: 1_000 })).toBe("released")
    expect(signals[0]?.aborted).toBe(true)
    expect(dispatched).toStrictEqual([taskId, taskId])
    expect(await runner.runTask(taskId, { timeout: 60_000 })).toBe("settled")
    expect(await runner.storage.getTask(taskId)).toMatchObject({ result: { value: 2 } })
  })

  test.each(
    [
      ["no time", { timeout: 0 }],
      ["less than no time", { timeout: -3_500 }],
      ["a deadline in the past", { deadline: new Date(Date.now() - 1_000) }]
    ] as const
  )("leaves a task to others with %s left", async (_, options) => {
    const runner = await open()
    runner.register({ method: "tools/call", run: forever })
    const { taskId } = await runner.startTask(call)
    expect(await runner.runTask(taskId, options)).toBe("released")
    expect(dispatched).toStrictEqual([taskId, taskId])
    const task = await runner.storage.getTask(taskId)
    expect(task).toMatchObject({ status: "working" })
    expect(task?.attempt).toBeUndefined()
    expect(await runner.runTask("nobody", options)).toBe("skipped")
  })

  test("ends work at a point in time", async () => {
    const runner = await open()
    runner.register({ method: "tools/call", run: forever, lostWorker: { maxAttempts: 3 } })
    const { taskId } = await runner.startTask(call)
    expect(await runner.runTask(taskId, { deadline: new Date(Date.now() + 50), timeout: 60_000 })).toBe("released")
  })

  test.each([
    [
      "a point in time as a timeout",
      { timeout: Date.now() + 1_500 },
      "timeout",
      "for a point in time there is deadline"
    ],
    ["no number", { timeout: NaN }, "timeout", "must be a duration"],
    ["a number as a deadline", { deadline: Date.now() + 1_500 }, "deadline", "for a duration there is timeout"],
    ["no date", { deadline: new Date(NaN) }, "deadline", "must be a Date"]
  ])("refuses %s", async (_, options, field, reason) => {
    const runner = await open()
    const answer: unknown = Reflect.apply(runner.runTask, runner, ["nobody", options])
    await expect(answer).rejects.toMatchObject({
      _tag: "InvalidInput",
      field,
      reason: expect.stringContaining(reason)
    })
  })

  test("fails it when its time is over otherwise", async () => {
    const runner = await open()
    runner.register({ method: "tools/call", run: forever })
    const { taskId } = await runner.startTask(call)
    expect(await runner.runTask(taskId, { timeout: 1_000 })).toBe("settled")
    expect(await runner.storage.getTask(taskId)).toMatchObject({ status: "failed", result: { code: -32603 } })
  })

  test.each([false, true])(
    "gives a task back when its signal is aborted, also before it has begun: %j",
    async (early) => {
      const runner = await open()
      const signals: Array<AbortSignal> = []
      runner.register({
        method: "tools/call",
        lostWorker: { maxAttempts: 3 },
        run: (_, { signal }) => {
          signals.push(signal)
          return forever()
        }
      })
      const { taskId } = await runner.startTask(call)
      const controller = new AbortController()
      const running = runner.runTask(taskId, { signal: controller.signal })
      await until(() => early ? runner.running() === 1 : signals.length === 1)
      controller.abort(new Error("enough"))
      await expect(running).rejects.toThrow("enough")
      expect(signals.every(({ aborted }) => aborted)).toBe(true)
      expect(await runner.storage.claimableTasks()).toStrictEqual([taskId])
    }
  )

  test("ends when the runner is closed", async () => {
    const runner = await open({ shutdownTimeout: 50 })
    runner.register({ method: "tools/call", lostWorker: { maxAttempts: 3 }, run: forever })
    const { taskId } = await runner.startTask(call)
    const running = runner.runTask(taskId)
    await until(() => runner.running() === 1)
    await runner.close()
    expect(await running).toBe("released")
  })

  test("a dispatch that fails is logged, and the task waits in the storage", async () => {
    const stderr = vi.spyOn(console, "error").mockReturnValue()
    for (
      const dispatch of [() => Promise.reject(new Error("no queue")), () => {
        throw new Error("no queue")
      }]
    ) {
      const runner = await open({ dispatch })
      const { taskId } = await runner.startTask(call)
      expect(await runner.storage.claimableTasks()).toStrictEqual([taskId])
    }
    expect(stderr).toHaveBeenCalledTimes(2)
    vi.restoreAllMocks()
  })
})

describe("recovery", () => {
  const abandon = (runner: PromiseTaskRunner) => runner.storage.createTask({ ...call, lease: 1 })

  test("takes up by policy what a worker left, by itself", async () => {
    const runner = await openTaskRunner(await openStorage(), { recovery: { interval: 20 } })
    runner.register({ method: "tools/call", name: "report", run: async () => "never" })
    runner.register({ method: "tools/call", lostWorker: { maxAttempts: 2 }, run: async (_, { attempt }) => attempt })
    const failing = await abandon(runner)
    const again = await runner.storage.createTask({ originalMethod: "tools/call", lease: 1 })
    expect(await runner.storage.awaitTask(failing.taskId)).toMatchObject({ status: "failed", result: { code: -32603 } })
    expect(await runner.storage.awaitTask(again.taskId)).toMatchObject({ status: "completed", result: { value: 2 } })
    await runner.close()
  })

  test("starts no timers when told so", async () => {
    const runner = await openTaskRunner(await openStorage(), { recovery: false })
    runner.register({ method: "tools/call", run: async () => "done" })
    const { taskId } = await abandon(runner)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(await runner.storage.getTask(taskId)).toMatchObject({ status: "working" })
    expect(await runner.recover()).toStrictEqual([taskId])
    await runner.close()
  })
})

describe("forSession", () => {
  test("keeps to the tasks of a session", async () => {
    await using runner = await openTaskRunner("memory:", { shutdownTimeout: 0 })
    const ada = runner.forSession("ada")
    const task = await ada.startTask(call, forever)
    expect(task).toMatchObject({ sessionId: "ada" })
    await expect(runner.forSession("bob").cancelTask(task.taskId)).rejects.toMatchObject({ _tag: "TaskNotFound" })
    await expect(runner.forSession(null).provideInput(task.taskId, {})).rejects.toMatchObject({ _tag: "TaskNotFound" })
    expect(await ada.cancelTask(task.taskId)).toMatchObject({ status: "cancelled" })
    expect(await runner.forSession(null).startTask(call, async () => 1)).not.toHaveProperty("sessionId")
  })

  test.each([undefined, "", 5])("refuses %j, which is no session", async (sessionId) => {
    await using runner = await openTaskRunner("memory:")
    const session: typeof runner = Reflect.apply(runner.forSession, undefined, [sessionId])
    await expect(session.startTask(call, forever)).rejects.toMatchObject({ _tag: "InvalidInput", field: "sessionId" })
  })
})

test("a session is refused too where the storage would not", async () => {
  const layer = Layer.effect(
    TaskStorage,
    Effect.gen(function*() {
      const driver = MemoryTaskStorage.makeDriver(yield* MemoryTaskStorage.makeStore)
      const storage = yield* TaskStorage.fromDriver(driver)
      return { ...storage, forSession: () => storage }
    })
  )
  await using runner = await openTaskRunner({ layer })
  const session: typeof runner = Reflect.apply(runner.forSession, undefined, [undefined])
  await expect(session.startTask(call, forever)).rejects.toMatchObject({ _tag: "InvalidInput", field: "sessionId" })
})

test.each([
  ["startTask", [{ ...call, tll: 60_000 }, forever], "tll", "ttl"],
  // What would not begin as working, or belong to another worker.
  ["startTask", [{ ...call, status: "completed" }, forever], "status", undefined],
  ["startTask", [{ ...call, lease: 5 }, forever], "lease", undefined],
  ["startTask", [{ method: "tools/call" }, forever], "method", "originalMethod"],
  ["startTask", [call, forever, { sgnal: undefined }], "sgnal", "signal"],
  ["runTask", ["task", { deadlin: 5 }], "deadlin", "deadline"],
  ["recover", [{ limit: 5 }], "limit", undefined],
  ["cancelTask", ["task", { statusMessage: "enough" }], "statusMessage", undefined]
])("%s refuses %j", async (method, args, field, meant) => {
  await using runner = await openTaskRunner("memory:", { recovery: false })
  const reason = expect.stringContaining(meant === undefined ? "is not an option" : `did you mean ${meant}?`)
  const answer: unknown = Reflect.apply(Reflect.get(runner, method), runner, args)
  await expect(answer).rejects.toMatchObject({ _tag: "InvalidInput", field, reason })
  expect(await runner.storage.taskCount()).toBe(0)
})

describe("opening", () => {
  const open = (...args: ReadonlyArray<unknown>): Promise<PromiseTaskRunner> =>
    Reflect.apply(openTaskRunner, undefined, args)

  test("takes a layer, and options of its storage", async () => {
    await using runner = await openTaskRunner({ layer: MemoryTaskStorage.layer() }, {
      now: () => 0,
      generateId: () => "first",
      recovery: false
    })
    expect(await runner.startTask(call, async () => 1)).toMatchObject({
      taskId: "first",
      createdAt: "1970-01-01T00:00:00.000Z"
    })
  })

  test("leaves storage open that it did not open", async () => {
    const storage = await openStorage()
    const runner = await openTaskRunner(storage)
    expect(runner.storage).toBe(storage)
    await runner.close()
    expect(await storage.taskCount()).toBe(0)
  })

  test.each([
    [{ leese: 5 }, "leese"],
    [{ lease: "30 secnds" }, "lease"],
    [{ lease: 0 }, "lease"],
    [{ recovery: true }, "recovery"],
    [{ recovery: { interval: "often" } }, "recovery.interval"],
    [{ recovery: { intervall: 5 } }, "recovery.intervall"],
    [{ maxRunning: 0 }, "maxRunning"],
    [{ maxRunningPerSession: 1.5 }, "maxRunningPerSession"],
    [{ whenFull: "drop" }, "whenFull"],
    [{ shutdownTimeout: -1 }, "shutdownTimeout"],
    [{ orphanTimeout: {} }, "orphanTimeout"],
    [{ dispatch: "queue" }, "dispatch"],
    [{ onError: "mail" }, "onError"],
    [{ logger: { error: console.error } }, "logger"],
    [null, "options"],
    [[], "options"]
  ])("refuses the options %j", async (options, field) => {
    for (const source of ["memory:", await openStorage(), { layer: MemoryTaskStorage.layer() }]) {
      await expect(open(source, options)).rejects.toMatchObject({ _tag: "InvalidInput", field })
    }
  })

  test.each([
    ["nonsense", "url"],
    [undefined, "url"],
    [{}, "layer"],
    [{ createTask: () => undefined }, "storage"]
  ])("refuses the source %j", async (source, field) => {
    await expect(open(source)).rejects.toMatchObject({ _tag: "InvalidInput", field })
  })

  test("refuses options of a storage that is open already", async () => {
    await expect(open(await openStorage(), { maxTasks: 5 })).rejects.toMatchObject({ field: "maxTasks" })
  })

  test.each([
    [null, "handler"],
    [{ run: forever }, "method"],
    [{ method: "x" }, "run"],
    [{ method: "x", name: 5, run: forever }, "name"],
    [{ method: "x", run: forever, lostWorker: "retry" }, "lostWorker"],
    [{ method: "x", run: forever, lostWorkr: "fail" }, "lostWorkr"],
    [{ method: "x", run: forever, lostWorker: { maxAttempts: 2, maxAttemps: 3 } }, "lostWorker.maxAttemps"],
    [{ method: "x", run: forever, lostWorker: { maxAttempts: 0 } }, "lostWorker.maxAttempts"],
    [{ method: "x", run: forever, resultTtl: 0 }, "resultTtl"],
    [{ method: "x", run: forever, resultTtl: null }, "resultTtl"]
  ])("refuses the handler %j", async (handler, field) => {
    await using runner = await openTaskRunner("memory:")
    expect(() => Reflect.apply(runner.register, undefined, [handler])).toThrow(expect.objectContaining({ field }))
  })
})
