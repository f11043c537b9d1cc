import { describe, expect, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { TaskRecord } from "../../../src/domain/task/TaskRecord.ts"

const at = DateTime.makeUnsafe(1767323045678)

const record = (fields: Partial<typeof TaskRecord.Type> = {}) =>
  new TaskRecord({
    taskId: Schema.decodeSync(TaskRecord.fields.taskId)("t"),
    status: "working",
    createdAt: at,
    lastUpdatedAt: at,
    ttl: null,
    originalMethod: "tools/call",
    revision: 1,
    ...fields
  })

const success = { _tag: "Success", value: { content: [] } } as const
const toolError = { _tag: "Success", value: { isError: true, content: [] } } as const
const failure = { _tag: "Error", code: -32000, message: "no", data: [1] } as const

describe("TaskRecord", () => {
  it("encodes to plain JSON with ISO timestamps of milliseconds, and back", () => {
    const encoded = Schema.encodeSync(TaskRecord)(record({ result: failure, meta: { a: 1 }, inputRequests: {} }))
    expect(encoded).toEqual({
      taskId: "t",
      status: "working",
      createdAt: "2026-01-02T03:04:05.678Z",
      lastUpdatedAt: "2026-01-02T03:04:05.678Z",
      ttl: null,
      originalMethod: "tools/call",
      revision: 1,
      result: failure,
      meta: { a: 1 },
      inputRequests: {}
    })
    expect(Schema.encodeSync(TaskRecord)(Schema.decodeSync(TaskRecord)(encoded))).toEqual(encoded)
  })
})

describe("the Task of 2025-11-25", () => {
  it("has exactly its fields, absent ones left out", () => {
    expect(record().toTask20251125()).toStrictEqual({
      taskId: "t",
      status: "working",
      createdAt: "2026-01-02T03:04:05.678Z",
      lastUpdatedAt: "2026-01-02T03:04:05.678Z",
      ttl: null
    })
    expect(record({ statusMessage: "half", pollInterval: 500, ttl: 60_000 }).toTask20251125()).toMatchObject({
      statusMessage: "half",
      pollInterval: 500,
      ttl: 60_000
    })
  })

  it("shows a tool error as failed", () => {
    const status = (fields: Parameters<typeof record>[0]) => record(fields).toTask20251125().status
    expect(status({ status: "completed", resultKind: "success" })).toBe("completed")
    expect(status({ status: "completed", resultKind: "tool_error" })).toBe("failed")
    expect(status({ status: "completed" })).toBe("completed")
    expect(status({ status: "cancelled", resultKind: "tool_error" })).toBe("cancelled")
    expect(status({ status: "working", resultKind: "tool_error" })).toBe("working")
  })
})

describe("the DetailedTask of 2026-07-28", () => {
  const detailed = (fields: Parameters<typeof record>[0]) => record(fields).toDetailedTask()

  it("names its durations in milliseconds", () => {
    expect(detailed({ ttl: 1, pollInterval: 2 })).toStrictEqual({
      taskId: "t",
      status: "working",
      createdAt: "2026-01-02T03:04:05.678Z",
      lastUpdatedAt: "2026-01-02T03:04:05.678Z",
      ttlMs: 1,
      pollIntervalMs: 2
    })
  })

  it("shows any result as completed, and only a JSON-RPC error as failed", () => {
    expect(detailed({ status: "completed", result: success })).toMatchObject({
      status: "completed",
      result: success.value
    })
    expect(detailed({ status: "completed", result: toolError })).toMatchObject({
      status: "completed",
      result: toolError.value
    })
    expect(detailed({ status: "failed", result: toolError })).toMatchObject({
      status: "completed",
      result: toolError.value
    })
    const { _tag, ...error } = failure
    expect(detailed({ status: "failed", result: failure })).toMatchObject({ status: "failed", error })
    expect(detailed({ status: "completed", result: failure })).toMatchObject({ status: "failed", error })
  })

  it("shows what is asked for, and nothing else, while input is required", () => {
    expect(detailed({ status: "input_required", inputRequests: { a: 1 } })).toMatchObject({ inputRequests: { a: 1 } })
    expect(detailed({ status: "input_required" })).toMatchObject({ inputRequests: {} })
    expect(detailed({ status: "working", inputRequests: { a: 1 } })).not.toHaveProperty("inputRequests")
  })

  it("answers for a task that ended without an outcome", () => {
    expect(detailed({ status: "completed" })).toMatchObject({ status: "failed", error: { code: -32603 } })
    expect(detailed({ status: "failed", statusMessage: "worker died" })).toMatchObject({
      error: { code: -32603, message: "Task failed without a result: worker died" }
    })
    expect(detailed({ status: "cancelled" })).not.toHaveProperty("error")
  })
})

describe("the final outcome", () => {
  it("is there for every ended task and for no other", () => {
    expect(record().toFinalOutcome()).toBeUndefined()
    expect(record({ status: "input_required", result: success }).toFinalOutcome()).toBeUndefined()
    expect(record({ status: "completed", result: success }).toFinalOutcome()).toEqual(success)
    expect(record({ status: "cancelled", statusMessage: "50 % done" }).toFinalOutcome()).toEqual({
      _tag: "Error",
      code: -32603,
      message: "Task cancelled without a result: 50 % done"
    })
  })
})
