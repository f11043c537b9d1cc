/** An engine that answers what it is asked, and lets nobody write: a locked file, a replica, a table without write capacity. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import { type TaskDriver, TaskDriverError } from "../../src/domain/driver/TaskDriver.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import * as MemoryTaskStorage from "../../src/layers/MemoryTaskStorage.ts"
import { makeTaskRunner } from "../../src/runner/index.ts"

const lease = 3_000

/** Milliseconds from step to step of the clock. */
const step = 50

const pass = (millis: number) =>
  Effect.forEach(Array.from({ length: Math.round(millis / step) }), () => TestClock.adjust(step), { discard: true })

const refused = Effect.fail(new TaskDriverError({ reason: "read-only", retryable: true, applied: "no" }))

it.effect.each([0.8, 1.7, 1.8, 2, 3])(
  "for %d leases lets no process take from the others",
  (leases) =>
    Effect.gen(function*() {
      const store = yield* MemoryTaskStorage.makeStore
      let begun = 0
      const open = (recovery: number) =>
        Effect.gen(function*() {
          const driver = MemoryTaskStorage.makeDriver(store)
          const { workers } = driver
          const lock = { isLocked: false }
          const lockable: TaskDriver = {
            ...driver,
            workers: {
              ...workers,
              renew: (...args) => Effect.suspend(() => lock.isLocked ? refused : workers.renew(...args)),
              // There is something to write only if a lease has run out.
              declareDead: (query) =>
                Effect.suspend(() =>
                  lock.isLocked
                    ? Effect.flatMap(workers.list({ behind: undefined, limit: 10 }), (listed) =>
                      listed.some(({ worker }) => worker.leaseExpiresAt <= query.expiredBy)
                        ? refused
                        : Effect.succeed([]))
                    : workers.declareDead(query)
                )
            }
          }
          const storage = yield* TaskStorage.fromDriver(lockable, { maintenance: false })
          const runner = yield* makeTaskRunner({ lease, shutdownTimeout: 0, recovery: { interval: recovery } }).pipe(
            Effect.provideService(TaskStorage, storage)
          )
          yield* runner.register({
            method: "works",
            run: () =>
              Effect.suspend(() => {
                begun++
                return Effect.as(Effect.sleep(15 * lease), "done")
              })
          })
          return { lock, runner, storage }
        })
      // None of them renews when another does.
      const all: Array<Effect.Success<ReturnType<typeof open>>> = []
      const taskIds: Array<string> = []
      for (const recovery of [50, 150, 500, 2 * lease]) {
        const one = yield* open(recovery)
        all.push(one)
        taskIds.push((yield* one.runner.startTask({ originalMethod: "works" })).taskId)
        yield* pass(250)
      }
      yield* pass(2 * lease)
      for (const { lock } of all) lock.isLocked = true
      yield* pass(leases * lease)
      // The one that looks most often can write again first.
      for (const { lock } of all) {
        lock.isLocked = false
        yield* pass(lease / 20)
      }
      yield* pass(15 * lease)
      for (const [index, { storage }] of all.entries()) {
        const { attempt, status } = yield* storage.awaitTask(taskIds[index] ?? "")
        assert.deepStrictEqual({ attempt, status }, { attempt: 1, status: "completed" })
      }
      assert.strictEqual(begun, taskIds.length)
    }).pipe(Effect.provide(Logger.layer([])))
)
