/**
 * Every call, in storage and runner, takes an `AbortSignal` as its last option.
 */
import { makeTaskAdmin, openTaskRunner, type PromiseTaskRunner } from "mcp-task-storage/promise"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

const call = { originalMethod: "tools/call", originalParams: { name: "report" } }
const outcome = { _tag: "Success", value: 1 }
const record = {
  taskId: "task",
  originalMethod: "tools/call",
  status: "working",
  createdAt: "2026-01-02T03:04:05.678Z",
  lastUpdatedAt: "2026-01-02T03:04:05.678Z",
  ttl: null,
  revision: 1
}

const kind = { method: "tools/call" }

/** The arguments of each call before its options. */
type Calls = { readonly [method: string]: ReadonlyArray<unknown> }

const sessionCalls: Calls = {
  awaitTask: ["task"],
  changes: ["task"],
  claimTask: ["task"],
  createTask: [call],
  deleteTask: ["task"],
  getTask: ["task"],
  getTaskResult: ["task"],
  getTaskSummary: ["task"],
  listTaskSummaries: [],
  listTasks: [],
  provideInput: ["task", { who: "Ada" }],
  requireInput: ["task", { who: {} }],
  rerunTask: ["task"],
  settleTask: ["task", outcome],
  storeTaskResult: ["task", outcome],
  storeTaskStep: ["task", "step", 1],
  taskCount: [],
  touchTask: ["task"],
  updateTask: [record],
  updateTaskStatus: ["task", "cancelled"]
}

const storageCalls: Calls = {
  ...sessionCalls,
  claimableTasks: [],
  claimTasks: [],
  declareDeadWorkers: [],
  endWorker: ["worker"],
  expireTasks: [],
  findTaskIds: [],
  inspectStore: [],
  forgetSession: ["session"],
  importTask: [record],
  listTasksForSession: ["session"],
  listWorkers: [],
  maintenance: [],
  pausedTasks: [],
  pauseNews: [],
  pauseTasks: [{ method: "m" }],
  recoverStuckTasks: ["1 minute"],
  reencryptTasks: [],
  registerWorker: [{ lease: 1 }],
  renewWorker: ["worker"],
  resumeTasks: [{ method: "m" }],
  taskStats: [],
  workerNews: ["worker"]
}

/** The calls that must be told how long they hold something. */
const withLease = ["claimTask", "claimTasks", "renewWorker"]

/** The calls that give several answers, and begin with the first that is asked for. */
const iterated = [
  "cancelTasks",
  "changes",
  "copyTasks",
  "deleteTasks",
  "eraseSession",
  "exportTasks",
  "importTasks",
  "pauseNews",
  "reencryptTasks",
  "rerunTasks",
  "workerNews"
]

/** The writes that answer with a summary. */
const plannedCalls: Calls = {
  settleTask: ["task", outcome],
  storeTaskResult: ["task", outcome],
  touchTask: ["task"],
  updateTaskStatus: ["task", "cancelled"]
}

const messageCalls: Calls = { dequeue: ["task"], dequeueAll: ["task"], enqueue: ["task", {}] }

const sessionRunnerCalls: Calls = {
  cancelTask: ["task"],
  provideInput: ["task", { who: "Ada" }],
  startTask: [call, async () => "done"]
}

const runnerCalls: Calls = { ...sessionRunnerCalls, recover: [], runTask: ["task"] }

const adminCalls: Calls = {
  cancelTask: ["task"],
  cancelTasks: [{ all: true }],
  changes: ["task"],
  copyTasks: [{}, { all: true }],
  deleteTask: ["task"],
  deleteTasks: [{ all: true }],
  eraseSession: ["session"],
  exportTasks: [{ all: true }],
  findTask: ["task"],
  getTask: ["task"],
  getTaskSummary: ["task"],
  importTasks: [[]],
  inspectStore: [],
  listTaskSummaries: [],
  listWorkers: [],
  maintenance: [],
  pausedTasks: [],
  pauseTasks: [kind],
  rerunTask: ["task"],
  rerunTasks: [{ all: true }],
  resumeTasks: [kind],
  taskStats: []
}

/** What each of these calls is made on, and the functions there that are no calls: they wait for nothing. */
const targets: ReadonlyArray<
  readonly [name: string, of: (runner: PromiseTaskRunner) => object, calls: Calls, others: ReadonlyArray<string>]
> = [
  ["storage", ({ storage }) => storage, storageCalls, ["close", "forSession"]],
  ["session of a storage", ({ storage }) => storage.forSession("session"), sessionCalls, []],
  ["withSummary", ({ storage }) => storage.withSummary, plannedCalls, []],
  ["admin", ({ storage }) => makeTaskAdmin(storage), adminCalls, []],
  ["messages", ({ storage }) => storage.messages, messageCalls, []],
  ["runner", (runner) => runner, runnerCalls, ["close", "forSession", "register", "running"]],
  ["session of a runner", (runner) => runner.forSession("session"), sessionRunnerCalls, []]
]

describe.each(targets)("%s", (_, of, calls, others) => {
  let runner: PromiseTaskRunner

  beforeAll(async () => {
    runner = await openTaskRunner("memory:", { recovery: false })
  })
  afterAll(() => runner.close())

  test.each(Object.entries(calls))("%s does nothing with a signal that is aborted", async (method, args) => {
    const target = of(runner)
    const reason = new Error("too late")
    const options = { ...(withLease.includes(method) ? { lease: 1 } : {}), signal: AbortSignal.abort(reason) }
    const found: unknown = Reflect.get(target, method)
    if (typeof found !== "function") throw new Error(`there is no ${method}`)
    const answer: unknown = Reflect.apply(found, target, [...args, options])
    await expect(iterated.includes(method) ? first(answer) : answer).rejects.toBe(reason)
    expect(await runner.storage.taskCount()).toBe(0)
    expect(await runner.storage.listWorkers()).toEqual([])
  })

  test("the table has every call", () => {
    const found = Object.entries(of(runner)).filter(([, value]) => typeof value === "function").map(([name]) => name)
    expect(found.toSorted()).toEqual([...Object.keys(calls), ...others].toSorted())
  })
})

const first = async (items: unknown): Promise<unknown> => {
  const iterable = Object(items)
  return iterable[Symbol.asyncIterator]().next()
}
