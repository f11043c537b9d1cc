/** Two processes that contend for the same: each prize is won once, and what is stored says by whom. */
import { assert } from "@effect/vitest"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { type ChildProgram, startProgram } from "./childProcess.ts"
import { type ContestName, inputKeys, room, taskIdsOf } from "./contests.ts"
import type { FaultStore } from "./FaultTarget.ts"

const contender = new URL("contender.ts", import.meta.url)

const Won = Schema.fromJsonString(Schema.Array(Schema.String))

type Hold = (contest: ContestName) => Effect.Effect<readonly [ReadonlyArray<string>, ReadonlyArray<string>]>

/** Starts the two processes; gives how a contest between them is held. */
export const startContenders = <E>(
  store: FaultStore<E>,
  limited: FaultStore<E>
): Effect.Effect<Hold, never, Scope.Scope> =>
  Effect.gen(function*() {
    const start = Effect.fnUntraced(function*(index: number) {
      const child = yield* startProgram(contender, [store.url, limited.url, String(index)])
      assert.strictEqual(yield* child.nextLine, "ready")
      return child
    })
    const both = yield* Effect.all([start(0), start(1)], { concurrency: 2 })
    const result = (child: ChildProgram) =>
      Effect.flatMap(child.nextLine, (line = "it has ended without an answer") =>
        Effect.orDie(Schema.decodeUnknownEffect(Won)(line)))
    return Effect.fnUntraced(function*(contest) {
      yield* Effect.forEach(both, (child) =>
        child.say(contest))
      return yield* Effect.all([result(both[0]), result(both[1])], { concurrency: 2 })
    })
  })

const create = (storage: TaskStorageShape, contest: ContestName, options: { readonly ttl?: number } = {}) =>
  Effect.forEach(
    taskIdsOf(contest),
    (taskId) => storage.createTask({ originalMethod: "tools/call", taskId, ...options }),
    { concurrency: 8, discard: true }
  )

const readAll = (storage: TaskStorageShape, contest: ContestName) =>
  Effect.forEach(
    taskIdsOf(contest),
    (taskId) => Effect.flatMap(storage.getTask(taskId), Effect.fromOption),
    { concurrency: 8 }
  )

const assertAllWonOnce = (contest: ContestName, won: readonly [ReadonlyArray<string>, ReadonlyArray<string>]) =>
  assert.sameMembers(won.flat(), [...taskIdsOf(contest)])

/** Each contest as a test, by what it shows. */
export const contestChecks: ReadonlyArray<
  readonly [
    shows: string,
    check: (
      hold: Hold,
      storage: TaskStorageShape,
      limited: TaskStorageShape
    ) => Effect.Effect<void, TaskStorageError | Cause.NoSuchElementError>
  ]
> = [
  ["each transition is made once", (hold, storage) =>
    Effect.gen(function*() {
      yield* create(storage, "transitions")
      assertAllWonOnce("transitions", yield* hold("transitions"))
      for (const { revision, status } of yield* readAll(storage, "transitions")) {
        assert.deepStrictEqual({ revision, status }, { revision: 2, status: "input_required" })
      }
    })],
  ["each task is settled once, with the outcome of the one who was told so", (hold, storage) =>
    Effect.gen(function*() {
      yield* create(storage, "settles")
      const won = yield* hold("settles")
      assertAllWonOnce("settles", won)
      for (const { result, revision, taskId } of yield* readAll(storage, "settles")) {
        const value = won[0].includes(taskId) ? 0 : 1
        assert.deepStrictEqual({ result, revision }, { result: { _tag: "Success", value }, revision: 2 })
      }
    })],
  ["each answer is taken once, and one of them completes the round", (hold, storage) =>
    Effect.gen(function*() {
      yield* create(storage, "inputs")
      const asked = Object.fromEntries(inputKeys.map((key) => [key, "asked"]))
      yield* Effect.forEach(taskIdsOf("inputs"), (taskId) => storage.requireInput(taskId, asked), { concurrency: 8 })
      assertAllWonOnce("inputs", yield* hold("inputs"))
      for (const { inputResponses, revision, status } of yield* readAll(storage, "inputs")) {
        assert.deepStrictEqual({ revision, status }, { revision: 2 + inputKeys.length, status: "working" })
        assert.sameMembers(Object.keys(inputResponses ?? {}), [...inputKeys])
      }
    })],
  ["the limit is reached and never overrun", (hold, _, limited) =>
    Effect.gen(function*() {
      const won = (yield* hold("room")).flat()
      assert.lengthOf(won, room)
      const { tasks } = yield* limited.listTasks({ limit: 1000 })
      assert.sameMembers(tasks.map(({ taskId }) => taskId), won)
    })],
  ["no task expires twice", (hold, storage) =>
    Effect.gen(function*() {
      yield* create(storage, "expiry", { ttl: 1 })
      assertAllWonOnce("expiry", yield* hold("expiry"))
    })],
  ["no task is recovered twice", (hold, storage) =>
    Effect.gen(function*() {
      // What the contests before have left is not stuck.
      for (const { taskId } of (yield* storage.listTasks({ limit: 1000 })).tasks) yield* storage.deleteTask(taskId)
      yield* create(storage, "recovery")
      assertAllWonOnce("recovery", yield* hold("recovery"))
      for (const { revision, status } of yield* readAll(storage, "recovery")) {
        assert.deepStrictEqual({ revision, status }, { revision: 2, status: "failed" })
      }
    })],
  ["a recovery never undoes a completion, nor a completion a recovery", (hold, storage) =>
    Effect.gen(function*() {
      const [settled, recovered] = yield* hold("completion")
      assertAllWonOnce("completion", [settled, recovered])
      for (const { status, taskId } of yield* readAll(storage, "completion")) {
        assert.strictEqual(status, settled.includes(taskId) ? "completed" : "failed")
      }
    })]
]
