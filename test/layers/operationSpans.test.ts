/** That the span of each operation names the engine and the operation, as OpenTelemetry's conventions call them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { traceSpans } from "../../src/domain/telemetry/TraceNames.ts"
import * as MemoryTaskStorage from "../../src/layers/MemoryTaskStorage.ts"
import { openStore, stores } from "../admin/cli/stores.ts"
import { MemoryTracer } from "../support/MemoryTracer.ts"

const names = { sqlite: "sqlite", postgres: "postgresql", dynamodb: "aws.dynamodb" }

/** With keys there are all operations. */
const encryption = { current: "k1", keys: { k1: new Uint8Array(32) } }

/** One operation of each file that makes some. */
const useAll = Effect.fnUntraced(function*(storage: TaskStorage["Service"]) {
  const { taskId } = yield* storage.createTask({ originalMethod: "tools/call", lease: 0 })
  yield* storage.getTask(taskId)
  yield* storage.getTaskSummary(taskId)
  yield* storage.forSession(null).getTask(taskId)
  yield* storage.touchTask(taskId)
  yield* storage.listTasks()
  yield* storage.listTaskSummaries({ resultKind: "error" })
  yield* storage.messages.dequeue("queue")
  yield* storage.listWorkers()
  yield* storage.pausedTasks()
  yield* storage.taskStats()
  yield* storage.claimableTasks()
  yield* storage.recoverStuckTasks("1 hour")
  yield* storage.expireTasks()
  yield* storage.settleTask(taskId, { _tag: "Success", value: 1 })
  yield* storage.rerunTask(taskId)
  yield* Stream.runDrain(storage.reencryptTasks())
  yield* storage.inspectStore()
  yield* Effect.flip(storage.getTaskResult("nowhere"))
})

const requireNamed = Effect.fnUntraced(function*(storage: TaskStorage["Service"], system: string) {
  const tracer = new MemoryTracer()
  yield* tracer.provide(Effect.withSpan(useAll(storage), "caller"))
  const spans = tracer.spans.filter(({ name }) => name.startsWith("TaskStorage."))
  assert.isAbove(new Set(spans.map(({ name }) => name)).size, 16)
  const listed = new Set<string>(traceSpans.operation.attributes)
  for (const { attributes, name } of spans) {
    assert.strictEqual(attributes.get("db.system.name"), system, name)
    assert.strictEqual(`TaskStorage.${String(attributes.get("db.operation.name"))}`, name)
    for (const key of attributes.keys()) assert.isTrue(listed.has(key), key)
  }
})

describe("spans of operations name their engine", () => {
  it.live("memory", () =>
    Effect.gen(function*() {
      yield* requireNamed(yield* TaskStorage, "memory")
    }).pipe(Effect.provide(MemoryTaskStorage.layer({ encryption }))))

  for (const store of stores) {
    store.describe(store.name, () => {
      it.live("and their operation", () =>
        Effect.gen(function*() {
          const url = yield* store.freshUrl
          yield* requireNamed(yield* openStore(url, encryption), names[store.name])
        }))
    })
  }
})
