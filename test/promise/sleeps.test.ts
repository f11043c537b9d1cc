/**
 * Sleeps and retries through promises: without a worker, over several runners, and refused where they are wrong.
 */
import { openTaskRunner, openTaskStorage, type PromiseTaskHandler, TaskFailure } from "mcp-task-storage/promise"
import { describe, expect, onTestFinished, test } from "vitest"
import { until } from "../support/until.ts"

const call = { originalMethod: "tools/call" }
const method = "tools/call"
const quiet = () => undefined

const open = async (options = {}) => {
  const runner = await openTaskRunner("memory:", {
    shutdownTimeout: 0,
    recovery: false,
    onError: () => undefined,
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    ...options
  })
  onTestFinished(() => runner.close())
  return runner
}

describe("sleep", () => {
  test("holds no worker, begins the work anew, and is not slept twice", async () => {
    const runner = await open()
    const done: Array<string> = []
    runner.register({
      method,
      run: async (_, { attempt, signal, sleep, step }) => {
        signal.addEventListener("abort", () => done.push(`stopped ${attempt}`))
        await step("first", () => done.push("step"))
        await sleep("nap", "2 seconds")
        await sleep("nap", "1 hour")
        return attempt
      }
    })
    const { taskId } = await runner.startTask(call)
    await until(async () => (await runner.storage.getTask(taskId))?.worker === undefined)
    const asleep = await runner.storage.getTask(taskId)
    expect(asleep).toMatchObject({ status: "working", attempt: 1 })
    await until(() => runner.running() === 0)
    expect(await runner.storage.awaitTask(taskId)).toMatchObject({
      status: "completed",
      attempt: 2,
      result: { value: 2 }
    })
    expect(done).toStrictEqual(["step", "stopped 1"])
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(asleep?.leaseExpiresAt ?? ""))
  })

  test("goes on in another runner when its own has closed", async () => {
    await using storage = await openTaskStorage("memory:")
    const handler: PromiseTaskHandler = {
      method,
      run: async (_, { attempt, sleep }) => {
        await sleep("nap", 200)
        return attempt
      }
    }
    const first = await openTaskRunner(storage, { recovery: false, shutdownTimeout: 0 })
    first.register(handler)
    const { taskId } = await first.startTask(call)
    await until(() => first.running() === 0)
    await first.close()
    await using second = await openTaskRunner(storage, { recovery: { interval: 20 }, shutdownTimeout: 0 })
    second.register(handler)
    expect(await storage.awaitTask(taskId)).toMatchObject({ status: "completed", result: { value: 2 } })
  })

  test("is dispatched with its delay", async () => {
    const delays: Array<number | undefined> = []
    const runner = await open({
      dispatch: async (_: string, { delay }: { readonly delay?: number }) => {
        delays.push(delay)
      }
    })
    runner.register({
      method,
      run: async (_, { sleep }) => {
        await sleep("nap", "10 seconds")
      }
    })
    const { taskId } = await runner.startTask(call)
    expect(await runner.runTask(taskId)).toBe("suspended")
    const [first, second] = delays
    expect(first).toBeUndefined()
    // What has passed since then is taken off.
    expect(second).toBeGreaterThan(0)
    expect(second).toBeLessThanOrEqual(10_000)
  })

  test.each([["duration", "key", "soon"], ["key", 5, 10]])("refuses a wrong %s", async (_, key, duration) => {
    const runner = await open()
    const { taskId } = await runner.startTask(call, (_, { sleep }) => Reflect.apply(sleep, undefined, [key, duration]))
    expect(await runner.storage.awaitTask(taskId)).toMatchObject({ status: "failed", attempt: 1 })
  })
})

describe("retry", () => {
  test("runs a task again that rejected or threw, and gives `while` what was thrown", async () => {
    const runner = await open()
    const seen: Array<unknown> = []
    const errors = [new Error("first"), new Error("second")]
    runner.register({
      method,
      retry: {
        times: 3,
        delay: 20,
        factor: 1,
        while: (error) => {
          seen.push(error)
          return true
        }
      },
      run: (_, { attempt }) => {
        const error = errors[attempt - 1]
        if (attempt === 1) throw error
        return error === undefined ? Promise.resolve(attempt) : Promise.reject(error)
      }
    })
    const { taskId } = await runner.startTask(call)
    expect(await runner.storage.awaitTask(taskId)).toMatchObject({ status: "completed", result: { value: 3 } })
    expect(seen).toStrictEqual(errors)
  })

  test.each([
    ["is tried in vain as often as it may be", () => new Error("no"), { times: 2, delay: 10 }, 3],
    ["throws what `while` does not pick", () => new Error("no"), { times: 2, delay: 10, while: () => false }, 1],
    ["has a `while` that throws", () => new Error("no"), {
      times: 2,
      delay: 10,
      while: () => {
        throw new Error("broken")
      }
    }, 1],
    ["throws a TaskFailure", () => new TaskFailure({ code: -32001, message: "no" }), { times: 2, delay: 10 }, 1]
  ])("fails a task that %s", async (_, error, retry, tries) => {
    const runner = await open()
    runner.register({ method, retry, run: () => Promise.reject(error()) })
    const { taskId } = await runner.startTask(call)
    const { attempt, status } = await runner.storage.awaitTask(taskId) ?? {}
    expect([status, attempt]).toStrictEqual(["failed", tries])
  })

  test.each([
    [5, "retry"],
    [{ delay: 1 }, "retry.times"],
    [{ times: 1 }, "retry.delay"],
    [{ times: 1, delay: "soon" }, "retry.delay"],
    [{ times: 1, delay: 1, factor: 0 }, "retry.factor"],
    [{ times: 1, delay: 1, factr: 2 }, "retry.factr"],
    [{ times: 1, delay: 1, while: true }, "retry.while"]
  ])("refuses %j", async (retry, field) => {
    const runner = await open()
    const handler = { method, retry, run: async () => null }
    expect(() => Reflect.apply(runner.register, undefined, [handler])).toThrow(expect.objectContaining({ field }))
  })
})
