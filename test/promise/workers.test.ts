/**
 * Operations of workers through promises, on each backend: what they claim, and what they hear.
 */
import {
  type CreateTask,
  LeaseHeld,
  LeaseLost,
  openTaskStorage,
  type PromiseTaskStorage,
  WorkerLost
} from "mcp-task-storage/promise"
import { describe, expect, test as base } from "vitest"

const success = { _tag: "Success", value: { content: [{ type: "text", text: "42" }] } } as const
const call: CreateTask = { originalMethod: "tools/call" }

describe.each(["memory:", "sqlite::memory:"])("%s", (url) => {
  const test = base.extend<{ storage: PromiseTaskStorage }>({
    // oxlint-disable-next-line no-empty-pattern -- Vitest reads what a fixture needs from this pattern
    storage: async ({}, use) => {
      await using storage = await openTaskStorage(url)
      await use(storage)
    }
  })

  test("leases: claimTask, claimableTasks, storeTaskStep, and the attempt of a worker", async ({ storage }) => {
    const principal = { user: "u", scopes: ["read"] }
    const created = await storage.createTask({ ...call, lease: 0, principal })
    const { taskId } = created
    expect(created).toMatchObject({ leaseExpiresAt: "1970-01-01T00:00:00.000Z", principal })
    expect(created).not.toHaveProperty("attempt")
    expect(await storage.claimableTasks()).toStrictEqual([taskId])
    expect(await storage.claimableTasks({ limit: 1 })).toStrictEqual([taskId])
    const { abandoned, record } = await storage.claimTask(taskId, { lease: 60_000 })
    expect(abandoned).toBe(false)
    expect(record).toMatchObject({ attempt: 1, leaseExpiresAt: expect.stringMatching(/^2\d{3}-.*Z$/), principal })
    const { principal: _, ...summary } = record
    expect(await storage.getTaskSummary(taskId)).toStrictEqual(summary)
    expect((await storage.listTaskSummaries()).tasks).toStrictEqual([summary])
    await expect(storage.claimTask(taskId, { lease: 1 })).rejects.toBeInstanceOf(LeaseHeld)

    const { signal } = new AbortController()
    await storage.storeTaskStep(taskId, "found", { rows: [1] }, { attempt: 1, signal })
    expect(await storage.storeTaskStep(taskId, "found", "again")).toMatchObject({ steps: { found: { rows: [1] } } })
    expect(await storage.updateTask(await storage.getTask(taskId) ?? record)).toMatchObject({
      attempt: 1,
      leaseExpiresAt: record.leaseExpiresAt,
      principal,
      steps: { found: { rows: [1] } }
    })
    const released = await storage.requireInput(taskId, { key: 1 }, { attempt: 1, lease: 0 })
    expect(released).toMatchObject({ status: "input_required", leaseExpiresAt: "1970-01-01T00:00:00.000Z" })
    await storage.provideInput(taskId, { key: 1 })
    expect((await storage.claimTask(taskId, { lease: 60_000 })).record.attempt).toBe(2)

    const lost = { _tag: "LeaseLost", taskId, attempt: 1, current: 2 }
    await expect(storage.touchTask(taskId, { attempt: 1, lease: 60_000 })).rejects.toBeInstanceOf(LeaseLost)
    await expect(storage.updateTaskStatus(taskId, "cancelled", { attempt: 1 })).rejects.toMatchObject(lost)
    await expect(storage.storeTaskResult(taskId, success, { attempt: 1 })).rejects.toMatchObject(lost)
    await expect(storage.settleTask(taskId, success, { attempt: 1 })).rejects.toMatchObject(lost)
    await expect(storage.storeTaskStep(taskId, "found", 1, { attempt: 1 })).rejects.toMatchObject(lost)
    const ended = await storage.settleTask(taskId, success, { attempt: 2 })
    expect(ended).toMatchObject({ attempt: 2, status: "completed" })
    expect(ended).not.toHaveProperty("leaseExpiresAt")
    expect(await storage.claimableTasks()).toStrictEqual([])
  })

  test("workers: registerWorker, renewWorker, listWorkers, declareDeadWorkers and endWorker", async ({ storage }) => {
    const given = { host: "h", pid: 7, name: "n", version: "v" }
    const worker = await storage.registerWorker({ ...given, lease: 60_000 })
    expect(worker).toStrictEqual({
      ...given,
      workerId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      registeredAt: expect.stringMatching(/^2\d{3}-.*Z$/),
      leaseExpiresAt: expect.stringMatching(/^2\d{3}-.*Z$/)
    })
    const { workerId } = worker
    expect(Date.parse(worker.leaseExpiresAt) - Date.parse(worker.registeredAt)).toBe(60_000)
    const renewed = await storage.renewWorker(workerId, { lease: "1 hour" })
    expect(renewed).toStrictEqual({ worker: { ...worker, leaseExpiresAt: expect.any(String) } })
    expect(renewed.worker.leaseExpiresAt > worker.leaseExpiresAt).toBe(true)

    const created = await storage.createTask({ ...call, worker: workerId })
    const startedAt = created.createdAt
    expect(created).toMatchObject({ attempt: 1, worker: workerId, startedAt })
    expect(created).not.toHaveProperty("leaseExpiresAt")
    expect(await storage.updateTask(created)).toMatchObject({ attempt: 1, worker: workerId, startedAt })
    expect((await storage.listTaskSummaries()).tasks).toMatchObject([{ worker: workerId, startedAt }])
    await expect(storage.claimTask(created.taskId, { lease: 1 })).rejects.toMatchObject({
      _tag: "LeaseHeld",
      worker: workerId
    })
    expect(await storage.listWorkers()).toStrictEqual([{ worker: renewed.worker, tasks: 1 }])
    expect(await storage.endWorker(workerId)).toBe(1)
    expect(await storage.listWorkers()).toMatchObject([{ worker: { workerId, diedAt: expect.any(String) }, tasks: 0 }])
    await expect(storage.renewWorker(workerId, { lease: 1 })).rejects.toBeInstanceOf(WorkerLost)

    const dead = await storage.registerWorker({ lease: 1 })
    const self = await storage.registerWorker({ lease: 1 })
    await expect.poll(() => storage.declareDeadWorkers({ except: self.workerId })).toStrictEqual([dead.workerId])
    const diedAt = expect.stringMatching(/^2\d{3}-.*Z$/)
    const workers = new Map((await storage.listWorkers()).map(({ worker }) => [worker.workerId, worker]))
    expect(workers.get(dead.workerId)).toStrictEqual({ ...dead, diedAt })
    expect(workers.get(self.workerId)).toStrictEqual(self)
    await expect.poll(() => storage.declareDeadWorkers()).toStrictEqual([self.workerId])
    await expect(storage.renewWorker(dead.workerId, { lease: 1 })).rejects.toMatchObject({
      _tag: "WorkerLost",
      workerId: dead.workerId
    })
  })

  test("claimTasks and claimableTasks take turns between sessions, by kind", async ({ storage }) => {
    const { workerId } = await storage.registerWorker({ lease: 60_000 })
    for (const taskId of ["a1", "a2", "b1", "c1"]) {
      await storage.createTask({ ...call, taskId, sessionId: taskId.slice(0, 1), name: "tool", lease: 0 })
    }
    await storage.createTask({ ...call, taskId: "other", name: "other", lease: 0 })
    const kinds = [{ method: "tools/call", name: "tool" }]
    expect(await storage.claimableTasks({ kinds, perSession: 1, limit: 2, behindSession: "b" })).toStrictEqual([
      "c1",
      "a1"
    ])
    const claimed = await storage.claimTasks({
      worker: workerId,
      kinds,
      exceptSessions: ["b"],
      perSession: 2,
      running: { a: 1 }
    })
    expect(claimed.map(({ abandoned, record }) => [record.taskId, record.worker, record.attempt, abandoned]))
      .toStrictEqual([["a1", workerId, 1, false], ["c1", workerId, 1, false]])
    await storage.endWorker(workerId)
    const again = await storage.claimTasks({ lease: 60_000, kinds: [{ method: "tools/call" }] })
    expect(again.map(({ abandoned, record }) => [record.taskId, abandoned]).toSorted()).toStrictEqual([
      ["a1", true],
      ["a2", false],
      ["b1", false],
      ["c1", true],
      ["other", false]
    ])
    expect(await storage.claimTasks({ lease: 1 })).toStrictEqual([])
  })

  test("a delay keeps a task from workers for a while", async ({ storage }) => {
    const later = await storage.createTask({ ...call, taskId: "later", delay: "1 hour" })
    expect(Date.parse(later.leaseExpiresAt ?? "") - Date.parse(later.createdAt)).toBe(3_600_000)
    await expect(storage.claimTask("later", { lease: 1 })).rejects.toMatchObject({ _tag: "LeaseHeld" })
    await storage.createTask({ ...call, taskId: "soon", lease: 60_000 })
    await storage.touchTask("soon", { attempt: 1, delay: 10 })
    await expect.poll(() => storage.claimableTasks()).toStrictEqual(["soon"])
    expect(await storage.recoverStuckTasks(0, { leases: "expired" })).toStrictEqual([])
    expect(await storage.claimTask("soon", { lease: 60_000 })).toMatchObject({
      abandoned: false,
      record: { attempt: 2 }
    })
  })

  test("workerNews tells of what others wrote, for as long as somebody listens", async ({ storage }) => {
    const { workerId } = await storage.registerWorker({ lease: 60_000 })
    const { taskId } = await storage.createTask({ ...call, worker: workerId })
    const news = storage.workerNews(workerId)[Symbol.asyncIterator]()
    const next = news.next()
    await storage.touchTask(taskId, { attempt: 1, statusMessage: "the worker's own" })
    await storage.updateTaskStatus(taskId, "cancelled")
    expect(await next).toStrictEqual({ done: false, value: taskId })
    const waiting = news.next()
    await news.return?.()
    expect((await waiting).done).toBe(true)
  })

  test("pauseTasks, resumeTasks, pausedTasks, and pauseNews for as long as somebody listens", async ({ storage }) => {
    const { taskId } = await storage.createTask({ ...call, name: "report", lease: 0 })
    const kind = { method: call.originalMethod, name: "report" }
    const news = storage.pauseNews()[Symbol.asyncIterator]()
    const next = news.next()
    expect(await storage.pauseTasks(kind)).toBeUndefined()
    expect((await next).done).toBe(false)
    await storage.pauseTasks({ method: "other", name: null })
    expect(await storage.pausedTasks()).toStrictEqual([
      { method: "other", name: null, pausedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
      { ...kind, pausedAt: expect.any(String) }
    ])
    expect(await storage.claimableTasks()).toStrictEqual([])
    expect(await storage.resumeTasks(kind)).toBe(true)
    expect(await storage.resumeTasks(kind)).toBe(false)
    expect(await storage.claimableTasks()).toStrictEqual([taskId])
    await news.return?.()
  })

  test("recoverStuckTasks of expired leases leaves every other task", async ({ storage }) => {
    const left = await storage.createTask({ ...call, taskId: "left", lease: 1 })
    await storage.createTask({ ...call, taskId: "held", lease: 60_000 })
    await storage.createTask({ ...call, taskId: "free", lease: 0 })
    await storage.createTask({ ...call, taskId: "nobody's" })
    await expect.poll(() => storage.claimableTasks()).toStrictEqual(["free", left.taskId])
    expect(await storage.recoverStuckTasks(0, { leases: "expired" })).toStrictEqual(["left"])
    expect(await storage.getTask("left")).toMatchObject({ attempt: 1, status: "failed" })
  })
})
