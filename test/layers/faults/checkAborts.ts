/** Promises that are aborted in the middle of what they do, on one connection. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import { setImmediate } from "node:timers/promises"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { openTaskStorage } from "../../../src/promise/openTaskStorage.ts"
import { yieldingDriver } from "../../../src/testing/linearizability/yieldingDriver.ts"
import { bounded } from "./bounded.ts"
import type { FaultStore } from "./FaultTarget.ts"

const reason = new Error("the caller went away")

/** Makes a call that is aborted after a while; tells whether it ended before that. */
const aborted = (call: (signal: AbortSignal) => Promise<unknown>, milliseconds: number) =>
  Effect.promise(async () => {
    const controller = new AbortController()
    const ended = call(controller.signal).then(() => true, (error: unknown) => {
      assert.strictEqual(error, reason)
      return false
    })
    const end = performance.now() + milliseconds
    while (performance.now() < end) await setImmediate()
    controller.abort(reason)
    return await ended
  })

/** Gives how many calls were aborted in time. */
export const checkAborts = Effect.fnUntraced(function*<E>(store: FaultStore<E>, tasks: number, patience: number) {
  // With turns between the primitives, also an engine that answers at once is left in the middle of a call.
  const driver = yieldingDriver(yield* store.openDriver({ connections: 1 }))
  const layer = Layer.effect(TaskStorage, TaskStorage.fromDriver(driver, { maintenance: false }))
  const storage = yield* Effect.acquireRelease(
    Effect.promise(() => openTaskStorage({ layer })),
    (storage) => Effect.promise(() => storage.close())
  )
  let count = 0
  const attempt = Effect.fnUntraced(function*(what: string, call: (signal: AbortSignal) => Promise<unknown>) {
    const milliseconds = yield* Random.nextBetween(0, patience)
    const ended = yield* bounded(what, aborted(call, milliseconds))
    count += ended ? 0 : 1
    return ended
  })
  const read = (taskId: string) => bounded(`getTask ${taskId}`, Effect.promise(() => storage.getTask(taskId)))

  for (let index = 0; index < tasks; index++) {
    const taskId = `task-${index}`
    const task = { originalMethod: "tools/call", taskId, meta: { index } }
    const outcome = { _tag: "Success", value: taskId } as const
    const isCreated = yield* attempt("createTask", (signal) => storage.createTask(task, { signal }))
    const created = yield* read(taskId)
    if (isCreated) assert.deepInclude(created, { ...task, revision: 1, status: "working" })
    if (created === undefined) continue
    const isAsked = yield* attempt(
      "requireInput",
      (signal) => storage.requireInput(taskId, { key: "asked" }, { signal })
    )
    const isSettled = yield* attempt("settleTask", (signal) => storage.settleTask(taskId, outcome, { signal }))
    const { inputRequests, result, status } = (yield* read(taskId)) ?? {}
    const isEnded = isSettled || status === "completed"
    const isWaiting = !isEnded && (isAsked || status === "input_required")
    assert.deepStrictEqual({ inputRequests, result, status }, {
      inputRequests: isWaiting ? { key: "asked" } : undefined,
      result: isEnded ? outcome : undefined,
      status: isEnded ? "completed" : isWaiting ? "input_required" : "working"
    })
    yield* attempt("awaitTask", (signal) => storage.awaitTask(taskId, { signal }))
    yield* attempt("listTasks", (signal) => storage.listTasks({ signal }))
    const isDeleted = yield* attempt("deleteTask", (signal) => storage.deleteTask(taskId, { signal }))
    if (isDeleted) assert.isUndefined(yield* read(taskId))
  }
  // The one connection is there for all of them.
  const others = Array.from({ length: 10 }, (_, index) => read(`nobody-${index}`))
  assert.deepStrictEqual(yield* Effect.all(others, { concurrency: "unbounded" }), others.map(() => undefined))
  return count
})
