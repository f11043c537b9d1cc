/**
 * Running tasks through promises: what a task can do, and how it ends.
 */
import {
  InvalidInput,
  openTaskRunner,
  openTaskStorage,
  type PromiseTaskContext,
  TaskFailure
} from "mcp-task-storage/promise"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { failOnUnhandled } from "../support/failOnUnhandled.ts"
import { until } from "../support/until.ts"

const call = { originalMethod: "tools/call", originalParams: { name: "report" } }
const form = { message: "Who?", requestedSchema: { type: "object", properties: {} } }
const forever = () => new Promise<never>(() => undefined)

const open = async (options = {}) => {
  const runner = await openTaskRunner("memory:", { shutdownTimeout: 0, recovery: false, ...options })
  onTestFinished(() => runner.close())
  return runner
}

failOnUnhandled()

describe("startTask", () => {
  test("stores the task before it resolves, and runs on in the background", async () => {
    const runner = await open()
    let finish: ((_: unknown) => void) | undefined
    const task = await runner.startTask(
      { ...call, sessionId: "ada", principal: { user: "ada" }, ttl: 60_000 },
      (task, context) => {
        expect(context).toMatchObject({ attempt: 1, sessionId: "ada", principal: { user: "ada" }, answers: {} })
        expect(context.taskId).toBe(task.taskId)
        expect(task).toMatchObject({ ...call, ttl: 60_000 })
        return new Promise((resolve) => {
          finish = resolve
        })
      }
    )
    expect(task).toMatchObject({ status: "working", ttl: 60_000, attempt: 1 })
    expect(await runner.storage.getTask(task.taskId)).toStrictEqual(task)
    expect(runner.running()).toBe(1)
    await until(() => finish !== undefined)
    finish?.({ content: [] })
    expect(await runner.storage.awaitTask(task.taskId)).toMatchObject({
      status: "completed",
      result: { _tag: "Success", value: { content: [] } }
    })
    await until(() => runner.running() === 0)
  })

  test("runs by the handler for method and name", async () => {
    const runner = await open()
    runner.register({ method: "tools/call", name: "report", run: async () => "report" })
    runner.register({ method: "tools/call", run: async (task) => task.originalParams ?? null })
    const report = await runner.startTask(call)
    const other = await runner.startTask({ ...call, originalParams: { name: "other" } })
    expect(await runner.storage.awaitTask(report.taskId)).toMatchObject({ result: { value: "report" } })
    expect(await runner.storage.awaitTask(other.taskId)).toMatchObject({ result: { value: { name: "other" } } })
    await expect(runner.startTask({ originalMethod: "prompts/get" })).rejects.toBeInstanceOf(InvalidInput)
  })

  test.each([
    ["rejects", () => Promise.reject(new Error("password=secret"))],
    ["throws", () => {
      throw new Error("password=secret")
    }]
  ])("settles work that %s as an internal error without details", async (_, run) => {
    vi.spyOn(console, "error").mockReturnValue()
    const runner = await open()
    const { taskId } = await runner.startTask(call, run)
    const task = await runner.storage.awaitTask(taskId)
    expect(task).toMatchObject({ status: "failed", result: { _tag: "Error", code: -32603 } })
    expect(JSON.stringify([task.result, task.statusMessage])).not.toContain("secret")
    expect(task.failure?.message).toContain("secret")
  })

  test("settles a TaskFailure word for word", async () => {
    const runner = await open()
    const { taskId } = await runner.startTask(call, async () => {
      throw new TaskFailure({ code: -32042, message: "No such city", data: { city: "Ur" } })
    })
    expect((await runner.storage.awaitTask(taskId)).result).toStrictEqual({
      _tag: "Error",
      code: -32042,
      message: "No such city",
      data: { city: "Ur" }
    })
  })

  test("settles what cannot be stored", async () => {
    const runner = await open({ maxPayloadBytes: { outcome: 200 } })
    const large = await runner.startTask(call, async () => "x".repeat(1000))
    const strange = await runner.startTask(call, async () => 5n)
    for (const { taskId } of [large, strange]) {
      expect(await runner.storage.awaitTask(taskId)).toMatchObject({ status: "failed", result: { code: -32603 } })
    }
  })

  test("logs to stderr, as stdout may belong to a protocol", async () => {
    const stdout = vi.spyOn(console, "log").mockReturnValue()
    const stderr = vi.spyOn(console, "error").mockReturnValue()
    const runner = await open()
    const { taskId } = await runner.startTask(call, () => Promise.reject(new Error("broken")))
    await runner.storage.awaitTask(taskId)
    await until(() => stderr.mock.calls.length > 0)
    expect(stdout).not.toHaveBeenCalled()
  })

  test("refuses what is over the bounds, when told so", async () => {
    const runner = await open({ maxRunning: 1, whenFull: "refuse" })
    await runner.startTask(call, forever)
    await expect(runner.startTask(call, forever)).rejects.toMatchObject({ _tag: "TooManyTasks", limit: 1 })
  })

  test("lets what is over the bounds wait, by default", async () => {
    const runner = await open({ maxRunning: 1 })
    let finish: (value: unknown) => void = () => {}
    await runner.startTask(call, () =>
      new Promise((resolve) => {
        finish = resolve
      }))
    const { taskId } = await runner.startTask(call, async () => "second")
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(await runner.storage.getTask(taskId)).toMatchObject({ status: "working" })
    finish(null)
    expect(await runner.storage.awaitTask(taskId)).toMatchObject({ result: { value: "second" } })
  })
})

describe("the context", () => {
  test("reports progress and changes the ttl", async () => {
    const runner = await open()
    let seen: unknown
    const { taskId } = await runner.startTask(call, async (_, { progress, setTtl, taskId }) => {
      await progress("half way")
      await setTtl(90_000)
      seen = await runner.storage.getTask(taskId)
      await setTtl(null)
    })
    expect(await runner.storage.awaitTask(taskId)).toMatchObject({ ttl: null, statusMessage: "half way" })
    expect(seen).toMatchObject({ status: "working", statusMessage: "half way", ttl: 90_000 })
  })

  test("asks, and goes on with the answers", async () => {
    const runner = await open()
    const { taskId } = await runner.startTask(call, async (_, { elicit, request, sample }) => {
      const who = await elicit("who", form)
      const strange = await elicit("strange", form)
      const model = await sample("model", { messages: [] })
      const more = await request({ a: { method: "roots/list" }, b: { method: "roots/list" } })
      return { who, strange, model, more }
    })
    const answer = async (key: string, value: unknown) => {
      await until(async () => (await runner.storage.getTask(taskId))?.inputRequests?.[key] !== undefined)
      await runner.provideInput(taskId, { [key]: value })
    }
    await answer("who", { action: "accept", content: { name: "Ada" } })
    await answer("strange", { answer: 42 })
    await answer("model", { role: "assistant" })
    await answer("a", 1)
    await answer("b", 2)
    expect((await runner.storage.awaitTask(taskId)).result).toStrictEqual({
      _tag: "Success",
      value: {
        who: { action: "accept", content: { name: "Ada" } },
        strange: { action: "cancel" },
        model: { role: "assistant" },
        more: { a: 1, b: 2 }
      }
    })
  })

  test("suspends without a worker, and begins anew with the answers", async () => {
    const runner = await open()
    const attempts: Array<number> = []
    const signals: Array<AbortSignal> = []
    let steps = 0
    runner.register({
      method: "tools/call",
      run: async (_, { answers, attempt, signal, step, suspend }) => {
        attempts.push(attempt)
        signals.push(signal)
        const token = await step("token", async () => ++steps)
        await suspend({ who: { method: "elicitation/create", params: form } })
        return { answers, token }
      }
    })
    const { taskId } = await runner.startTask(call)
    await until(() => runner.running() === 0)
    expect(await runner.storage.getTask(taskId)).toMatchObject({ status: "input_required" })
    expect(signals.map(({ aborted }) => aborted)).toStrictEqual([true])
    expect(await runner.provideInput(taskId, { who: "Ada" })).toMatchObject({ complete: true })
    expect((await runner.storage.awaitTask(taskId)).result).toStrictEqual({
      _tag: "Success",
      value: { answers: { who: "Ada" }, token: 1 }
    })
    expect(attempts).toStrictEqual([1, 2])
  })

  test("does a step once, and gives it as JSON carries it from the start", async () => {
    const runner = await open()
    const seen: Array<unknown> = []
    const work = async ({ step, suspend }: PromiseTaskContext) => {
      seen.push([
        await step<unknown>("value", () => ({ a: 1, b: undefined })),
        await step("nothing", async () => undefined)
      ])
      await suspend({ go: { method: "roots/list" } })
    }
    runner.register({ method: "tools/call", run: (_, context) => work(context) })
    const { taskId } = await runner.startTask(call)
    await until(() => runner.running() === 0)
    await runner.provideInput(taskId, { go: true })
    await runner.storage.awaitTask(taskId)
    expect(seen).toStrictEqual([[{ a: 1 }, null], [{ a: 1 }, null]])
  })

  test("rejects a step with what it rejects with, and stores nothing", async () => {
    const runner = await open()
    const broken = new Error("broken")
    const { taskId } = await runner.startTask(call, async (_, { step }) => {
      const first: unknown = await step("key", () => Promise.reject(broken)).catch((error: unknown) => error)
      const second: unknown = await step("key", async () => 5n).catch((error: unknown) => error)
      return [first === broken, second instanceof InvalidInput, await step("key", () => "third time")]
    })
    expect(await runner.storage.awaitTask(taskId)).toMatchObject({
      result: { value: [true, true, "third time"] },
      steps: { key: "third time" }
    })
  })

  test("lets nobody hear of a step that was not waited for", async () => {
    const runner = await open()
    const { taskId } = await runner.startTask(call, async (_, { step }) => {
      void step("key", () => Promise.reject(new Error("nobody waits")))
      await new Promise((resolve) => setTimeout(resolve, 20))
      return "done"
    })
    expect(await runner.storage.awaitTask(taskId)).toMatchObject({ result: { value: "done" } })
  })

  test("ends the task where the storage refuses for good", async () => {
    vi.spyOn(console, "error").mockReturnValue()
    const runner = await open({ maxPayloadBytes: { content: 500 } })
    let signal: AbortSignal | undefined
    const { taskId } = await runner.startTask(call, async (_, context) => {
      signal = context.signal
      await context.progress("x".repeat(1000))
      return "never"
    })
    expect(await runner.storage.awaitTask(taskId)).toMatchObject({ status: "failed", result: { code: -32603 } })
    expect(signal?.aborted).toBe(true)
  })
})

describe("stopping", () => {
  test("a cancelled task hears it by its signal, and its late end is of no account", async () => {
    const runner = await open()
    const reasons: Array<unknown> = []
    let hasBegun = false
    let late = false
    const { taskId } = await runner.startTask(call, async (_, { progress, signal }) => {
      hasBegun = true
      await new Promise((resolve) => signal.addEventListener("abort", resolve))
      reasons.push(signal.reason)
      void progress("too late").then(() => {
        late = true
      })
      throw new Error("after the end")
    })
    await until(() => hasBegun)
    expect(await runner.cancelTask(taskId)).toMatchObject({ status: "cancelled" })
    await until(() => reasons.length === 1)
    expect(reasons).toMatchObject([{ name: "AbortError" }])
    await until(() => runner.running() === 0)
    expect((await runner.storage.getTask(taskId))?.statusMessage).not.toBe("too late")
    expect(late).toBe(false)
  })

  test("a cancellation through the storage is heard as well", async () => {
    const runner = await open()
    let signal: AbortSignal | undefined
    const { taskId } = await runner.startTask(call, (_, context) => {
      signal = context.signal
      return forever()
    })
    await until(() => signal !== undefined)
    await runner.storage.updateTaskStatus(taskId, "cancelled")
    await until(() => signal?.aborted === true)
  })

  test("closing waits for a task that ends in time", async () => {
    const storage = await openTaskStorage("memory:")
    const runner = await openTaskRunner(storage, { shutdownTimeout: 5_000 })
    const { taskId } = await runner.startTask(call, async (_, { signal }) => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      return signal.aborted
    })
    await runner.close()
    expect(await storage.getTask(taskId)).toMatchObject({ status: "completed", result: { value: false } })
    await storage.close()
  })

  test("closing leaves a task that never settles to others, after its time", async () => {
    const storage = await openTaskStorage("memory:")
    const runner = await openTaskRunner(storage, { shutdownTimeout: 50 })
    let signal: AbortSignal | undefined
    runner.register({
      method: "tools/call",
      lostWorker: { maxAttempts: 2 },
      run: (_, context) => {
        signal = context.signal
        return forever()
      }
    })
    const { taskId } = await runner.startTask(call)
    const begun = performance.now()
    await Promise.all([runner.close(), runner.close()])
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(signal?.aborted).toBe(true)
    await using next = await openTaskRunner(storage, { recovery: false })
    next.register({ method: "tools/call", lostWorker: { maxAttempts: 2 }, run: async (_, { attempt }) => attempt })
    expect(await next.recover()).toStrictEqual([taskId])
    expect(await storage.awaitTask(taskId)).toMatchObject({ result: { value: 2 } })
    await next.close()
    await storage.close()
  })

  test("a closed runner refuses every call", async () => {
    const runner = await open()
    await runner.close()
    const closed = { _tag: "TaskStorageUnavailable", reason: "the runner is closed", applied: "no" }
    await expect(runner.startTask(call, forever)).rejects.toMatchObject(closed)
    await expect(runner.runTask("x")).rejects.toMatchObject(closed)
    await expect(runner.cancelTask("x")).rejects.toMatchObject(closed)
    await expect(runner.provideInput("x", {})).rejects.toMatchObject(closed)
    await expect(runner.recover()).rejects.toMatchObject(closed)
    expect(() => runner.register({ method: "x", run: forever })).toThrow("the runner is closed")
    expect(runner.running()).toBe(0)
    await expect(runner.storage.taskCount()).rejects.toMatchObject({ reason: "the storage is closed" })
  })

  test("closing a storage closes the runners on it first", async () => {
    const storage = await openTaskStorage("sqlite::memory:")
    const runner = await openTaskRunner(storage, { shutdownTimeout: 5_000 })
    const states: Array<string> = []
    await runner.startTask(call, async (_, { progress }) => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      await progress("still there")
      states.push("done")
    })
    await storage.close()
    expect(states).toStrictEqual(["done"])
    await expect(runner.startTask(call, forever)).rejects.toMatchObject({ reason: "the runner is closed" })
    await runner.close()
  })
})
