/** What the service says and does when an engine fails. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { type PatchAnswer, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { broken, call, open, success } from "../quietMemory.ts"

describe("an engine that fails", () => {
  it.effect("gives each operation an error of its name, with what the driver said", () =>
    Effect.gen(function*() {
      const fail = () => Effect.fail(broken)
      const storage = yield* open((driver) => ({
        ...driver,
        insert: fail,
        find: fail,
        patch: fail,
        count: fail,
        page: fail
      }))
      const operations: { readonly [operation: string]: Effect.Effect<unknown, TaskStorageError> } = {
        createTask: storage.createTask(call),
        getTask: storage.getTask("a"),
        getTaskResult: storage.getTaskResult("a"),
        settleTask: storage.settleTask("a", success),
        provideInput: storage.provideInput("a", {}),
        listTasks: storage.listTasks(),
        taskCount: storage.taskCount(),
        awaitTask: storage.awaitTask("a")
      }
      for (const [operation, effect] of Object.entries(operations)) {
        expect(yield* Effect.flip(Effect.asVoid(effect))).toMatchObject({
          _tag: "TaskStorageUnavailable",
          operation,
          reason: "the disk is on fire",
          retryable: true,
          applied: "unknown",
          cause: "smoke",
          message: `${operation} failed: the disk is on fire.`
        })
      }
    }))

  it.effect("gives an error that quotes nothing for a row that cannot be decoded", () =>
    Effect.gen(function*() {
      const text = "{\"secret payload"
      const storage = yield* open((driver) => ({
        ...driver,
        find: (...args) =>
          Effect.map(driver.find(...args), (task) => task && { ...task, originalParams: StoredJson.fromText(text) })
      }))
      const { taskId } = yield* storage.createTask(call)
      const error = yield* Effect.flip(storage.getTask(taskId))
      expect(error).toMatchObject({ _tag: "TaskStorageUnavailable", retryable: false, applied: "no" })
      expect(JSON.stringify(error) + error.message + String(error.cause)).not.toContain("secret")
    }))

  it.effect("says that a write may have happened whose answer cannot be decoded", () =>
    Effect.gen(function*() {
      const malformed = StoredJson.fromText("{")
      const storage = yield* open((driver) => ({
        ...driver,
        find: (...args) => Effect.map(driver.find(...args), (task) => task && { ...task, originalParams: malformed }),
        patch: (...args) =>
          Effect.map(driver.patch(...args), (result) =>
            result._tag === "Patched"
              ? { ...result, task: { ...result.task, meta: malformed } }
              : result)
      }))
      const { taskId } = yield* storage.createTask(call)
      expect(yield* Effect.flip(storage.settleTask(taskId, success))).toMatchObject({ applied: "unknown" })
      const { taskId: other } = yield* storage.createTask(call)
      expect(yield* Effect.flip(storage.requireInput(other, { a: 1 }))).toMatchObject({ applied: "unknown" })
    }))

  it.effect("asks for no large part of a task that it writes over what it has read", () =>
    Effect.gen(function*() {
      const answers: Array<PatchAnswer | undefined> = []
      const storage = yield* open((driver) => ({
        ...driver,
        patch: (taskId, scope, guard, patch, answer) =>
          Effect.map(driver.patch(taskId, scope, guard, patch, answer), (result) => {
            answers.push(answer)
            return result._tag === "Patched" && answer === "summary"
              ? { ...result, task: { ...result.task, originalParams: null, steps: null } }
              : result
          })
      }))
      const { taskId } = yield* storage.createTask({ ...call, originalParams: { a: 1 } })
      yield* storage.storeTaskStep(taskId, "one", 1)
      const record = yield* storage.storeTaskStep(taskId, "two", 2)
      expect(record).toMatchObject({ revision: 3, originalParams: { a: 1 }, steps: { one: 1, two: 2 } })
      expect(answers).toEqual(["summary", "summary"])
    }))

  it.effect("merges nothing into a later task of the same id, not even one of the same millisecond", () =>
    Effect.gen(function*() {
      let replace: Effect.Effect<unknown, TaskStorageError> = Effect.void
      const storage = yield* open((driver) => ({
        ...driver,
        find: (...args) => Effect.tap(driver.find(...args), () => Effect.ignore(Effect.suspend(() => replace)))
      }))
      const { taskId } = yield* storage.createTask({ ...call, inputRequests: { a: 1 } })
      replace = Effect.suspend(() => {
        replace = Effect.void
        return Effect.andThen(storage.deleteTask(taskId), storage.createTask({ ...call, taskId }))
      })
      const { complete, record } = yield* storage.provideInput(taskId, { a: 1 })
      expect(complete).toBe(false)
      expect(record).toMatchObject({ revision: 1 })
      expect(record).not.toHaveProperty("inputResponses")
    }))

  it.effect("ends a merge that always loses with an error to try again after", () =>
    Effect.gen(function*() {
      const storage = yield* open((driver) => ({
        ...driver,
        patch: (taskId, scope) =>
          Effect.map(driver.find(taskId, scope), (task) => task ? { _tag: "Rejected", task } : { _tag: "Missing" })
      }))
      const { taskId } = yield* storage.createTask(call)
      expect(yield* Effect.flip(storage.requireInput(taskId, { a: 1 }))).toMatchObject({
        _tag: "TaskStorageUnavailable",
        operation: "requireInput",
        retryable: true,
        applied: "no"
      })
    }))
})

describe("a sweep that fails after it has done something", () => {
  it.effect("says that it may have", () =>
    Effect.gen(function*() {
      const refused = new TaskDriverError({ reason: "the disk is on fire", retryable: true, applied: "no" })
      /** Goes well so many times. */
      const failingAfter = (times: number) => {
        let calls = 0
        return <A>(effect: Effect.Effect<A, TaskDriverError>): Effect.Effect<A, TaskDriverError> =>
          Effect.suspend((): Effect.Effect<A, TaskDriverError> => calls++ < times ? effect : Effect.fail(refused))
      }
      for (const times of [0, 1]) {
        const fails = failingAfter(times)
        const recovering = yield* open((driver) => ({ ...driver, patch: (...args) => fails(driver.patch(...args)) }))
        for (const taskId of ["a", "b"]) yield* recovering.createTask({ ...call, taskId })
        yield* TestClock.adjust(1)
        expect(yield* Effect.flip(recovering.recoverStuckTasks(0))).toMatchObject({
          applied: times === 0 ? "no" : "unknown"
        })

        const sweeps = failingAfter(times)
        const expiring = yield* open((driver) => ({
          ...driver,
          removeExpired: (...args) => sweeps(driver.removeExpired(...args))
        }))
        for (let index = 0; index < 300; index++) yield* expiring.createTask({ ...call, ttl: 1 })
        yield* TestClock.adjust(1)
        expect(yield* Effect.flip(expiring.expireTasks())).toMatchObject({ applied: times === 0 ? "no" : "unknown" })

        const messages = failingAfter(times)
        const tending = yield* open((driver) => ({
          ...driver,
          messages: {
            ...driver.messages,
            removeExpired: (...args) => messages(driver.messages.removeExpired(...args))
          },
          maintain: Effect.fail(refused)
        }))
        yield* tending.createTask({ ...call, ttl: 1 })
        yield* TestClock.adjust(1)
        expect(yield* Effect.flip(tending.maintenance())).toMatchObject({ applied: "unknown" })
        expect(yield* Effect.flip(tending.maintenance())).toMatchObject({ applied: "no" })
      }
    }))
})
