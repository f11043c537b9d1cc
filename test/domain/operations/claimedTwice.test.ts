/** That a claim answers with the task as it is, though somebody released it between two rounds and it was claimed again. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TaskStorage } from "mcp-task-storage"
import { makeDriver, makeStore } from "mcp-task-storage/memory"

it.effect("a task that one call claims twice has the attempt that holds", () =>
  Effect.scoped(Effect.gen(function*() {
    const good = makeDriver(yield* makeStore)
    const release = good.workers.release({ workerId: undefined, leaseExpiresAt: 0, limit: 10 })
    const storage = yield* TaskStorage.fromDriver(
      { ...good, take: (query, patch) => Effect.tap(good.take?.(query, patch) ?? Effect.succeed([]), () => release) },
      { maintenance: false }
    )
    const { workerId: worker } = yield* storage.registerWorker({ lease: 10 })
    yield* good.workers.end(worker, 0)
    yield* storage.createTask({ taskId: "one", originalMethod: "tools/call", lease: 0 })
    const [claimed] = yield* storage.claimTasks({ worker })
    const stored = yield* storage.getTask("one")
    expect(claimed?.record.attempt).toBe(2)
    expect(stored).toMatchObject({ value: { attempt: 2 } })
  })))
