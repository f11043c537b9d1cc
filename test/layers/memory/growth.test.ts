/** That a look costs the same however much is held, waits, is of other kinds, or is more than a session may have. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeDriver, makeStore } from "mcp-task-storage/memory"
import type { FreeQuery, TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { heldByWorker, type StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { unlimited } from "../sqlite/database.ts"
import { storedTask, text } from "../storedTask.ts"

/** Counts how often anybody looks at a task. */
class Looks {
  count = 0

  at(task: StoredTask): StoredTask {
    const count = () => this.count++
    return {
      ...task,
      get leaseExpiresAt() {
        count()
        return task.leaseExpiresAt
      },
      get originalMethod() {
        count()
        return task.originalMethod
      }
    }
  }
}

/** What a store has much of. */
const crowds: { readonly [name: string]: Partial<StoredTask> } = {
  "tasks that wait for their time": { leaseExpiresAt: 1_000, dueAt: 1_000 },
  "tasks under leases": { leaseExpiresAt: 1_000, attempt: 1 },
  "tasks of living workers": { leaseExpiresAt: heldByWorker, worker: "lives", attempt: 1 },
  "tasks of living workers that ask": { leaseExpiresAt: heldByWorker, worker: "lives", status: "input_required" },
  "tasks that nobody may claim": { leaseExpiresAt: null },
  "free tasks of another kind": { leaseExpiresAt: 0, originalMethod: text("prompts/get") },
  "free tasks of one session": { leaseExpiresAt: 0, sessionId: "0" },
  "free tasks of a session that is left out": { leaseExpiresAt: 0, sessionId: "except" },
  "tasks that ended": { leaseExpiresAt: null, status: "completed", worker: "lives" }
}

const time = { freeBy: 100, now: 0 }
const query: FreeQuery = {
  ...time,
  kind: { originalMethod: text("tools/call"), name: null },
  behind: undefined,
  except: ["except"],
  perSession: 2,
  limit: 10
}

const looks: { readonly [name: string]: (driver: TaskDriver) => Effect.Effect<unknown, TaskDriverError> } = {
  free: ({ free }) => free(query),
  freeKinds: ({ freeKinds }) => freeKinds({ ...time, limit: 10 }),
  take: ({ take }) => take === undefined ? Effect.void : take(query, { lastUpdatedAt: 1, leaseExpiresAt: 2_000 }),
  abandoned: ({ abandoned }) => abandoned({ expiredBy: 100, now: 0, limit: 10 }),
  release: ({ workers }) => workers.release({ workerId: undefined, leaseExpiresAt: 100, limit: 10 }),
  takeNews: ({ workers }) => workers.takeNews("lives"),
  list: ({ workers }) => workers.list({ behind: undefined, limit: 10 }),
  declareDead: ({ workers }) => workers.declareDead({ expiredBy: 50, at: 50, except: undefined, limit: 10 })
}

const looksAmong = (
  look: (driver: TaskDriver) => Effect.Effect<unknown, TaskDriverError>,
  crowd: Partial<StoredTask>,
  size: number
) =>
  Effect.gen(function*() {
    const driver = makeDriver(yield* makeStore)
    const counted = new Looks()
    const insert = (taskId: string, fields: Partial<StoredTask>) =>
      driver.insert(counted.at(storedTask(taskId, fields)), unlimited, 0)
    const worker = { registeredAt: 0, leaseExpiresAt: 99, diedAt: null, about: text("{}") }
    yield* driver.workers.insert({ ...worker, workerId: "lives" })
    for (const session of ["a", "b", "c"]) {
      for (let index = 0; index < 3; index++) {
        yield* insert(`${session}${index}`, { leaseExpiresAt: 0, sessionId: session })
      }
    }
    for (let index = 0; index < size; index++) {
      yield* insert(`crowd ${index}`, { sessionId: `crowd ${index}`, ...crowd })
    }
    // The first looks make the indexes.
    yield* driver.freeKinds({ ...time, limit: 10 })
    yield* driver.abandoned({ expiredBy: 100, now: 0, limit: 10 })
    counted.count = 0
    yield* look(driver)
    return counted.count
  })

describe.each(Object.entries(looks))("%s", (_, look) => {
  it.effect.each(Object.entries(crowds))("costs the same among many %s", ([, crowd]) =>
    Effect.gen(function*() {
      const few = yield* looksAmong(look, crowd, 100)
      const many = yield* looksAmong(look, crowd, 2_000)
      // A deeper tree takes some more comparisons for each place that is looked up.
      expect(many).toBeLessThanOrEqual(few * 2 + 10)
    }))
})
