/** What the page reads and changes, and every way in which it is refused. */
import * as Effect from "effect/Effect"
import { TaskStorage, TaskStorageUnavailable } from "mcp-task-storage"
import { makeDashboard } from "mcp-task-storage/dashboard"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { openTaskStorage } from "mcp-task-storage/promise"
import { describe, expect, test } from "vitest"
import { errorOf, openPage, ownHeaders } from "./pages.ts"

const call = { originalMethod: "tools/call" }
const at = (second: number): string => new Date(Date.UTC(2026, 0, 2, 3, 4, second)).toISOString()

const jsonOf = async (response: Response) => JSON.parse(await response.text())

describe("documents", () => {
  test("let a browser do nothing but show the page", async () => {
    const { get } = await openPage()
    for (const path of ["", "-/tasks", "-/nothing", "-/live/tasks"]) {
      const response = await get(path)
      const policy = response.headers.get("content-security-policy") ?? ""
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).toContain("require-trusted-types-for 'script'")
      expect(policy).not.toMatch(/unsafe|https?:|data:|\*/)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": expect.stringContaining("no-store")
      })
      await response.body?.cancel()
    }
  })

  test("name files that are kept for ever, by paths that work behind any proxy", async () => {
    const { get } = await openPage()
    const text = await (await get("")).text()
    const paths = Array.from(text.matchAll(/(?:href|src)="([^"]+)"/g), ([, path = ""]) => path)
    expect(paths).toHaveLength(3)
    for (const path of paths) {
      expect(path).toMatch(/^\.\/-\/(?:page|icon)-[0-9a-f]{12}\.(?:js|css|svg)$/)
      const response = await get(path)
      expect(response.headers.get("cache-control")).toContain("immutable")
      expect((await response.text()).length).toBeGreaterThan(100)
    }
    expect(text).not.toMatch(/https?:|<script>|style=| on\w+=/)
  })

  test("stand at any path, with a slash behind it", async () => {
    const { dashboard } = await openPage()
    for (const path of ["/", "/tasks/", "/a/b/c/"]) {
      expect((await dashboard(new Request(`http://localhost${path}`))).status).toBe(200)
      expect((await dashboard(new Request(`http://localhost${path}-/tasks`))).status).toBe(200)
    }
    const bare = await dashboard(new Request("http://localhost/a/tasks?status=failed"))
    expect([bare.status, bare.headers.get("location")]).toEqual([308, "./tasks/?status=failed"])
    const elsewhere = await dashboard(new Request("http://localhost//attacker.example"))
    expect(elsewhere.headers.get("location")).toBe("./attacker.example/")
  })

  test("show the name of the storage as text", async () => {
    const service = await Effect.runPromise(
      Effect.provide(TaskStorage, MemoryTaskStorage.layer({ maintenance: false }))
    )
    const dashboard = makeDashboard({ ...service, backendName: "\"><script>alert(1)</script>" })
    const text = await (await dashboard(new Request("http://localhost/"))).text()
    expect(text).toContain("data-backend=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\"")
  })
})

describe("tasks", () => {
  test("are listed page by page, the newest first, without payloads", async () => {
    const { get, storage } = await openPage()
    for (let second = 0; second < 59; second++) {
      await storage.createTask({
        ...call,
        createdAt: at(second),
        originalParams: { secret: second },
        meta: { secret: 1 }
      })
    }
    for (let count = 0; count < 61; count++) await storage.createTask({ ...call, createdAt: at(59) })
    const first = await jsonOf(await get("-/tasks"))
    expect(first.tasks).toHaveLength(100)
    expect(first.tasks[0].createdAt).toBe(at(59))
    expect(JSON.stringify(first)).not.toContain("secret")
    const second = await jsonOf(await get(`-/tasks?${first.fixed}&cursor=${first.nextCursor}`))
    expect(second.tasks).toHaveLength(20)
    expect(second.tasks.at(-1).createdAt).toBe(at(0))
    expect(second.nextCursor).toBeUndefined()
  })

  const filters: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
    ["", ["ended", "bare", "asked", "old"]],
    ["status=failed", ["ended"]],
    ["status=failed&status=input_required", ["ended", "asked"]],
    ["method=tools%2Fcall", ["ended", "asked", "old"]],
    ["name=report", ["ended"]],
    ["name=", ["bare"]],
    ["sessionId=ada", ["asked"]],
    ["resultKind=error", ["ended"]],
    ["resultKind=error&resultKind=tool_error", ["ended"]],
    ["createdAfter=1h", ["ended", "bare", "asked"]],
    ["createdBefore=1h", ["old"]],
    ["createdBefore=2027-01-01", ["old"]],
    ["order=oldest", ["old", "asked", "bare", "ended"]],
    ["worker=nobody", []]
  ]

  test.each(filters)("of the filter %o", async (filter, expected) => {
    const { get, storage } = await openPage()
    const now = Date.now()
    const create = (taskId: string, seconds: number, rest: object) =>
      storage.createTask({ ...call, taskId, createdAt: new Date(now - seconds * 1000).toISOString(), ...rest })
    await create("old", 86_400 * 600, { name: "publish" })
    await create("asked", 30, { name: "publish", sessionId: "ada" })
    await storage.requireInput("asked", { ok: {} })
    await create("bare", 20, { originalMethod: "sampling/createMessage" })
    await create("ended", 10, { name: "report" })
    await storage.settleTask("ended", { _tag: "Error", code: -32603, message: "no" })
    const relative = filter.replace("2027-01-01", new Date(now - 86_400_000).toISOString())
    const { tasks } = await jsonOf(await get(`-/tasks?${relative}`))
    expect(tasks.map(({ taskId }: { readonly taskId: string }) => taskId)).toEqual(expected)
  })

  test("of a time that moves are paged by one that does not", async () => {
    const { get, storage } = await openPage()
    for (let count = 0; count < 150; count++) await storage.createTask(call)
    const first = await jsonOf(await get("-/tasks?createdAfter=1h&status=working"))
    expect(first.fixed).toMatch(/^createdAfter=20\d\d-.+Z&status=working$/)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect((await get(`-/tasks?createdAfter=1h&status=working&cursor=${first.nextCursor}`)).status).toBe(400)
    const second = await jsonOf(await get(`-/tasks?${first.fixed}&cursor=${first.nextCursor}`))
    expect(second.tasks).toHaveLength(50)
  })

  const wrong: ReadonlyArray<string> = [
    "state=failed",
    "Status=failed",
    "status=broken",
    "status=failed&status=broken",
    "name=a&name=b",
    "order=random",
    "resultKind=bad",
    "resultKind=error&resultKind=bad",
    "createdAfter=yesterday",
    "createdAfter=5y",
    "createdAfter=",
    "createdAfter=1h&createdBefore=2h",
    "limit=5",
    `worker=${"x".repeat(300)}`,
    "cursor=nonsense"
  ]

  test.each(wrong)("of the filter %o are refused", async (filter) => {
    const { get, post, storage } = await openPage()
    await storage.createTask({ ...call, taskId: "kept" })
    expect((await get(`-/tasks?${filter}`)).status).toBe(400)
    const bulk = await post("-/change-all", { action: "delete", filter })
    expect(bulk.status).toBe(400)
    expect(await storage.getTask("kept")).toBeDefined()
  })
})

describe("changes in bulk", () => {
  test.each([
    { retryable: true },
    { retryable: false, concerns: "store" as const }
  ])("end where the engine fails, after what was done was told: %o", async (kind) => {
    const service = await Effect.runPromise(
      Effect.provide(TaskStorage, MemoryTaskStorage.layer({ maintenance: false }))
    )
    for (let task = 0; task < 5; task++) await Effect.runPromise(service.createTask(call))
    const fault = new TaskStorageUnavailable({ operation: "deleteTask", reason: "it broke", applied: "no", ...kind })
    let left = 2
    const dashboard = makeDashboard(
      { ...service, deleteTask: (taskId: string) => left-- > 0 ? service.deleteTask(taskId) : Effect.fail(fault) },
      { authorize: () => true }
    )
    const change = async (more: object) =>
      dashboard(
        new Request("http://localhost/-/change-all", {
          method: "POST",
          headers: ownHeaders,
          body: JSON.stringify({ action: "delete", filter: "", all: true, ...more })
        })
      )
    const first = await jsonOf(await change({}))
    expect(first).toEqual({ done: 2, skipped: 0, failed: 0, nextCursor: expect.any(String) })
    const second = await change({ cursor: first.nextCursor })
    expect(second.ok).toBe(false)
    expect(await errorOf(second)).toBe("TaskStorageUnavailable")
    expect(await Effect.runPromise(service.taskCount())).toBe(3)
  })
})

describe("one task", () => {
  test("is shown with its story and without payloads, which come one by one", async () => {
    const { get, storage } = await openPage()
    const worker = await storage.registerWorker({
      host: "h1",
      pid: 7,
      name: "reports",
      version: "1.2.3",
      lease: 60_000
    })
    const { taskId } = await storage.createTask({
      ...call,
      taskId: "a/b c?&",
      originalParams: { name: "report", secret: "params" },
      principal: { secret: "principal" },
      meta: { secret: "meta" },
      worker: worker.workerId
    })
    await storage.storeTaskStep(taskId, "fetched", { secret: "step" }, { attempt: 1 })
    await storage.requireInput(taskId, { sure: { secret: "question" }, really: {} }, { requestState: "secret state" })
    await storage.provideInput(taskId, { sure: { secret: "answer" } })
    const path = `-/task?id=${encodeURIComponent(taskId)}`
    const asked = await jsonOf(await get(path))
    expect(asked).toMatchObject({
      task: { taskId, status: "input_required", name: "report", worker: worker.workerId },
      worker: { host: "h1", pid: 7, name: "reports", version: "1.2.3" },
      steps: ["fetched"],
      questions: ["really"],
      answers: ["sure"]
    })
    expect(JSON.stringify(asked)).not.toContain("secret")
    await storage.settleTask(taskId, {
      _tag: "Error",
      code: -32603,
      message: "Internal error",
      data: { secret: "data" }
    }, {
      failure: new TypeError("rows is undefined")
    })
    const ended = await jsonOf(await get(path))
    expect(ended).toMatchObject({
      outcome: { _tag: "Error", code: -32603, message: "Internal error" },
      task: {
        failure: { name: "TypeError", message: "rows is undefined", stack: expect.stringContaining("api.test.ts") }
      }
    })
    expect(JSON.stringify(ended)).not.toContain("secret")
    const payload = async (part: string) => jsonOf(await get(`-/payload?id=${encodeURIComponent(taskId)}&part=${part}`))
    expect(await payload("originalParams")).toEqual({ name: "report", secret: "params" })
    expect(await payload("steps")).toEqual({ fetched: { secret: "step" } })
    expect(await payload("result")).toMatchObject({ data: { secret: "data" } })
    expect(await payload("principal")).toEqual({ secret: "principal" })
  })

  const missing: ReadonlyArray<readonly [string, number]> = [
    ["-/task?id=nothing", 404],
    ["-/task", 400],
    [`-/task?id=${"x".repeat(300)}`, 400],
    ["-/payload?id=nothing&part=result", 404],
    ["-/payload?id=nothing&part=failure", 400],
    ["-/payload?id=nothing", 400],
    ["-/overview?span=1y", 400],
    ["-/overview?span=constructor", 400],
    ["-/find", 400],
    ["-/live/find?ending=a", 404],
    ["-/nothing", 404],
    ["-/live/nothing", 404],
    ["-/live/payload?id=a&part=result", 404],
    ["-/constructor", 404],
    ["-/change", 404],
    ["-/page-000000000000.js", 404]
  ]

  test.each(missing)("%s is answered with %i", async (path, status) => {
    const { get } = await openPage()
    expect((await get(path)).status).toBe(status)
  })
})

test("how things stand is counted", async () => {
  const { get, storage } = await openPage()
  await storage.createTask({ ...call, name: "report" })
  const { taskId } = await storage.createTask({ ...call, name: "publish" })
  await storage.settleTask(taskId, { _tag: "Error", code: 1, message: "no" }, { failure: new RangeError("too far") })
  await storage.pauseTasks({ method: "tools/call", name: "publish" })
  await storage.registerWorker({ lease: 60_000 })
  expect(await jsonOf(await get("-/overview?span=15m"))).toMatchObject({
    stats: {
      byStatus: { working: { count: 1, oldest: expect.stringMatching(/Z$/) }, failed: { count: 1 } },
      byName: [{ name: "publish" }, { name: "report" }],
      failures: [{ name: "publish", reason: "RangeError", count: 1 }],
      workers: { live: 1 },
      paused: [{ method: "tools/call", name: "publish", pausedAt: expect.stringMatching(/Z$/) }]
    },
    history: {
      points: expect.objectContaining({ length: 60, 59: expect.objectContaining({ running: 1, failed: 1 }) }),
      durations: [{ name: "publish", count: 1, failed: 1 }],
      examined: 2,
      partial: false
    }
  })
})

test("tasks are found by the ends of their ids", async () => {
  const { get, storage } = await openPage()
  for (const taskId of ["one-abc", "two-abc", "abc-three"]) await storage.createTask({ ...call, taskId })
  expect(await jsonOf(await get("-/find?ending=e-abc"))).toEqual({ ids: ["one-abc"] })
  expect(await jsonOf(await get("-/find?ending=abc"))).toEqual({ ids: ["one-abc", "two-abc"] })
  expect(await jsonOf(await get("-/find?ending=zzz"))).toEqual({ ids: [] })
})

describe("changes", () => {
  test("of what is paused", async () => {
    const { post, storage } = await openPage()
    const pause = (body: object) => post("-/pause", { method: "tools/call", pause: true, ...body })
    for (const body of [{}, { name: "report" }, { name: null }]) expect((await pause(body)).status).toBe(200)
    expect((await storage.pausedTasks()).map(({ name }) => name)).toEqual(
      expect.arrayContaining([undefined, "report", null])
    )
    for (const body of [{}, { name: "report" }, { name: null }]) await pause({ ...body, pause: false })
    expect(await storage.pausedTasks()).toEqual([])
  })

  test("of one task", async () => {
    const { post, storage } = await openPage()
    await storage.createTask({ ...call, taskId: "one" })
    expect(await errorOf(await post("-/change", { action: "rerun", taskId: "one" }))).toBe("TaskNotEnded")
    expect((await post("-/change", { action: "cancel", taskId: "one" })).status).toBe(200)
    expect(await errorOf(await post("-/change", { action: "cancel", taskId: "one" }))).toBe("TerminalState")
    const { rerunAs } = await jsonOf(await post("-/change", { action: "rerun", taskId: "one" }))
    expect(await storage.getTask(rerunAs)).toMatchObject({ rerunOf: "one", status: "working" })
    expect(await errorOf(await post("-/change", { action: "rerun", taskId: "one" }))).toBe("TaskAlreadyRerun")
    expect((await post("-/change", { action: "rerun", taskId: "one", again: true, steps: true })).status).toBe(200)
    expect((await post("-/change", { action: "delete", taskId: "one" })).status).toBe(200)
    expect(await errorOf(await post("-/change", { action: "delete", taskId: "one" }))).toBe("TaskNotFound")
  })

  test("of all tasks of a filter, counted first by the same path", async () => {
    const { post, storage } = await openPage()
    for (let count = 0; count < 30; count++) {
      const { taskId } = await storage.createTask({ ...call, name: count % 2 === 0 ? "report" : "publish" })
      if (count < 20) await storage.settleTask(taskId, { _tag: "Error", code: 1, message: "no" })
    }
    const rerun = { action: "rerun", filter: "name=report" }
    expect(await jsonOf(await post("-/change-all", { ...rerun, dryRun: true }))).toEqual({
      done: 10,
      skipped: 5,
      failed: 0
    })
    expect(await storage.taskCount()).toBe(30)
    expect(await jsonOf(await post("-/change-all", rerun))).toEqual({ done: 10, skipped: 5, failed: 0 })
    expect(await jsonOf(await post("-/change-all", rerun))).toMatchObject({ done: 0, failed: 0 })
    const cancel = { action: "cancel", filter: "status=working&name=publish" }
    expect(await jsonOf(await post("-/change-all", cancel))).toEqual({ done: 5, skipped: 0, failed: 0 })
    expect(await errorOf(await post("-/change-all", { action: "delete", filter: "" }))).toBe("InvalidInput")
    expect(await errorOf(await post("-/change-all", { ...cancel, all: true }))).toBe("InvalidInput")
    expect(await storage.taskCount()).toBe(40)
    expect(await jsonOf(await post("-/change-all", { action: "delete", filter: "", all: true }))).toMatchObject({
      done: 40
    })
    expect(await storage.taskCount()).toBe(0)
  })

  const bodies: ReadonlyArray<readonly [string, unknown, number]> = [
    ["-/change", undefined, 400],
    ["-/change", "cancel", 400],
    ["-/change", { action: "drop", taskId: "one" }, 400],
    ["-/change", { action: "cancel" }, 400],
    ["-/change", { action: "cancel", taskId: 1 }, 400],
    ["-/change", { action: "cancel", taskId: "one", force: true }, 400],
    ["-/change", { action: "cancel", taskId: "x".repeat(70_000) }, 413],
    ["-/change", { action: "cancel", taskId: "" }, 400],
    ["-/change-all", { action: "cancel" }, 400],
    ["-/change-all", { action: "cancel", filter: "status=working", cursor: "nonsense" }, 400],
    ["-/pause", { method: "tools/call" }, 400],
    ["-/pause", { method: "tools/call", name: "", pause: true }, 400],
    ["-/pause", { method: "tools/call", names: ["report"], pause: true }, 400],
    ["-/nothing", { action: "cancel", taskId: "one" }, 404],
    ["-/tasks", {}, 404],
    ["-/constructor", {}, 404],
    ["", {}, 405]
  ]

  test.each(bodies)("%s with the body %o is refused", async (path, body, status) => {
    const { post, storage } = await openPage()
    await storage.createTask({ ...call, taskId: "one" })
    expect((await post(path, body)).status).toBe(status)
    expect(await storage.getTask("one")).toMatchObject({ status: "working" })
  })

  test("by another method are refused", async () => {
    const { dashboard } = await openPage()
    for (const method of ["PUT", "DELETE", "PATCH"]) {
      for (const path of ["", "-/tasks", "-/change"]) {
        const response = await dashboard(new Request(`http://localhost/tasks/${path}`, { method, headers: ownHeaders }))
        expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"])
      }
    }
  })

  test("HEAD answers as GET does, without a body", async () => {
    const { dashboard } = await openPage()
    for (const path of ["", "-/tasks"]) {
      const response = await dashboard(new Request(`http://localhost/tasks/${path}`, { method: "HEAD" }))
      expect([response.status, await response.text()]).toEqual([200, ""])
    }
  })
})

test("a storage that is closed is told of", async () => {
  const storage = await openTaskStorage("memory:")
  const dashboard = makeDashboard(storage)
  await storage.close()
  const response = await dashboard(new Request("http://localhost/-/tasks"))
  expect([response.status, await errorOf(response)]).toEqual([503, "TaskStorageUnavailable"])
  expect(response.headers.get("retry-after")).toBe("5")
})
