/** That nobody shares what they hand in or are given: a change of it changes nothing that is stored. */
import { openTaskStorage, type PromiseTaskStorage, type Task } from "mcp-task-storage/promise"
import { describe, expect, onTestFinished, test } from "vitest"

const open = async (url: string): Promise<PromiseTaskStorage> => {
  const storage = await openTaskStorage(url, { now: () => Date.UTC(2026, 0, 2), maintenance: false })
  onTestFinished(() => storage.close())
  return storage
}

/** Empties all that can be changed in a value, nested first. */
const spoil = (value: unknown): void => {
  if (typeof value !== "object" || value === null) return
  for (const key of Object.keys(value)) {
    spoil(Reflect.get(value, key))
    expect(Reflect.set(value, key, "spoilt")).toBe(true)
  }
}

const failure = { name: "Error", message: "away", stack: "at home", at: "2026-01-02T00:00:00.000Z" }

/** A value of each shape that is copied in its own way. */
const nested = () => ({ list: [{ a: [1, { b: 2 }] }, null], ["__proto__"]: { c: 3 } })

const full = () => ({
  taskId: "task",
  originalMethod: "tools/call",
  originalParams: { name: "report", arguments: nested() },
  meta: nested(),
  principal: nested(),
  steps: { one: nested() },
  inputRequests: { question: nested() },
  inputResponses: { earlier: nested() },
  failure: { ...failure }
})

const outcomes = [
  { _tag: "Success", value: nested() },
  { _tag: "Error", code: 1, message: "no", data: nested() },
  { _tag: "Error", code: 1, message: "no" }
] as const

type Call = (storage: PromiseTaskStorage) => Promise<Task | undefined>

/** Each way to be given a task. */
const calls: { readonly [name: string]: Call } = {
  getTask: (storage) => storage.getTask("task"),
  "getTask again": async (storage) => {
    spoil(await storage.getTask("task"))
    return storage.getTask("task")
  },
  touchTask: (storage) => storage.touchTask("task", { statusMessage: "on it" }),
  updateTaskStatus: (storage) => storage.updateTaskStatus("task", "input_required"),
  storeTaskResult: (storage) => storage.storeTaskResult("task", { _tag: "Success", value: nested() }),
  settleTask: (storage) => storage.settleTask("task", { _tag: "Success", value: nested() }),
  storeTaskStep: (storage) => storage.storeTaskStep("task", "two", nested()),
  requireInput: (storage) => storage.requireInput("task", { other: nested() }),
  provideInput: async (storage) => {
    await storage.requireInput("task", { other: nested() })
    return (await storage.provideInput("task", { other: nested() })).record
  },
  listTasks: async (storage) => (await storage.listTasks()).tasks[0]
}

describe.each(["memory:", "sqlite::memory:"])("on %s", (url) => {
  test.each(Object.entries(calls))("what %s gives is the caller's own", async (_, call) => {
    const storage = await open(url)
    await storage.createTask(full())
    const given = await call(storage)
    const expected = structuredClone(given)
    spoil(given)
    expect(await storage.getTask("task")).toStrictEqual(expected)
  })

  test.each(outcomes)("an outcome that was read is the caller's own: %j", async (outcome) => {
    const storage = await open(url)
    await storage.createTask({ taskId: "task", originalMethod: "tools/call" })
    await storage.settleTask("task", outcome)
    spoil(await storage.getTask("task"))
    spoil(await storage.getTaskResult("task"))
    expect((await storage.getTask("task"))?.result).toStrictEqual(outcome)
    expect(await storage.getTaskResult("task")).toStrictEqual(outcome)
  })

  test("what was handed in stays the caller's own", async () => {
    const storage = await open(url)
    const task = full()
    const outcome = { _tag: "Success", value: nested() } as const
    const expected = structuredClone({ ...task, outcome })
    await storage.createTask(task)
    await storage.storeTaskResult("task", outcome)
    spoil(task)
    spoil(outcome)
    const { originalParams, meta, principal, steps, inputRequests, inputResponses } = expected
    expect(await storage.getTask("task")).toMatchObject({
      originalParams,
      meta,
      principal,
      steps,
      inputRequests,
      inputResponses,
      failure,
      result: expected.outcome
    })
  })

  test("a task that was read is read anew once it is written", async () => {
    const storage = await open(url)
    await storage.createTask(full())
    const first = await storage.getTask("task")
    await storage.touchTask("task", { statusMessage: "on it", pollInterval: 5 })
    expect(await storage.getTask("task")).toStrictEqual({
      ...first,
      statusMessage: "on it",
      pollInterval: 5,
      revision: 2
    })
    await storage.settleTask("task", { _tag: "Success", value: 1 })
    expect(await storage.getTask("task")).toMatchObject({ status: "completed", result: { value: 1 } })
    await storage.rerunTask("task", { taskId: "again" })
    expect(await storage.getTask("task")).toMatchObject({ rerunAs: "again" })
    await storage.deleteTask("task")
    expect(await storage.getTask("task")).toBeUndefined()
  })
})
