/** That a call is the same without a fiber, as most calls on memory are, and with the one that telemetry has it run in. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { openTaskStorage, type PromiseTaskStorage } from "mcp-task-storage/promise"
import { expect, onTestFinished, test } from "vitest"
import { type TaskDriver, TaskDriverError } from "../../src/domain/driver/TaskDriver.ts"
import { AtOnce } from "../../src/domain/effects/AtOnce.ts"
import { fromDriver } from "../../src/domain/fromDriver.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { TimeOperations } from "../../src/domain/telemetry/StorageMetrics.ts"
import { makeDriver, makeStore } from "../../src/layers/MemoryTaskStorage.ts"

const time = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const call = { originalMethod: "tools/call", originalParams: { name: "report" }, taskId: "task" }
const outcome = { _tag: "Success", value: { content: ["done"] } } as const

/** What a driver does in place of memory, where it finds a task. */
type Find = (driver: TaskDriver) => TaskDriver["find"]

interface Opened {
  readonly storage: PromiseTaskStorage
  /** Whether each look for a task was made in a fiber. */
  readonly looks: ReadonlyArray<boolean>
}

const open = async (isTimed: boolean, find: Find): Promise<Opened> => {
  const looks: Array<boolean> = []
  const service = Effect.gen(function*() {
    const driver = makeDriver(yield* makeStore)
    const changed = find(driver)
    return yield* fromDriver({
      ...driver,
      find: (taskId, scope) => {
        looks.push(Fiber.getCurrent() !== undefined)
        return changed(taskId, scope)
      }
    }, { maintenance: false })
  })
  const timed = Layer.succeedContext(isTimed ? Context.make(TimeOperations, true) : Context.empty())
  const layer = Layer.merge(Layer.effect(TaskStorage, service), timed)
  const storage = await openTaskStorage({ layer }, { now: () => time })
  onTestFinished(() => storage.close())
  return { storage, looks }
}

/** What became of a call, with all that a caller sees of an error. */
const endOf = (call: () => Promise<unknown>): Promise<unknown> =>
  call().then((answer) => ({ answer }), (error: unknown) => {
    if (!(error instanceof Error)) return { error }
    const [head, place] = error.stack?.split("\n") ?? []
    return { ...error, message: error.message, head, isHere: place?.includes("beginWithoutFiber.test.ts") }
  })

const aborted = AbortSignal.abort(new Error("enough"))

const away = new TaskDriverError({ reason: "away", retryable: true, applied: "no" })

const asIs: Find = ({ find }) => find

const waiting: Find = ({ find }) => (taskId, scope) => Effect.andThen(Effect.yieldNow, find(taskId, scope))

const throwing: Find = () => () => {
  throw new TypeError("odd")
}

const answeringOddly: Find = () => () =>
  new AtOnce(() => {
    throw new TypeError("odd")
  })

const calls: ReadonlyArray<
  readonly [what: string, find: Find, call: (storage: PromiseTaskStorage) => Promise<unknown>]
> = [
  ["a read", asIs, ({ getTask }) => getTask("task")],
  ["a read of what is absent", asIs, ({ getTask }) => getTask("other")],
  ["a refused read", asIs, ({ getTaskResult }) => getTaskResult("other")],
  ["a write", asIs, ({ settleTask }) => settleTask("task", outcome)],
  ["a refused write", asIs, async ({ settleTask }) => {
    await settleTask("task", outcome)
    return settleTask("task", outcome)
  }],
  ["a bad argument", asIs, ({ getTask }) => getTask("")],
  ["a bad option", asIs, ({ getTask }) => getTask("task", JSON.parse(`{"timeout":1}`))],
  ["a signal that was aborted", asIs, ({ getTask }) => getTask("task", { signal: aborted })],
  ["a driver that waits", waiting, ({ getTask }) => getTask("task")],
  ["a driver that fails", () => () => Effect.fail(away), ({ getTask }) => getTask("task")],
  ["a driver that throws", throwing, ({ getTask }) => getTask("task")],
  ["an answer that throws", answeringOddly, ({ getTask }) => getTask("task")],
  ["a closed storage", asIs, async ({ close, getTask }) => {
    await close()
    return getTask("task")
  }]
]

test.each(calls)("%s", async (_, find, make) => {
  const endIn = async (isTimed: boolean) => {
    const { storage } = await open(isTimed, find)
    await storage.createTask(call)
    return endOf(() => make(storage))
  }
  expect(await endIn(false)).toStrictEqual(await endIn(true))
})

test("a signal that is aborted while the storage answers", async () => {
  const endIn = async (isTimed: boolean) => {
    const controller = new AbortController()
    const { storage } = await open(isTimed, ({ find }) => (taskId, scope) => {
      controller.abort("enough")
      return find(taskId, scope)
    })
    return endOf(() => storage.getTask("task", { signal: controller.signal }))
  }
  expect(await endIn(false)).toStrictEqual({ error: "enough" })
  expect(await endIn(true)).toStrictEqual({ error: "enough" })
})

test("a read from memory asks for the time only where a task may have expired", async () => {
  let now = time
  let asked = 0
  const storage = await openTaskStorage("memory:", {
    maintenance: false,
    now: () => {
      asked++
      return now
    }
  })
  onTestFinished(() => storage.close())
  await storage.createTask(call)
  await storage.createTask({ ...call, taskId: "brief", ttl: 1_000 })
  asked = 0
  expect(await storage.getTask("task")).toMatchObject({ taskId: "task" })
  expect(asked).toBe(0)
  expect(await storage.getTask("brief")).toMatchObject({ taskId: "brief" })
  expect(asked).toBe(1)
  now += 1_000
  expect(await storage.getTask("brief")).toBeUndefined()
})

test("only operations that are timed run in a fiber", async () => {
  for (const isTimed of [false, true]) {
    const { looks, storage } = await open(isTimed, asIs)
    await storage.getTask("task")
    await expect(storage.getTaskResult("task")).rejects.toMatchObject({ _tag: "TaskNotFound" })
    expect(looks).toStrictEqual([isTimed, isTimed])
  }
})
