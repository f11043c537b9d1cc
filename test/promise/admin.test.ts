/** The operations for operators in promises. */
import {
  type BulkProgress,
  InvalidLine,
  makeTaskAdmin,
  openTaskStorage,
  type PromiseTaskAdmin,
  type PromiseTaskStorage,
  type TransferProgress
} from "mcp-task-storage/promise"
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest"
import type { TaskAdminShape } from "../../src/admin/AdminOperations.ts"

const failed = { _tag: "Error", code: -32603, message: "It failed" } as const

const collect = async <A>(items: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const all: Array<A> = []
  for await (const item of items) all.push(item)
  return all
}

const last = async <A>(items: AsyncIterable<A>): Promise<A | undefined> => (await collect(items)).at(-1)

const fill = async (storage: PromiseTaskStorage, count = 20): Promise<ReadonlyArray<string>> => {
  const ids: Array<string> = []
  for (let at = 0; at < count; at++) {
    const { taskId } = await storage.createTask({
      originalMethod: "tools/call",
      originalParams: { name: "report", text: "\ud800\u0000", at },
      createdAt: new Date(1_700_000_000_000 + at).toISOString(),
      ...(at % 2 === 0 ? { status: "failed", result: failed } : { lease: 0 }),
      ...(at % 5 === 0 ? { sessionId: "alice" } : {})
    })
    ids.push(taskId)
  }
  return ids
}

describe.each(["memory:", "sqlite::memory:"])("%s", (url) => {
  let storage: PromiseTaskStorage
  let admin: PromiseTaskAdmin
  beforeEach(async () => {
    storage = await openTaskStorage(url, { maintenance: false })
    admin = makeTaskAdmin(storage)
  })
  afterEach(() => storage.close())

  test("work in bulk is iterated, with plain data", async () => {
    const ids = await fill(storage)
    const dry = await last(
      admin.rerunTasks({ status: "failed", createdBefore: "2024-01-01T00:00:00Z" }, { dryRun: true })
    )
    expect(dry).toMatchObject({
      matched: 10,
      done: 10,
      tasks: { length: 10, 0: { _tag: "WouldBeDone", taskId: ids[0] } }
    })
    const limited = await last(admin.rerunTasks({ status: "failed" }, { limit: 4 }))
    expect(limited).toMatchObject({ done: 4 })
    const rest = await last(admin.rerunTasks({ status: "failed" }, { cursor: limited?.nextCursor }))
    expect(rest).toMatchObject({ done: 6, skipped: 0 })
    expect(await storage.taskCount()).toBe(30)
    expect(await last(admin.cancelTasks({ name: "report", status: "working" }, { statusMessage: "enough" })))
      .toMatchObject({ done: 20 })
    expect(await last(admin.eraseSession("alice"))).toMatchObject({ failed: 0 })
    expect((await storage.listTasksForSession("alice")).tasks).toEqual([])
    expect(await last(admin.deleteTasks({ all: true }))).toMatchObject({ failed: 0 })
    expect(await storage.taskCount()).toBe(0)
  })

  test("one task is found by its end and cancelled", async () => {
    const { taskId } = await storage.createTask({ originalMethod: "tools/call", taskId: "a-task" })
    expect(await admin.findTask("task")).toBe(taskId)
    expect(await admin.cancelTask(taskId, { statusMessage: "no" })).toMatchObject({
      status: "cancelled",
      statusMessage: "no"
    })
    await expect(admin.cancelTask(taskId)).rejects.toMatchObject({ _tag: "TerminalState" })
    await expect(admin.findTask("nothing")).rejects.toMatchObject({ _tag: "TaskNotFound" })
    expect(await admin.getTask(taskId)).toMatchObject({ taskId })
    expect(await admin.taskStats()).toMatchObject({ byStatus: { cancelled: { count: 1 } } })
  })

  test("tasks move by copies and by lines", async () => {
    await fill(storage)
    await using other = await openTaskStorage("memory:")
    await using third = await openTaskStorage(url)
    const expected = (await storage.listTasks()).tasks
    expect(await last(admin.copyTasks(other, { all: true }))).toMatchObject({ copied: 20, failed: 0 })
    expect((await other.listTasks()).tasks).toEqual(expected)
    expect(await last(admin.copyTasks(other, { all: true }))).toMatchObject({ same: 20 })
    const lines = async function*() {
      for await (const { lines } of admin.exportTasks({ all: true })) yield* lines
    }
    expect(await last(makeTaskAdmin(third).importTasks(lines()))).toMatchObject({ copied: 20 })
    expect((await third.listTasks()).tasks).toEqual(expected)
    // A line is the task as plain data.
    const texts = await collect(lines())
    expect(texts.map((line): unknown => JSON.parse(line))).toEqual(expected)
    expect(await last(makeTaskAdmin(third).importTasks(texts))).toMatchObject({ same: 20 })
  })

  test("a line that is no task is named", async () => {
    const seen: Array<TransferProgress> = []
    const [line = ""] = await collect((async function*() {
      await fill(storage, 1)
      for await (const { lines } of admin.exportTasks({ all: true })) yield* lines
    })())
    const run = async () => {
      for await (const progress of admin.importTasks([line, "nonsense"])) seen.push(progress)
    }
    await expect(run()).rejects.toBeInstanceOf(InvalidLine)
    await expect(run()).rejects.toMatchObject({ _tag: "InvalidLine", line: 2 })
    expect(seen).toMatchObject([{ same: 1 }, { same: 1 }])
  })

  test("the error of a source of lines is the caller's own", async () => {
    const broken = new Error("the pipe broke")
    const lines = async function*() {
      yield ""
      throw broken
    }
    await expect(collect(admin.importTasks(lines()))).rejects.toBe(broken)
  })

  test("a signal stops the work, and a loop that is left does", async () => {
    await fill(storage, 1_200)
    const controller = new AbortController()
    const seen: Array<BulkProgress> = []
    const reason = new Error("enough")
    const run = async () => {
      for await (const progress of admin.deleteTasks({ all: true }, { signal: controller.signal })) {
        seen.push(progress)
        controller.abort(reason)
      }
    }
    await expect(run()).rejects.toBe(reason)
    expect(seen).toMatchObject([{ done: 500 }])
    expect(await storage.taskCount()).toBe(700)
    for await (const { done } of admin.deleteTasks({ all: true })) {
      expect(done).toBe(500)
      break
    }
    expect(await storage.taskCount()).toBe(200)
  })

  test("a storage that is closed does nothing more", async () => {
    await fill(storage)
    const items = admin.deleteTasks({ all: true })
    await storage.close()
    await expect(collect(items)).rejects.toMatchObject({ _tag: "TaskStorageUnavailable" })
  })

  const wrong: ReadonlyArray<readonly [method: string, args: ReadonlyArray<unknown>, field: string]> = [
    ...["rerunTasks", "cancelTasks", "deleteTasks", "exportTasks"].flatMap((method) => [
      [method, [], "selection"] as const,
      [method, [null], "selection"] as const,
      [method, [{}], "selection"] as const,
      [method, [{ status: "failed", sesionId: "s" }], "sesionId"] as const,
      [method, [{ createdAfter: 1 }], "createdAfter"] as const,
      [method, [{ all: true }, { limits: 1 }], "limits"] as const,
      [method, [{ all: true }, { limit: 0 }], "limit"] as const,
      [method, [{ all: true }, { signal: 1 }], "options.signal"] as const,
      [method, [{ all: true }, null], "options"] as const
    ]),
    ["deleteTasks", [{ all: true }, { dryRun: 1 }], "dryRun"],
    ["eraseSession", [""], "sessionId"],
    ["eraseSession", ["s", { cursor: "x" }], "cursor"],
    ["copyTasks", [{}, { all: true }], "to"],
    ["importTasks", ["a line"], "lines"],
    ["importTasks", [[1]], "lines"],
    ["importTasks", [[], { dryRun: "yes" }], "dryRun"]
  ]

  test.each(wrong)("%s refuses %j", async (method, args, field) => {
    await fill(storage, 2)
    const found: unknown = Reflect.get(admin, method)
    if (typeof found !== "function") throw new Error(`there is no ${method}`)
    const items: AsyncIterable<unknown> = Reflect.apply(found, admin, args)
    await expect(collect(items)).rejects.toMatchObject({ _tag: "InvalidInput", field })
    expect(await storage.taskCount()).toBe(2)
  })
})

test("only a storage of this library has an admin", () => {
  const foreign: PromiseTaskStorage = JSON.parse("{}")
  expect(() => makeTaskAdmin(foreign)).toThrow(/Invalid storage: must be one that openTaskStorage gave/)
})

test("operations are those of the service", () => {
  expectTypeOf<keyof PromiseTaskAdmin>().toEqualTypeOf<keyof TaskAdminShape>()
})
