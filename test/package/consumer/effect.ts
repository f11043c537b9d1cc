/** A program of Effect that needs nothing but the package and `effect`. */
import { Effect, Layer, Schema, Stream } from "effect"
import { McpProtocol, Tool, Toolkit } from "effect/ai"
import { type TaskNotFound, TaskStorage } from "mcp-task-storage"
import { TaskAdmin } from "mcp-task-storage/admin"
import { layerDashboard } from "mcp-task-storage/dashboard"
import type { TaskDriver } from "mcp-task-storage/driver"
import { sealDriver } from "mcp-task-storage/encryption"
import * as McpTasks from "mcp-task-storage/mcp"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { TaskContext, TaskRunner } from "mcp-task-storage/runner"
import * as Runner from "mcp-task-storage/runner"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"
import { contractSuite, fromDrivers, runCase } from "mcp-task-storage/testing"

export const storing = Effect.gen(function*() {
  const storage = yield* TaskStorage
  const { taskId } = yield* storage.createTask({ originalMethod: "tools/call", ttl: "1 day" })
  yield* storage.settleTask(taskId, { _tag: "Success", value: { content: [] } })
  const record = yield* storage.awaitTask(taskId)
  // @ts-expect-error: A status is none of this name.
  if (record.status === "finished") yield* Effect.log(record.taskId)
  return record.toDetailedTask()
})

export const missing = (taskId: string) =>
  Effect.flatMap(TaskStorage, (storage) => storage.awaitTask(taskId)).pipe(
    Effect.catchTag("TaskNotFound", (error: TaskNotFound) => Effect.succeed(error.taskId))
  )

export const running = Effect.gen(function*() {
  const runner = yield* TaskRunner
  yield* runner.register({
    method: "tools/call",
    name: "report",
    lostWorker: { maxAttempts: 3 },
    run: Effect.fnUntraced(function*() {
      const { progress } = yield* TaskContext
      yield* progress("Reading")
      return { content: [] }
    })
  })
  // @ts-expect-error: A task has a method.
  return yield* runner.startTask({ originalParams: { name: "report" } })
}).pipe(Effect.provide(Runner.layer().pipe(Layer.provideMerge(SqliteTaskStorage.layer({ filename: "tasks.db" })))))

export const operating = Effect.gen(function*() {
  const admin = yield* TaskAdmin
  yield* admin.rerunTasks({ status: "failed", name: "report" }).pipe(
    Stream.runForEach(({ done, skipped }) => Effect.log(done + skipped))
  )
}).pipe(Effect.provide(Layer.provide(TaskAdmin.layer, MemoryTaskStorage.layer())))

const Report = Tool.make("report", { success: Schema.Struct({ text: Schema.String }) })
  .annotate(McpTasks.TaskSupport, "optional")

const Reports = Toolkit.make(Report)

export const server = McpTasks.layerHttp({
  name: "reports",
  version: "1.0.0",
  path: "/mcp",
  protocols: [McpProtocol.v2026_07_28, McpProtocol.v2025_11_25],
  registrations: McpTasks.toolkit(Reports).pipe(
    Layer.provide(Reports.toLayer({ report: () => Effect.succeed({ text: "All is well" }) }))
  ),
  owner: McpTasks.anonymous
})

// @ts-expect-error: It has to be said whose tasks are.
McpTasks.layerHttp({ name: "reports", version: "1.0.0", path: "/mcp", protocols: [McpProtocol.v2026_07_28] })

export const page = layerDashboard("/tasks", { authorize: () => "read" })

// @ts-expect-error: There is no such right.
export const wrongPage = layerDashboard("/tasks", { authorize: () => "all" })

export const sealed = (driver: TaskDriver) => sealDriver(driver, { current: "a", keys: { a: new Uint8Array(32) } })

const harness = fromDrivers({
  makeDrivers: Effect.map(MemoryTaskStorage.makeStore, (store) => ({
    first: MemoryTaskStorage.makeDriver(store),
    second: MemoryTaskStorage.makeDriver(store)
  }))
})

export const suite = contractSuite.flatMap(({ cases }) => cases.map((contract) => runCase(harness, contract)))
