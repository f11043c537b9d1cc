/**
 * What the SDK's `TaskStore` does when the engine under its storage fails.
 */
import { describe, expect, test, vi } from "vitest"
import { TaskStorageUnavailable } from "../../../src/domain/task/TaskError.ts"
import { engineFailure, onTheWire, openTestStore, rejection, request, result } from "./harness.ts"

describe("engine failures", () => {
  const unavailable = { message: "Task storage is unavailable, try again later" }
  const fatal = engineFailure({ retryable: false })

  test("reject with a sentence, and keep what the engine said in the cause", async () => {
    const onError = vi.fn()
    const { interposer, store } = await openTestStore({ onError })
    for (const primitive of ["insert", "find", "patch", "pageSummaries"] as const) {
      interposer.beforeAll(primitive, fatal)
    }
    const calls = [
      () => store.createTask({}, 1, request),
      () => store.getTask("x"),
      () => store.getTaskResult("x"),
      () => store.storeTaskResult("x", "completed", result),
      () => store.updateTaskStatus("x", "working"),
      () => store.updateTaskStatus("x", "cancelled"),
      () => store.listTasks()
    ]
    for (const call of calls) {
      const error = await rejection(call())
      expect(error).toMatchObject({ cause: expect.any(TaskStorageUnavailable) })
      expect(Object.keys(Object(error))).toStrictEqual([])
      expect(await onTheWire(call())).toStrictEqual(unavailable)
    }
    expect(onError).toHaveBeenCalledTimes(2 * calls.length)
    expect(onError).toHaveBeenCalledWith(expect.any(TaskStorageUnavailable), {})
  })

  test("that pass are waited out", async () => {
    const onError = vi.fn()
    const { interposer, newTask, store } = await openTestStore({ onError })
    const taskId = await newTask()
    const locked = engineFailure()
    interposer.beforeNext("find", locked, locked, locked)
    expect(await store.getTask(taskId)).toMatchObject({ taskId })
    interposer.beforeNext("pageSummaries", locked, engineFailure({ applied: "unknown" }))
    expect((await store.listTasks()).tasks).toHaveLength(1)
    interposer.beforeNext("patch", locked, locked)
    await store.storeTaskResult(taskId, "completed", result)
    interposer.beforeNext("find", engineFailure({ applied: "unknown" }), locked)
    expect(await store.getTaskResult(taskId)).toStrictEqual(result)
    expect(onError).not.toHaveBeenCalled()
  })

  test("of a write that may have arrived are not answered by sending it again", async () => {
    const { interposer, newTask, store } = await openTestStore({ onError: () => {} })
    const taskId = await newTask()
    interposer.beforeNext("patch", engineFailure({ applied: "unknown" }))
    expect(await onTheWire(store.storeTaskResult(taskId, "completed", result))).toStrictEqual(unavailable)
    expect(interposer.calls.filter((call) => call === "patch")).toHaveLength(1)
    interposer.beforeNext("insert", engineFailure({ applied: "unknown" }))
    expect(await onTheWire(store.createTask({}, 1, request))).toStrictEqual(unavailable)
    expect(interposer.calls.filter((call) => call === "insert")).toHaveLength(2)
  })

  test("that do not pass end the waiting", async () => {
    const { interposer, store } = await openTestStore({ onError: () => {}, retryFor: 200 })
    interposer.beforeAll("find", engineFailure())
    const startedAt = performance.now()
    expect(await onTheWire(store.getTask("x"))).toStrictEqual(unavailable)
    expect(performance.now() - startedAt).toBeGreaterThan(100)
    expect(interposer.calls.length).toBeGreaterThan(2)
    expect(interposer.calls.length).toBeLessThan(12)
  })

  test("are logged to stderr, without what the engine quotes", async () => {
    const { interposer, store } = await openTestStore()
    const stdout = vi.spyOn(console, "log").mockReturnValue()
    const stderr = vi.spyOn(console, "error").mockReturnValue()
    interposer.beforeAll("find", fatal)
    await rejection(store.getTask("x"))
    const logged = JSON.stringify(stderr.mock.calls)
    const printed = stdout.mock.calls.length
    vi.restoreAllMocks()
    expect(printed).toBe(0)
    expect(logged).toContain("getTaskSummary failed: the database is locked.")
    expect(logged).not.toContain("secret")
  })
})
