/** What is counted and timed of operations. */
import { assert, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { type TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { fromDriver } from "../../../src/domain/fromDriver.ts"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { TimeOperations } from "../../../src/domain/telemetry/StorageMetrics.ts"
import { makeDriver, makeStore } from "../../../src/layers/MemoryTaskStorage.ts"

const call = { originalMethod: "tools/call" } as const
const success = { _tag: "Success", value: 1 } as const

const open = (change: (driver: TaskDriver) => Partial<TaskDriver> = () => ({})) =>
  Effect.flatMap(makeStore, (store) => {
    const driver = makeDriver(store)
    return fromDriver({ ...driver, ...change(driver) }, { maintenance: false })
  })

const away = Effect.fail(new TaskDriverError({ reason: "away", retryable: true, applied: "no" }))

/** The labels and values of a metric, in a registry of its own. */
const measured = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>) => {
  const registry: Metric.MetricRegistry = new Map()
  return Effect.andThen(
    Effect.provideService(effect, Metric.MetricRegistry, registry),
    Effect.sync(() =>
      Metric.snapshotUnsafe(Context.make(Metric.MetricRegistry, registry))
        .filter(({ id }) => id === name)
        .map(({ attributes, state }) => {
          const { operation, retryable } = attributes ?? {}
          return {
            operation,
            ...(retryable === undefined ? {} : { retryable }),
            count: "count" in state ? state.count : 0
          }
        })
    )
  )
}

it.effect("what the engine fails is counted by operation, whichever way it reaches the engine", () =>
  Effect.gen(function*() {
    const working = yield* open()
    const { taskId } = yield* working.createTask(call)
    const storage = yield* open(() => ({ find: () => away, insert: () => away, patch: () => away, count: () => away }))
    const failing: ReadonlyArray<Effect.Effect<unknown, TaskStorageError>> = [
      storage.createTask(call),
      storage.getTask(taskId),
      storage.getTask(taskId),
      storage.settleTask(taskId, success),
      storage.requireInput(taskId, { sure: { method: "elicitation/create" } }),
      storage.rerunTask(taskId),
      storage.taskCount()
    ]
    const errors = yield* measured(
      "mcp_tasks_storage_errors",
      Effect.forEach(failing, (call) => Effect.flip(Effect.asVoid(call)))
    )
    assert.sameDeepMembers(errors, [
      { operation: "createTask", retryable: "true", count: 1 },
      { operation: "getTask", retryable: "true", count: 2 },
      { operation: "settleTask", retryable: "true", count: 1 },
      { operation: "requireInput", retryable: "true", count: 1 },
      { operation: "rerunTask", retryable: "true", count: 1 },
      { operation: "taskCount", retryable: "true", count: 1 }
    ])
  }))

it.effect("a row that cannot be read counts as what is not retryable, and a refusal does not count", () =>
  Effect.gen(function*() {
    const storage = yield* open(({ find }) => ({
      find: (...args) =>
        Effect.map(
          find(...args),
          (task) => task === undefined ? undefined : { ...task, meta: StoredJson.fromText("{ no JSON") }
        )
    }))
    const { taskId } = yield* storage.createTask(call)
    const calls = Effect.all([
      Effect.flip(Effect.flatMap(storage.getTask(taskId), Effect.fromOption)),
      Effect.flip(storage.settleTask("nobody", success))
    ])
    assert.deepEqual(yield* measured("mcp_tasks_storage_errors", calls), [
      { operation: "getTask", retryable: "false", count: 1 }
    ])
  }))

it.effect("operations are timed only if somebody asks for it", () =>
  Effect.gen(function*() {
    const storage = yield* open()
    const calls = Effect.flatMap(
      storage.createTask(call),
      ({ taskId }) =>
        Effect.all([storage.getTask(taskId), storage.getTask(taskId), Effect.flip(storage.getTaskResult("nobody"))])
    )
    assert.deepEqual(yield* measured("mcp_tasks_storage_duration", calls), [])
    const timed = Effect.provideService(calls, TimeOperations, true)
    assert.sameDeepMembers(yield* measured("mcp_tasks_storage_duration", timed), [
      { operation: "createTask", count: 1 },
      { operation: "getTask", count: 2 },
      { operation: "getTaskResult", count: 1 }
    ])
  }))
