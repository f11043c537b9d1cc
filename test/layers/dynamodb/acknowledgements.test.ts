/** That an answer that gets lost changes nothing: what is sent again is recognised, and reports what really happened. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { TaskRecord } from "../../../src/domain/task/TaskRecord.ts"
import { describeWithEngine, freshTable } from "./engine.ts"
import { isWrite, serverError, timeout } from "./faults.ts"
import { interceptedAttempts, interceptedClient } from "./interceptedClient.ts"
import { partsOf } from "./items.ts"
import { randomText } from "./randomText.ts"
import { openThrough } from "./storages.ts"

/** How many answers to writes get lost from now on. */
interface Losses {
  left: number
}

type MakeClient = (losses: Losses) => Effect.Effect<DynamoDBClient, never, Scope.Scope>

const never = () => new Promise<never>(() => undefined)

/** Performs a request, and says what its answer is replaced by: nothing, unless answers get lost. A refusal is one too. */
const lose = async <A>(
  losses: Losses,
  isLosing: boolean,
  perform: () => Promise<A>,
  error: () => unknown
): Promise<A> => {
  if (!isLosing || losses.left === 0) return perform()
  losses.left--
  await perform().catch(() => undefined)
  throw await error()
}

const losing = (error: () => unknown): MakeClient => (losses) =>
  interceptedClient(({ command, perform }) => lose(losses, isWrite(command), perform, error))

const losingWithin = (error: () => unknown): MakeClient => (losses) =>
  interceptedAttempts((perform, command) => lose(losses, isWrite(command), perform, error), 3)

const ways: ReadonlyArray<{ readonly name: string; readonly makeClient: MakeClient; readonly lost: number }> = [
  { name: "a timeout", makeClient: losing(timeout), lost: 1 },
  { name: "two errors of the server", makeClient: losing(serverError), lost: 2 },
  { name: "no answer at all", makeClient: losing(never), lost: 1 },
  { name: "a timeout that the AWS SDK retries by itself", makeClient: losingWithin(timeout), lost: 2 },
  { name: "an error of the server that the AWS SDK retries by itself", makeClient: losingWithin(serverError), lost: 1 }
]

const tool = { originalMethod: "tools/call" }
const success = (value: string) => ({ _tag: "Success", value }) as const

describeWithEngine("lost answers", () => {
  describe.each(ways)("$name", ({ lost, makeClient }) => {
    const setUp = Effect.gen(function*() {
      const losses: Losses = { left: 0 }
      const tableName = yield* freshTable
      const client = yield* makeClient(losses)
      const storage = yield* openThrough(client, { tableName, requestTimeout: 400, shards: 2 })
      const losingAnswers = <A, E>(effect: Effect.Effect<A, E>) =>
        Effect.suspend(() => {
          losses.left = lost
          return Effect.tap(effect, () =>
            Effect.sync(() => {
              expect(losses.left).toBe(0)
            }))
        })
      const present = (taskId: string) => Effect.map(storage.getTask(taskId), Option.getOrThrow)
      /** The answer is that of the one write that was made. */
      const isPresent = Effect.fnUntraced(function*(record: TaskRecord, revision: number) {
        expect(record.revision).toBe(revision)
        assert.deepStrictEqual(yield* present(record.taskId), record)
      })
      return { storage, tableName, losingAnswers, isPresent }
    })

    it.live("create", () =>
      Effect.gen(function*() {
        const { isPresent, losingAnswers, storage } = yield* setUp
        yield* isPresent(yield* losingAnswers(storage.createTask({ ...tool, taskId: "one" })), 1)
        expect(yield* Effect.flip(losingAnswers(storage.createTask({ ...tool, taskId: "one" })))).toMatchObject({
          _tag: "TaskAlreadyExists"
        })
        yield* isPresent(
          yield* losingAnswers(storage.createTask({ ...tool, taskId: "two", originalParams: randomText(500_000) })),
          1
        )
      }))

    it.live("create within a limit", () =>
      Effect.gen(function*() {
        const losses: Losses = { left: 0 }
        const client = yield* makeClient(losses)
        const storage = yield* openThrough(client, { tableName: yield* freshTable, maxTasks: 2, requestTimeout: 400 })
        losses.left = lost
        yield* storage.createTask(tool)
        losses.left = lost
        yield* storage.createTask(tool)
        losses.left = lost
        expect(yield* Effect.flip(storage.createTask(tool))).toMatchObject({ _tag: "MaxTasksReached" })
      }))

    it.live("transition, touch and settle", () =>
      Effect.gen(function*() {
        const { isPresent, losingAnswers, storage } = yield* setUp
        yield* storage.createTask({ ...tool, taskId: "one" })
        yield* isPresent(yield* losingAnswers(storage.updateTaskStatus("one", "input_required")), 2)
        yield* isPresent(yield* losingAnswers(storage.touchTask("one", { statusMessage: "x" })), 3)
        const touched = yield* losingAnswers(storage.touchTask("one", { ttl: 60_000 }))
        yield* isPresent(touched, 4)
        yield* isPresent(yield* losingAnswers(storage.updateTask({ ...touched, meta: { a: 1 } })), 5)
        yield* isPresent(yield* losingAnswers(storage.settleTask("one", success("done"))), 6)
        expect(yield* Effect.flip(losingAnswers(storage.settleTask("one", success("again"))))).toMatchObject({
          _tag: "ResultAlreadyStored"
        })
      }))

    it.live("settle with an outcome in parts", () =>
      Effect.gen(function*() {
        const { isPresent, losingAnswers, storage, tableName } = yield* setUp
        yield* storage.createTask({ ...tool, taskId: "one" })
        yield* isPresent(yield* losingAnswers(storage.settleTask("one", success(randomText(900_000)))), 2)
        expect(yield* partsOf(tableName)).toHaveLength(2)
        expect(yield* losingAnswers(storage.deleteTask("one"))).toBe(true)
        expect(yield* partsOf(tableName)).toEqual([])
      }))

    it.live("delete", () =>
      Effect.gen(function*() {
        const { losingAnswers, storage } = yield* setUp
        yield* storage.createTask({ ...tool, taskId: "one" })
        expect(yield* losingAnswers(storage.deleteTask("one"))).toBe(true)
        expect(yield* losingAnswers(storage.deleteTask("one"))).toBe(false)
      }))

    it.live("provide the last answers", () =>
      Effect.gen(function*() {
        const { isPresent, losingAnswers, storage } = yield* setUp
        yield* storage.createTask({ ...tool, taskId: "one" })
        yield* losingAnswers(storage.requireInput("one", { a: 1, b: 2 }))
        const first = yield* losingAnswers(storage.provideInput("one", { a: "x" }))
        expect(first.complete).toBe(false)
        const last = yield* losingAnswers(storage.provideInput("one", { b: "y" }))
        expect(last.complete).toBe(true)
        yield* isPresent(last.record, 4)
      }))

    it.live("workers", () =>
      Effect.gen(function*() {
        const { losingAnswers, storage } = yield* setUp
        const { workerId } = yield* losingAnswers(storage.registerWorker({ lease: 60_000 }))
        const { worker } = yield* losingAnswers(storage.renewWorker(workerId, { lease: 1 }))
        expect(yield* storage.listWorkers()).toEqual([{ worker, tasks: 0 }])
        for (const taskId of ["one", "two"]) yield* storage.createTask({ ...tool, taskId, worker: workerId })
        yield* losingAnswers(storage.updateTaskStatus("two", "cancelled"))
        expect(yield* Stream.runHead(storage.workerNews(workerId))).toEqual(Option.some("two"))
        yield* Effect.sleep("5 millis")
        expect(yield* losingAnswers(storage.declareDeadWorkers())).toEqual([workerId])
        expect(yield* losingAnswers(storage.endWorker(workerId))).toBe(1)
        expect(Option.getOrThrow(yield* storage.getTask("one"))).toMatchObject({ revision: 2, worker: workerId })
        expect(yield* storage.listWorkers()).toMatchObject([{ worker: { workerId }, tasks: 0 }])
      }))

    it.live("messages", () =>
      Effect.gen(function*() {
        const { losingAnswers, storage: { messages } } = yield* setUp
        for (const message of ["a", "b", "c"]) yield* losingAnswers(messages.enqueue("one", message))
        expect(yield* losingAnswers(messages.dequeue("one"))).toEqual(Option.some("a"))
        expect(yield* losingAnswers(messages.dequeueAll("one"))).toEqual(["b", "c"])
        expect(yield* messages.dequeueAll("one")).toEqual([])
      }))
  })

  it.live("a write that got through behind one whose answer is lost does not hide it", () =>
    Effect.gen(function*() {
      const losses: Losses = { left: 0 }
      const tableName = yield* freshTable
      const storage = yield* openThrough(yield* losing(timeout)(losses), { tableName })
      const run = Effect.runPromiseWith(yield* Effect.context())
      const other: Array<() => Promise<TaskRecord>> = []
      const overtaken = yield* openThrough(
        yield* interceptedClient(async ({ command, perform }) => {
          const output = await perform()
          const next = isWrite(command) ? other.pop() : undefined
          if (next === undefined) return output
          await next()
          throw timeout()
        }),
        { tableName }
      )
      yield* storage.createTask({ ...tool, taskId: "one" })
      other.push(() => run(Effect.andThen(storage.touchTask("one"), storage.touchTask("one"))))
      const record = yield* overtaken.updateTaskStatus("one", "input_required")
      expect(record.status).toBe("input_required")
      expect(Option.getOrThrow(yield* storage.getTask("one")).revision).toBe(4)
    }))
}, { concurrent: true })
