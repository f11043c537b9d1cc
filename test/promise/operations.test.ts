/**
 * Every operation through promises, on each backend.
 */
import { type CreateTask, openTaskStorage, type PromiseTaskStorage, type Task } from "mcp-task-storage/promise"
import { describe, expect, test as base } from "vitest"

const success = { _tag: "Success", value: { content: [{ type: "text", text: "42" }] } } as const
const failure = { _tag: "Error", code: -32000, message: "broken", data: { at: 7 } } as const
const call: CreateTask = { originalMethod: "tools/call" }

const collect = async (tasks: AsyncIterable<Task>): Promise<ReadonlyArray<string>> => {
  const statuses: Array<string> = []
  for await (const task of tasks) statuses.push(task.status)
  return statuses
}

describe.each(["memory:", "sqlite::memory:"])("%s", (url) => {
  const test = base.extend<{ storage: PromiseTaskStorage }>({
    // oxlint-disable-next-line no-empty-pattern -- Vitest reads what a fixture needs from this pattern
    storage: async ({}, use) => {
      await using storage = await openTaskStorage(url)
      await use(storage)
    }
  })

  test("backendName names the engine", ({ storage }) => {
    expect(`${storage.backendName}:`).toBe(url.slice(0, url.indexOf(":") + 1))
  })

  test("createTask gives and keeps plain data, word for word", async ({ storage }) => {
    const given = {
      taskId: "täsk",
      sessionId: "session",
      originalMethod: "tools/call",
      originalParams: { b: "\u0000\ud800", a: [1, null] },
      meta: { z: 1, a: { nested: true } },
      statusMessage: "",
      ttl: 1e12,
      pollInterval: 0,
      createdAt: "2026-01-02T03:04:05.678Z",
      lastUpdatedAt: "2026-01-02T03:04:06Z"
    }
    const stored = { ...given, lastUpdatedAt: "2026-01-02T03:04:06.000Z", status: "working", revision: 1 }
    const created = await storage.createTask(given)
    expect(created).toStrictEqual(stored)
    expect(Object.getPrototypeOf(created)).toBe(Object.prototype)
    expect(JSON.stringify(created.originalParams)).toBe(JSON.stringify(given.originalParams))
    expect(await storage.getTask("täsk")).toStrictEqual(stored)
  })

  test("withSummary writes the same, and gives the summary", async ({ storage }) => {
    const { taskId } = await storage.createTask({ ...call, sessionId: "s", originalParams: { large: true } })
    const tasks = storage.forSession("s").withSummary
    const touched = await storage.withSummary.touchTask(taskId, { statusMessage: "here" })
    expect(touched).toStrictEqual(await storage.getTaskSummary(taskId))
    expect(await tasks.storeTaskResult(taskId, success)).toMatchObject({ revision: 3, resultKind: "success" })
    await expect(tasks.settleTask(taskId, failure)).rejects.toMatchObject({ _tag: "ResultAlreadyStored" })
    expect(await tasks.updateTaskStatus(taskId, "completed")).toStrictEqual(await storage.getTaskSummary(taskId))
    expect(await storage.getTask(taskId)).toMatchObject({ originalParams: { large: true }, result: success })
  })

  test("createTask fills in what is left out, and leaves out what is absent", async ({ storage }) => {
    const { createdAt, lastUpdatedAt, taskId, ...rest } = await storage.createTask({ ...call, meta: undefined })
    expect(rest).toStrictEqual({ originalMethod: "tools/call", revision: 1, status: "working", ttl: null })
    expect(taskId).toMatch(/^[0-9a-f-]{36}$/)
    expect(createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(lastUpdatedAt).toBe(createdAt)
  })

  test("createTask takes years of six digits, as it gives them", async ({ storage }) => {
    const createdAt = "+010000-01-01T00:00:00.000Z"
    const task = await storage.createTask({ ...call, createdAt, lastUpdatedAt: createdAt })
    expect(task.createdAt).toBe(createdAt)
    expect((await storage.updateTask(task)).createdAt).toBe(createdAt)
  })

  test("createTask refuses an id that is taken", async ({ storage }) => {
    await storage.createTask({ ...call, taskId: "one" })
    await expect(storage.createTask({ ...call, taskId: "one" })).rejects.toMatchObject({
      _tag: "TaskAlreadyExists",
      taskId: "one"
    })
  })

  test("what is absent is undefined, false or refused", async ({ storage }) => {
    expect(await storage.getTask("nobody")).toBeUndefined()
    expect(await storage.getTaskSummary("nobody")).toBeUndefined()
    expect(await storage.deleteTask("nobody")).toBe(false)
    await expect(storage.getTaskResult("nobody")).rejects.toMatchObject({ _tag: "TaskNotFound", taskId: "nobody" })
  })

  test("getTaskSummary reads a task without its payloads", async ({ storage }) => {
    const task = await storage.createTask({ ...call, originalParams: { a: 1 }, meta: { b: 2 }, requestState: "state" })
    const { originalParams: _, requestState: __, ...summary } = task
    expect(await storage.getTaskSummary(task.taskId)).toStrictEqual(summary)
  })

  test("updateTask replaces a record that nobody wrote meanwhile", async ({ storage }) => {
    const task = await storage.createTask({ ...call, statusMessage: "old", meta: { a: 1 } })
    const { statusMessage: _, ...record } = task
    const updated = await storage.updateTask({ ...record, status: "input_required", meta: { b: 2 } })
    expect(updated).toStrictEqual({
      ...record,
      status: "input_required",
      meta: { b: 2 },
      revision: 2,
      lastUpdatedAt: updated.lastUpdatedAt
    })
    await expect(storage.updateTask(task)).rejects.toMatchObject({
      _tag: "ConcurrentModification",
      expected: 1,
      actual: 2
    })
  })

  test("updateTaskStatus, touchTask and the status message", async ({ storage }) => {
    const { taskId } = await storage.createTask(call)
    const asked = await storage.updateTaskStatus(taskId, "input_required", { statusMessage: "waiting" })
    expect(asked).toMatchObject({ status: "input_required", statusMessage: "waiting" })
    const touched = await storage.touchTask(taskId, { ttl: 3_600_000, pollInterval: 500 })
    expect(touched).toMatchObject({ statusMessage: "waiting", ttl: 3_600_000, pollInterval: 500, revision: 3 })
    expect(await storage.touchTask(taskId, { statusMessage: null, ttl: null })).not.toHaveProperty("statusMessage")
    expect(await storage.touchTask(taskId)).toMatchObject({ ttl: null, pollInterval: 500 })
    await expect(storage.updateTaskStatus(taskId, "input_required")).rejects.toMatchObject({
      _tag: "InvalidTransition",
      current: "input_required",
      requested: "input_required"
    })
  })

  test("settleTask, storeTaskResult and getTaskResult", async ({ storage }) => {
    const { taskId } = await storage.createTask(call)
    expect(await storage.getTaskResult(taskId)).toBeUndefined()
    const settled = await storage.settleTask(taskId, failure, { status: "completed", statusMessage: "so so" })
    expect(settled).toMatchObject({ status: "completed", statusMessage: "so so", result: failure, resultKind: "error" })
    expect(await storage.getTaskResult(taskId)).toStrictEqual(failure)
    await expect(storage.settleTask(taskId, success)).rejects.toMatchObject({ _tag: "ResultAlreadyStored", taskId })

    const other = await storage.createTask(call)
    expect(await storage.storeTaskResult(other.taskId, success)).toMatchObject({ status: "working", result: success })
    await storage.updateTaskStatus(other.taskId, "cancelled")
    await expect(storage.touchTask(other.taskId)).rejects.toMatchObject({ _tag: "TerminalState", status: "cancelled" })
  })

  test("requireInput and provideInput", async ({ storage }) => {
    const { taskId } = await storage.createTask(call)
    const requests = { name: { method: "elicitation/create" }, age: { method: "elicitation/create" } }
    const asked = await storage.requireInput(taskId, requests, { requestState: "s" })
    expect(asked).toMatchObject({ status: "input_required", inputRequests: requests, requestState: "s" })
    expect(await storage.provideInput(taskId, { name: "Alice", unknown: 1 })).toMatchObject({
      complete: false,
      record: { inputResponses: { name: "Alice" }, inputRequests: { age: requests.age } }
    })
    const { complete, record } = await storage.provideInput(taskId, { age: 3 })
    expect(complete).toBe(true)
    expect(record).toMatchObject({ status: "working", inputResponses: { name: "Alice", age: 3 } })
    expect(record).not.toHaveProperty("inputRequests")
    await expect(storage.requireInput(taskId, { age: 1 })).rejects.toMatchObject({ _tag: "InputKeyReused", key: "age" })
  })

  test("run a task again, tied to the old one", async ({ storage }) => {
    const { taskId } = await storage.createTask({ ...call, sessionId: "alice", ttl: 60_000, steps: { one: 1 } })
    await expect(storage.rerunTask(taskId)).rejects.toMatchObject({ _tag: "TaskNotEnded", taskId, status: "working" })
    await storage.updateTaskStatus(taskId, "failed")
    const rerun = await storage.forSession("alice").rerunTask(taskId, { steps: true })
    expect(rerun).toMatchObject({
      rerunOf: taskId,
      status: "working",
      sessionId: "alice",
      ttl: 60_000,
      steps: { one: 1 },
      leaseExpiresAt: "1970-01-01T00:00:00.000Z"
    })
    expect(await storage.getTask(taskId)).toMatchObject({ status: "failed", rerunAs: rerun.taskId })
    await expect(storage.rerunTask(taskId)).rejects.toMatchObject({ _tag: "TaskAlreadyRerun", rerunAs: rerun.taskId })
    expect(await storage.rerunTask(taskId, { again: true, taskId: "given" })).toMatchObject({ taskId: "given" })
  })

  test("lists page through tasks in order, by session and status", async ({ storage }) => {
    for (let index = 0; index < 5; index++) {
      await storage.createTask({
        ...call,
        taskId: `task-${index}`,
        ...(index % 2 === 0 ? { sessionId: "even" } : {}),
        originalParams: { index },
        createdAt: `2026-01-01T00:00:0${index}Z`
      })
    }
    await storage.settleTask("task-4", success)
    const first = await storage.listTasks({ limit: 3 })
    expect(first.tasks.map(({ createdAt, originalParams, taskId }) => [taskId, createdAt, originalParams]))
      .toStrictEqual([0, 1, 2].map((index) => [`task-${index}`, `2026-01-01T00:00:0${index}.000Z`, { index }]))
    const second = await storage.listTasks({ limit: 3, cursor: first.nextCursor })
    expect(second.tasks.map(({ taskId }) => taskId)).toStrictEqual(["task-3", "task-4"])
    expect(second).not.toHaveProperty("nextCursor")

    const ids = (page: { readonly tasks: ReadonlyArray<{ readonly taskId: string }> }) =>
      page.tasks.map(({ taskId }) => taskId)
    expect(ids(await storage.listTasksForSession("even"))).toStrictEqual(["task-0", "task-2", "task-4"])
    const between = await storage.listTaskSummaries({
      createdAfter: "2026-01-01T00:00:01.000Z",
      createdBefore: "2026-01-01T00:00:04Z",
      order: "newest"
    })
    expect(ids(between)).toStrictEqual(["task-3", "task-2", "task-1"])
    const searched = await storage.forSession("even").listTaskSummaries({
      updatedAfter: "2026-01-01T00:00:00.000Z",
      limit: 1
    })
    expect(searched).toStrictEqual({ tasks: [expect.anything()], examined: 1, nextCursor: expect.any(String) })
    const summaries = await storage.listTaskSummaries({ sessionId: "even", status: "working" })
    expect(ids(summaries)).toStrictEqual(["task-0", "task-2"])
    expect(summaries.tasks[0]).toStrictEqual({
      taskId: "task-0",
      sessionId: "even",
      originalMethod: "tools/call",
      status: "working",
      ttl: null,
      createdAt: "2026-01-01T00:00:00.000Z",
      lastUpdatedAt: expect.any(String),
      revision: 1
    })
    expect(await storage.taskCount()).toBe(5)
    await expect(storage.listTasks({ cursor: "?" })).rejects.toMatchObject({ _tag: "InvalidCursor" })
  })

  test("forSession reaches the tasks of one session only", async ({ storage }) => {
    const mine = storage.forSession("mine")
    const unbound = storage.forSession(null)
    const { sessionId, taskId } = await mine.createTask(call)
    expect(sessionId).toBe("mine")
    expect(await mine.getTask(taskId)).toMatchObject({ taskId })
    expect(await storage.forSession("yours").getTask(taskId)).toBeUndefined()
    expect(await unbound.getTask(taskId)).toBeUndefined()
    expect(await unbound.deleteTask(taskId)).toBe(false)
    expect(await unbound.createTask(call)).not.toHaveProperty("sessionId")
    expect((await mine.listTasks()).tasks).toHaveLength(1)
    expect((await mine.listTaskSummaries()).tasks).toHaveLength(1)
    expect(await mine.taskCount()).toBe(1)
    await expect(unbound.settleTask(taskId, success)).rejects.toMatchObject({ _tag: "TaskNotFound" })
    expect(await mine.settleTask(taskId, success)).toMatchObject({ status: "completed" })
    expect(await collect(mine.changes(taskId))).toStrictEqual(["completed"])
  })

  test("expireTasks, recoverStuckTasks and maintenance", async ({ storage }) => {
    const createdAt = "2026-01-01T00:00:00Z"
    await storage.createTask({ ...call, taskId: "gone", ttl: 1_000, createdAt, lastUpdatedAt: createdAt })
    await storage.createTask({ ...call, taskId: "gone too", ttl: 1_000, createdAt, lastUpdatedAt: createdAt })
    await storage.createTask({ ...call, taskId: "stuck", createdAt, lastUpdatedAt: createdAt })
    await storage.createTask({ ...call, taskId: "fresh" })
    expect(await storage.getTask("gone")).toBeUndefined()
    expect(await storage.expireTasks({ limit: 1 })).toHaveLength(1)
    expect(await storage.recoverStuckTasks(60_000, { statuses: ["input_required"] })).toStrictEqual([])
    expect(await storage.recoverStuckTasks(60_000)).toStrictEqual(["stuck"])
    expect(await storage.getTask("stuck")).toMatchObject({ status: "failed", result: { _tag: "Error", code: -32603 } })
    expect(await storage.maintenance()).toMatchObject({ expiredTasks: 1, expiredMessages: 0 })
    expect(await storage.expireTasks()).toStrictEqual([])
  })

  test("taskStats and findTaskIds", async ({ storage }) => {
    const { createdAt } = await storage.createTask({ ...call, taskId: "one-1", sessionId: "s", name: "tool" })
    await storage.createTask({
      ...call,
      taskId: "two-1",
      name: "tool",
      status: "input_required",
      lastUpdatedAt: createdAt
    })
    const worker = await storage.registerWorker({ lease: 60_000 })
    await storage.createTask({ ...call, taskId: "three", worker: worker.workerId })
    const failed = await storage.settleTask("one-1", failure, { failure: new TypeError("lost") })
    await storage.pauseTasks({ method: "other" })
    const stats = await storage.taskStats()
    expect(stats).toStrictEqual({
      count: 3,
      byStatus: {
        working: { count: 1, oldest: expect.any(String) },
        input_required: { count: 1, oldest: expect.any(String) },
        completed: { count: 0 },
        failed: { count: 1, oldest: createdAt },
        cancelled: { count: 0 }
      },
      byName: [
        { method: call.originalMethod, name: "tool", count: 2, byStatus: expect.any(Object) },
        { method: call.originalMethod, count: 1, byStatus: expect.any(Object) }
      ],
      failures: [
        { method: call.originalMethod, name: "tool", reason: "TypeError", count: 1, latest: failed.lastUpdatedAt }
      ],
      otherFailures: 0,
      failuresSince: expect.stringMatching(/^2\d{3}-.*Z$/),
      waitingForInput: { count: 1, since: createdAt },
      paused: [{ method: "other", pausedAt: expect.stringMatching(/^2\d{3}-.*Z$/) }],
      workers: { live: 1, dead: 0, tasks: 1 }
    })
    expect(stats.byName[0]?.byStatus.failed).toStrictEqual({ count: 1, oldest: createdAt })
    const ofSession = await storage.taskStats({ sessionId: "s", failuresSince: "1 day" })
    expect(ofSession.count).toBe(1)
    expect(Date.parse(stats.failuresSince) - Date.parse(ofSession.failuresSince)).toBeGreaterThan(80_000_000)
    expect(await storage.findTaskIds({ ending: "e-1" })).toStrictEqual(["one-1"])
    expect(await storage.findTaskIds({ ending: "-1" })).toStrictEqual(["one-1", "two-1"])
    expect(await storage.findTaskIds({ ending: "-1", limit: 1 })).toStrictEqual(["one-1"])
  })

  test("changes and awaitTask follow a task to its end", async ({ storage }) => {
    const { taskId } = await storage.createTask(call)
    const ended = storage.awaitTask(taskId)
    const statuses: Array<string> = []
    for await (const { status } of storage.changes(taskId)) {
      statuses.push(status)
      if (status === "working" && statuses.length === 1) await storage.updateTaskStatus(taskId, "input_required")
      if (status === "input_required") await storage.settleTask(taskId, success)
    }
    expect(statuses).toStrictEqual(["working", "input_required", "completed"])
    expect(await ended).toMatchObject({ taskId, status: "completed", result: success })
    await expect(collect(storage.changes("nobody"))).rejects.toMatchObject({ _tag: "TaskNotFound" })
    await expect(storage.awaitTask("nobody")).rejects.toMatchObject({ _tag: "TaskNotFound" })
  })

  test("changes ends with TaskNotFound when its task is deleted", async ({ storage }) => {
    const { taskId } = await storage.createTask(call)
    const changes = storage.changes(taskId)[Symbol.asyncIterator]()
    expect(await changes.next()).toMatchObject({ done: false, value: { status: "working" } })
    const next = changes.next()
    await storage.deleteTask(taskId)
    await expect(next).rejects.toMatchObject({ _tag: "TaskNotFound", taskId })
    expect(await changes.next()).toStrictEqual({ done: true, value: undefined })
  })

  test("messages wait in order, each for one receiver", async ({ storage }) => {
    const { dequeue, dequeueAll, enqueue } = storage.messages
    expect(await enqueue("task", { n: 1 })).toStrictEqual({ full: false })
    expect(await enqueue("task", "two", { ttl: 60_000, maxSize: 2 })).toStrictEqual({ full: false })
    expect(await enqueue("task", "three", { maxSize: 2 })).toStrictEqual({ full: true, size: 2 })
    expect(await dequeue("task")).toStrictEqual({ n: 1 })
    expect(await dequeueAll("task")).toStrictEqual(["two"])
    expect(await dequeue("task")).toBeUndefined()
  })
})
