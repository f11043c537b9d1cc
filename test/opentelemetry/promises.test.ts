/** What users of promises see in the SDK of OpenTelemetry that their program has set up. */
import { context, trace, TraceFlags } from "@opentelemetry/api"
import { openTelemetry } from "mcp-task-storage/opentelemetry"
import { openTaskRunner, openTaskStorage } from "mcp-task-storage/promise"
import { openSdkTasks, openSdkTaskStore } from "mcp-task-storage/sdk"
import { anonymous, TasksExtension } from "mcp-task-storage/sdk-v2"
import { beforeAll, beforeEach, describe, expect, test } from "vitest"
import { until } from "../support/until.ts"
import { collected, endedSpans, forgetSpans, spanOf, startSdk, tracer } from "./memory.ts"

beforeAll(startSdk)
beforeEach(forgetSpans)

const telemetry = openTelemetry()
const caller = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" }
const call = { originalMethod: "tools/call", originalParams: { name: "report" } }

const quiet = () => undefined
const silent = { debug: quiet, info: quiet, warn: quiet, error: quiet }

const within = <A>(name: string, run: () => Promise<A>): Promise<A> =>
  tracer.startActiveSpan(name, async (span) => {
    try {
      return await run()
    } finally {
      span.end()
    }
  })

describe.each(["memory:", "sqlite::memory:"])("%s", (url) => {
  test("a call is a child of the span that it is made in, and makes no span outside of one", async () => {
    await using storage = await openTaskStorage(url, { telemetry, maintenance: false })
    const { taskId } = await storage.createTask(call)
    await storage.getTask(taskId)
    expect(endedSpans()).toEqual([])
    await within("request", async () => {
      await storage.getTask(taskId)
      await storage.updateTaskStatus(taskId, "cancelled")
    })
    const request = await spanOf("request")
    for (const name of ["TaskStorage.getTask", "TaskStorage.updateTaskStatus"]) {
      const span = await spanOf(name)
      expect(span.parentSpanContext?.spanId).toBe(request.spanContext().spanId)
      expect(span.attributes).toMatchObject({ "mcp.task.id": taskId })
    }
  })

  test("the span of the run is the active one in its handler, and steps are children of what they are made in", async () => {
    await using runner = await openTaskRunner(url, { telemetry, maintenance: false })
    let active: string | undefined
    const { taskId } = await runner.startTask(call, async (_, { progress, step }) => {
      active = trace.getActiveSpan()?.spanContext().spanId
      await progress("Reading")
      return within("query", () => step("read", () => within("inner", async () => ({ content: [] }))))
    })
    await runner.storage.awaitTask(taskId)
    const query = await spanOf("query")
    expect(query.parentSpanContext?.spanId).toBe(active)
    expect(active).toBeDefined()
    const names = new Map(endedSpans().map((span) => [span.spanContext().spanId, span]))
    const above = (name: string) => {
      const found: Array<string> = []
      let span = endedSpans().find((span) => span.name === name)
      while (span !== undefined) {
        span = names.get(span.parentSpanContext?.spanId ?? "")
        if (span !== undefined) found.push(span.name)
      }
      return found
    }
    expect(above("inner")).toContain("query")
    expect(query.spanContext().traceId).toBe((await spanOf("inner")).spanContext().traceId)
  })
})

test("a task that is started in a span continues its trace, and says what failed without what it was", async () => {
  await using runner = await openTaskRunner("sqlite::memory:", { telemetry, maintenance: false, onError: quiet })
  const { taskId } = await within("request", () =>
    runner.startTask(call, async (_, { step }) => {
      await step("read", async () => {
        throw new TypeError("PAYLOAD")
      })
    }))
  await runner.storage.awaitTask(taskId)
  const run = await spanOf("tools/call")
  expect(run.spanContext().traceId).toBe((await spanOf("request")).spanContext().traceId)
  expect(run.attributes).toMatchObject({ "mcp.task.id": taskId, "mcp.task.status": "failed", "error.type": "-32603" })
  expect((await spanOf("TaskContext.step")).attributes).toMatchObject({ "error.type": "TypeError" })
  const told = endedSpans().map(({ attributes, events, name, status }) => ({ attributes, events, name, status }))
  expect(JSON.stringify(told)).not.toContain("PAYLOAD")
})

test("the decision of a caller who does not sample is kept", async () => {
  await using runner = await openTaskRunner("sqlite::memory:", { telemetry, maintenance: false })
  const unsampled = trace.setSpanContext(context.active(), { ...caller, traceFlags: TraceFlags.NONE })
  const { taskId } = await context.with(
    unsampled,
    () => runner.startTask(call, (_, { step }) => step("read", () => within("query", async () => 1)))
  )
  await runner.storage.awaitTask(taskId)
  await runner.close()
  expect(endedSpans().map(({ name }) => name)).toEqual([])
})

test("what is idle makes no spans", async () => {
  const recovery = { interval: "20 millis" } as const
  await using runner = await openTaskRunner("sqlite::memory:", {
    telemetry,
    recovery,
    lease: "300 millis",
    maintenance: { interval: "50 millis" }
  })
  runner.register({ method: "tools/call", run: async () => ({ content: [] }) })
  await runner.storage.createTask({ originalMethod: "unknown", lease: 0 })
  const operations = async () =>
    (await collected("mcp_tasks_storage_duration"))?.dataPoints.flatMap(({ attributes }) => attributes["operation"])
  const background = ["claimTasks", "renewWorker", "maintenance"]
  await until(async () => {
    const seen = await operations()
    return background.every((operation) => seen?.includes(operation))
  })
  expect(endedSpans().map(({ name }) => name)).toEqual([])
})

test("what is opened in a span is no part of it", async () => {
  const runner = await within("start", () => openTaskRunner("sqlite::memory:", { telemetry, recovery: "50 millis" }))
  try {
    runner.register({ method: "tools/call", run: async () => ({ content: [] }) })
    const { taskId } = await runner.storage.createTask({ ...call, lease: 0 })
    await runner.storage.awaitTask(taskId)
  } finally {
    await runner.close()
  }
  const start = (await spanOf("start")).spanContext().traceId
  expect(endedSpans().length).toBeGreaterThan(1)
  expect(endedSpans().filter((span) => span.spanContext().traceId === start).map(({ name }) => name)).toEqual(["start"])
})

test("metrics of all runners of a process are instruments of the global meter provider", async () => {
  const settled = async () => {
    const found = await collected("mcp_tasks_settled")
    const like = found?.dataPoints.find(({ attributes }) => attributes["name"] === "metered")
    return { found, value: like?.value, attributes: like?.attributes }
  }
  for (const _ of ["one", "two"]) {
    const runner = await openTaskRunner("memory:", { telemetry })
    runner.register({ method: "tools/call", name: "metered", run: async () => ({ content: [] }) })
    const started = await runner.startTask({ ...call, originalParams: { name: "metered" } })
    await runner.storage.awaitTask(started.taskId)
    await runner.close()
  }
  const { attributes, found, value } = await settled()
  expect(value).toBe(2)
  expect(found?.descriptor).toMatchObject({ type: "OBSERVABLE_COUNTER", description: expect.stringContaining("Tasks") })
  expect(attributes).toEqual({ method: "tools/call", name: "metered", result_kind: "success", status: "completed" })

  const duration = await collected("mcp_tasks_duration")
  const measured = duration?.dataPoints.find(({ attributes }) => attributes["name"] === "metered")
  expect(duration?.descriptor).toMatchObject({ type: "HISTOGRAM", unit: "ms" })
  expect(measured).toMatchObject({ attributes, value: { count: 2 } })
  // Those of the library, which go up to days.
  expect(JSON.stringify(measured?.value)).toContain("boundaries\":[0.5,1,2,4,")
  expect((await collected("mcp_tasks_running"))?.dataPoints).toMatchObject([{ attributes: {}, value: 0 }])
})

test("every function that opens something takes it, and refuses what is none", async () => {
  const other: object = { telemetry: { name: "mine" } }
  const refusal = { _tag: "InvalidInput", field: "telemetry" }
  await expect(openTaskStorage("memory:", other)).rejects.toMatchObject(refusal)
  await expect(openTaskRunner("memory:", other)).rejects.toMatchObject(refusal)
  await expect(openSdkTasks("memory:", other)).rejects.toMatchObject(refusal)
  await expect(openSdkTaskStore("memory:", other)).rejects.toMatchObject(refusal)
  const extension = new TasksExtension({ storage: "memory:", owner: anonymous, ...other, logger: silent })
  await expect(extension.ready()).rejects.toMatchObject(refusal)
  await (await openSdkTasks("memory:", { telemetry })).close()
  await (await openSdkTaskStore("memory:", { telemetry })).close()
  await new TasksExtension({ storage: "memory:", owner: anonymous, telemetry }).close()
})
