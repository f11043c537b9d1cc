/** That a storage works again, by itself. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { bounded } from "./bounded.ts"

/** More than a pool has connections, so that each of them is used. */
const callers = 16

/** Waits until many callers at a time all get the right answers, and until a write of someone else wakes a waiter. */
export const requireRecovered = Effect.fnUntraced(function*(storage: TaskStorageShape, onlooker: TaskStorageShape) {
  const work = Effect.forEach(
    Array.from({ length: callers }),
    () =>
      Effect.gen(function*() {
        const { taskId } = yield* storage.createTask({ originalMethod: "tools/call" })
        yield* storage.settleTask(taskId, { _tag: "Success", value: taskId })
        return yield* storage.awaitTask(taskId)
      }),
    { concurrency: "unbounded", discard: true }
  )
  const worksAgain: typeof work = Effect.catchTag(
    work,
    "TaskStorageUnavailable",
    () => Effect.andThen(realSleep(100), worksAgain)
  )
  yield* bounded("recovering", worksAgain)

  const { taskId } = yield* onlooker.createTask({ originalMethod: "tools/call" })
  const waiter = yield* Effect.forkChild(storage.awaitTask(taskId))
  yield* realSleep(50)
  yield* onlooker.settleTask(taskId, { _tag: "Success", value: taskId })
  yield* bounded("waiting for a write of someone else", Fiber.join(waiter))
})
