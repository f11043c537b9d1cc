/**
 * What callers without a compiler can get wrong: each wrong argument of each method is refused by a typed error.
 */
import { InvalidInput, openTaskStorage, type PromiseTaskStorage } from "mcp-task-storage/promise"
import { afterAll, beforeAll, describe, expect, test } from "vitest"

const cyclic: { self?: unknown } = {}
cyclic.self = cyclic

const notObjects = [undefined, null, 1, "text", true, [], () => undefined]
const notIds = [undefined, null, 7, {}, [], "", "a\u0000b", "\ud800", "x".repeat(256)]
const notOptions = [null, 1, "text", true, [], () => undefined, { signal: {} }, { signal: null }, { signal: "abort" }, {
  signl: undefined
}]
const notMillis = [NaN, Infinity, -1, 0.5, "1 minut", "0.5 millis", 5n, {}, { secnds: 1 }, { seconds: "1" }, [], [
  NaN,
  0
], true]
/** What a record says is stored as it is. */
const notPlainMillis = [...notMillis, "1 minute", { seconds: 1 }]
const notTtls = [...notMillis, 0]
const notTimes = [
  null,
  0,
  "",
  "yesterday",
  "2026-01-02",
  "2026-01-02T03:04:05",
  "2026-01-02T03:04:05+01:00",
  "2026-02-30T00:00:00.000Z",
  "2026-01-02T24:00:00.000Z",
  "2026-01-02T03:04:05.1234Z",
  "+999999-01-01T00:00:00.000Z",
  {},
  []
]
const notJson = [1n, NaN, new Date(0), new Map(), cyclic, [undefined], () => undefined]
const notJsonObjects = [...notObjects, ...notJson]
const notTexts = [1, {}, [], true]
const notStatuses = [null, 1, "", "done", "toString", {}]
const notCounts = [0, -1, 0.5, NaN, Infinity, "1", {}]
const notOutcomes = [
  ...notObjects,
  {},
  { _tag: "Failure" },
  { _tag: "Success" },
  ...notJson.map((value) => ({ _tag: "Success", value })),
  { _tag: "Error", code: 1 },
  { _tag: "Error", code: "1", message: "m" },
  { _tag: "Error", code: 0.5, message: "m" },
  { _tag: "Error", code: 1, message: 1 },
  { _tag: "Error", code: 1, message: "m", data: 1n }
]

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const call = { originalMethod: "tools/call" }
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

const each = (key: string, values: ReadonlyArray<unknown>): ReadonlyArray<object> =>
  values.map((value) => ({ [key]: value }))

const wrongDrafts = [
  ...notObjects,
  {},
  ...each("originalMethod", [undefined, null, ...notTexts]).map((wrong) => ({ ...call, ...wrong })),
  ...[
    ...each("originalParams", notJson),
    ...each("ttl", notTtls),
    ...each("pollInterval", notMillis),
    ...each("statusMessage", notTexts),
    ...each("meta", notJsonObjects.slice(2)),
    ...each("sessionId", notIds.slice(2)),
    ...each("taskId", notIds.slice(1)),
    ...each("status", notStatuses),
    ...each("createdAt", notTimes),
    ...each("lastUpdatedAt", notTimes),
    ...each("result", notOutcomes.slice(2)),
    ...each("inputRequests", notJsonObjects.slice(2)),
    ...each("inputResponses", notJsonObjects.slice(2)),
    ...each("requestState", notTexts),
    ...each("lease", [null, ...notMillis]),
    ...each("delay", [null, ...notMillis]),
    ...each("worker", notIds.slice(1)),
    { delay: 1, lease: 1 },
    { delay: 1, worker: "w" },
    { lease: 1, worker: "w" },
    ...each("principal", notJson)
  ].map((wrong) => ({ ...call, ...wrong }))
]

const wrongWorkers = [
  ...notObjects,
  {},
  ...each("lease", [null, 0, ...notMillis]),
  ...[
    ...each("host", ["", "x".repeat(256), null, ...notTexts]),
    ...each("pid", [-1, 0.5, NaN, "1", null]),
    ...each("name", ["", "x".repeat(256), null, ...notTexts]),
    ...each("version", ["", "x".repeat(256), null, ...notTexts]),
    ...each("hosts", [undefined])
  ].map((wrong) => ({ lease: 1, ...wrong }))
]

const wrongRecords = [
  ...notObjects,
  {},
  ...[
    ...each("taskId", notIds),
    ...each("originalMethod", [undefined, null, ...notTexts]),
    ...each("status", [undefined, ...notStatuses]),
    ...each("createdAt", [undefined, ...notTimes]),
    ...each("lastUpdatedAt", [undefined, ...notTimes]),
    ...each("ttl", [...notPlainMillis, 0]),
    ...each("pollInterval", notPlainMillis),
    ...each("revision", [undefined, null, ...notCounts]),
    ...each("result", notOutcomes.slice(2)),
    ...each("meta", notJsonObjects.slice(2)),
    ...each("originalParams", notJson),
    ...each("principal", notJson),
    ...each("steps", notJsonObjects.slice(2))
  ].map((wrong) => ({ ...record, ...wrong }))
]

/** Right arguments of a method, and what is wrong in the place of each. */
interface Table {
  readonly right: ReadonlyArray<unknown>
  readonly wrong: ReadonlyArray<ReadonlyArray<unknown>>
}

const onTask = (...more: ReadonlyArray<readonly [right: unknown, wrong: ReadonlyArray<unknown>]>): Table => ({
  right: ["task", ...more.map(([right]) => right)],
  wrong: [notIds, ...more.map(([, wrong]) => wrong)]
})

const plain = [{}, notOptions] as const
const attempts = each("attempt", [null, ...notCounts])
const leases = each("lease", [null, ...notMillis])
const delays = [...each("delay", [null, ...notMillis]), { delay: 1, lease: 1 }]
const holds = [
  undefined,
  {},
  ...notOptions,
  ...leases,
  ...each("lease", [undefined, 0]),
  ...each("worker", notIds.slice(1)),
  { lease: 1, worker: "w" }
]
const pages = [...notOptions, ...each("limit", notCounts)]
const cursors = each("cursor", [0, {}, "", "nonsense", "x".repeat(10_000)])

const filters = [
  ...pages,
  ...cursors,
  ...each("status", [...notStatuses, [], ["working", "done"]]),
  ...each("order", ["", "Newest", null, 1]),
  ...["createdAfter", "createdBefore", "updatedAfter", "updatedBefore"].flatMap((field) => each(field, notTimes)),
  { createdAfter: "2026-01-01T00:00:00Z", createdBefore: "2026-01-01T00:00:00.000Z" },
  ...each("method", [1, null, {}]),
  ...each("name", ["", 1, {}]),
  ...each("worker", notIds.slice(1)),
  ...each("resultKind", ["", "failed", null, 1])
]

const sessionMethods: { readonly [method: string]: Table } = {
  createTask: { right: [call, {}], wrong: [wrongDrafts, notOptions] },
  getTask: onTask(plain),
  updateTask: { right: [record, {}], wrong: [wrongRecords, notOptions] },
  deleteTask: onTask(plain),
  rerunTask: onTask([{}, [
    ...notOptions,
    ...each("again", [null, 1, "yes"]),
    ...each("steps", [null, 1]),
    ...each("taskId", notIds.slice(1))
  ]]),
  listTasks: { right: [{}], wrong: [[...pages, ...cursors]] },
  listTaskSummaries: { right: [{}], wrong: [filters] },
  updateTaskStatus: onTask(["cancelled", [undefined, ...notStatuses]], [{}, [
    ...notOptions,
    ...attempts,
    ...each("statusMessage", notTexts)
  ]]),
  storeTaskResult: onTask([outcome, notOutcomes], [{}, [...notOptions, ...attempts]]),
  getTaskSummary: onTask(plain),
  getTaskResult: onTask(plain),
  settleTask: onTask([outcome, notOutcomes], [{}, [
    ...notOptions,
    ...attempts,
    ...each("statusMessage", notTexts),
    ...each("status", [...notStatuses, "working", "cancelled"])
  ]]),
  touchTask: onTask([{}, [
    ...notOptions,
    ...attempts,
    ...leases,
    ...delays,
    ...each("ttl", notTtls),
    ...each("pollInterval", notMillis),
    ...each("statusMessage", notTexts)
  ]]),
  claimTask: onTask([{ lease: 1 }, holds]),
  storeTaskStep: onTask(["step", notIds], [1, [undefined, ...notJson]], [{}, [...notOptions, ...attempts]]),
  requireInput: onTask([{ key: 1 }, notJsonObjects], [{}, [
    ...notOptions,
    ...attempts,
    ...leases,
    ...each("requestState", notTexts)
  ]]),
  provideInput: onTask([{ key: 1 }, notJsonObjects], plain),
  taskCount: { right: [{}], wrong: [notOptions] },
  awaitTask: onTask(plain)
}

const turns = [
  ...pages,
  ...each("kinds", [null, {}, "tools/call", [null], ["tools/call"], [{}], [{ method: 1 }], [{
    method: "m",
    nam: "n"
  }]]),
  ...each("kinds", ["", "x".repeat(256), 1].map((name) => [{ method: "m", name }])),
  ...each("leases", [1, null, "expired", ["released"]]),
  ...each("exceptSessions", [null, {}, "session", [null], [""]]),
  ...each("perSession", [null, ...notCounts]),
  ...each("running", [null, 1, [], [1], { session: -1 }, { session: "1" }]),
  ...each("behindSession", notIds.slice(2)),
  ...each("behindKind", [1, null, {}, { method: 1 }, { method: "m", nam: "n" }, { method: "m", name: "" }])
]

const notKinds = [
  undefined,
  null,
  1,
  "m",
  [],
  {},
  { name: "n" },
  { method: 1 },
  { method: "m", name: "" },
  { method: "m", nam: "n" }
]

const storageMethods: { readonly [method: string]: Table } = {
  ...sessionMethods,
  listTaskSummaries: {
    right: [{}],
    wrong: [[...filters, ...each("sessionId", notIds.slice(1))]]
  },
  listTasksForSession: { right: ["session", {}], wrong: [notIds, [...pages, ...cursors]] },
  importTask: {
    right: [record, {}],
    wrong: [
      [
        ...wrongRecords,
        ...[...each("attempt", [null, -1, "1"]), ...each("worker", notIds.slice(1))]
          .map((wrong) => ({ ...record, ...wrong })),
        ...["startedAt", "leaseExpiresAt"].flatMap((field) => each(field, notTimes))
          .map((wrong) => ({ ...record, ...wrong }))
      ],
      [...notOptions, ...each("dryRun", [null, 1, "yes"])]
    ]
  },
  forgetSession: { right: ["session", {}], wrong: [notIds, notOptions] },
  expireTasks: { right: [{}], wrong: [pages] },
  recoverStuckTasks: {
    right: [1, {}],
    wrong: [[undefined, null, ...notMillis], [
      ...notOptions,
      ...each("statuses", [1, "working", {}, [null], ["done"]]),
      ...each("leases", [1, null, "all", ["expired"]])
    ]]
  },
  claimableTasks: { right: [{}], wrong: [turns] },
  claimTasks: {
    right: [{ lease: 1 }],
    wrong: [[...holds, ...turns.map((wrong) => isObject(wrong) ? { lease: 1, ...wrong } : wrong)]]
  },
  registerWorker: { right: [{ lease: 1 }, {}], wrong: [wrongWorkers, notOptions] },
  renewWorker: {
    right: ["worker", { lease: 1 }],
    wrong: [notIds, [undefined, {}, ...notOptions, ...leases, ...each("lease", [undefined, 0])]]
  },
  declareDeadWorkers: { right: [{}], wrong: [[...notOptions, ...each("except", notIds.slice(1))]] },
  endWorker: { right: ["worker", {}], wrong: [notIds, notOptions] },
  listWorkers: { right: [{}], wrong: [notOptions] },
  pauseTasks: { right: [{ method: "m" }, {}], wrong: [notKinds, notOptions] },
  resumeTasks: { right: [{ method: "m" }, {}], wrong: [notKinds, notOptions] },
  pausedTasks: { right: [{}], wrong: [notOptions] },
  taskStats: {
    right: [{}],
    wrong: [[...notOptions, ...each("sessionId", notIds.slice(1)), ...each("failuresSince", notMillis)]]
  },
  findTaskIds: {
    right: [{ ending: "e" }],
    wrong: [[
      undefined,
      ...notOptions,
      ...each("ending", notIds),
      ...pages.map((wrong) => isObject(wrong) ? { ending: "e", ...wrong } : wrong)
    ]]
  },
  inspectStore: {
    right: [{}],
    wrong: [[...notOptions, ...each("fix", [1, null, "true"]), ...each("deep", [1, null])]]
  },
  maintenance: { right: [{}], wrong: [notOptions] }
}

const messageMethods: { readonly [method: string]: Table } = {
  enqueue: onTask([1, [undefined, ...notJson]], [{}, [
    ...notOptions,
    ...each("ttl", notTtls),
    ...each("maxSize", notCounts.slice(1))
  ]]),
  dequeue: onTask(plain),
  dequeueAll: onTask(plain)
}

/** Calls a method as JavaScript does, without types. */
const invoke = async (target: object, method: string, args: ReadonlyArray<unknown>): Promise<unknown> => {
  const found: unknown = Reflect.get(target, method)
  if (typeof found !== "function") throw new Error(`there is no ${method}`)
  const answer: unknown = Reflect.apply(found, target, args)
  expect(answer).toBeInstanceOf(Promise)
  return answer
}

const show = (value: unknown): string => {
  if (value === cyclic) return "cyclic"
  return typeof value === "object" && value !== null && !(value instanceof Date || value instanceof Map)
    ? `{ ${Object.entries(value).map(([key, item]) => `${key}: ${show(item)}`).join(", ")} }`
    : `${typeof value} ${String(value).slice(0, 40)}`
}

const expectRefusals = async (target: object, method: string, { right, wrong }: Table): Promise<number> => {
  let refused = 0
  for (const [position, values] of wrong.entries()) {
    for (const value of values) {
      const args = right.with(position, value)
      const answer = await invoke(target, method, args).then(
        () => "accepted",
        (error: unknown) => error instanceof InvalidInput ? "InvalidInput" : error
      )
      const isCursor = typeof value === "object" && value !== null && "cursor" in value
      expect.soft(answer, `${method}, argument ${position + 1}: ${show(value)}`).toEqual(
        isCursor ? expect.objectContaining({ _tag: "InvalidCursor" }) : "InvalidInput"
      )
      refused++
    }
  }
  return refused
}

describe.each(["memory:", "sqlite::memory:"])("%s", (url) => {
  let storage: PromiseTaskStorage

  beforeAll(async () => {
    storage = await openTaskStorage(url)
  })
  afterAll(() => storage.close())

  test.each(Object.entries(storageMethods))("%s refuses wrong arguments", async (method, table) => {
    expect(await expectRefusals(storage, method, table)).toBeGreaterThan(0)
    expect(await storage.taskCount()).toBe(0)
  })

  test.each(Object.entries(messageMethods))("messages.%s refuses wrong arguments", async (method, table) => {
    expect(await expectRefusals(storage.messages, method, table)).toBeGreaterThan(0)
  })

  test.each(Object.entries(sessionMethods))("%s of a session refuses wrong arguments", async (method, table) => {
    expect(await expectRefusals(storage.forSession("session"), method, table)).toBeGreaterThan(0)
  })

  test.each(Object.entries(sessionMethods))("%s of a session that is none is refused", async (method, { right }) => {
    for (const id of notIds) {
      if (id === null) continue
      const session = Reflect.apply(storage.forSession, storage, [id])
      await expect(invoke(session, method, right), show(id)).rejects.toMatchObject({
        _tag: "InvalidInput",
        field: "sessionId"
      })
    }
  })

  test.each(["changes", "workerNews"] as const)("%s refuses wrong arguments when it is iterated", async (method) => {
    const calls = [...notIds.map((id) => [id]), ...notOptions.map((options) => ["id", options])]
    for (const args of calls) {
      const items = Reflect.apply(storage[method], storage, args)
      await expect(items[Symbol.asyncIterator]().next(), show(args)).rejects.toBeInstanceOf(InvalidInput)
    }
  })

  test.each(["pauseNews", "reencryptTasks"] as const)(
    "%s refuses wrong options when it is iterated",
    async (method) => {
      for (const options of notOptions) {
        const items = Reflect.apply(storage[method], storage, [options])
        await expect(items[Symbol.asyncIterator]().next(), show(options)).rejects.toBeInstanceOf(InvalidInput)
      }
    }
  )

  test("the tables cover every method", () => {
    const methods = Object.entries(storage).filter(([, value]) => typeof value === "function").map(([key]) => key)
    expect(methods.toSorted()).toEqual(
      [
        ...Object.keys(storageMethods),
        "changes",
        "close",
        "forSession",
        "pauseNews",
        "reencryptTasks",
        "workerNews"
      ].toSorted()
    )
    expect(Object.keys(storage.messages).toSorted()).toEqual(Object.keys(messageMethods).toSorted())
    expect(Object.keys(storage.forSession("session")).toSorted())
      .toEqual([...Object.keys(sessionMethods), "changes", "withSummary"].toSorted())
  })

  test("a property that is undefined counts as absent", async () => {
    const absent = { ttl: undefined, pollInterval: undefined, taskId: undefined, createdAt: undefined, meta: undefined }
    const created = await invoke(storage, "createTask", [{ ...call, ...absent, statusMessage: "gone" }, undefined])
    const task = await invoke(storage, "updateTask", [{ ...Object(created), statusMessage: undefined }])
    expect(task).not.toHaveProperty("statusMessage")
    expect(task).toMatchObject({ revision: 2 })
    expect(await invoke(storage, "deleteTask", [Reflect.get(Object(task), "taskId")])).toBe(true)
  })
})
