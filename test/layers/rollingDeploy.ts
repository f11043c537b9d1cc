/** A deploy in which processes of the version before, which know nothing of workers, and new ones work on one store. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"

/** A process of the version before, by the statements that it sends. Times are milliseconds since the epoch. */
export interface OldProcess<E> {
  /** Creates a task of the method `m`, of attempt 0, under a lease. */
  readonly create: (taskId: string, lease: number | null) => Effect.Effect<void, E>
  /** Lists the tasks that are free by a time. */
  readonly claimable: (by: number) => Effect.Effect<ReadonlyArray<string>, E>
  /** Claims a task that has the attempt. */
  readonly claim: (taskId: string, attempt: number, revision: number, lease: number) => Effect.Effect<boolean, E>
  /** Writes the lease of a task that it has. */
  readonly touch: (taskId: string, attempt: number, lease: number) => Effect.Effect<boolean, E>
  /** Gives a task up with lease 0, or abandons it with a lease that is over. */
  readonly release: (taskId: string, attempt: number, lease: number) => Effect.Effect<boolean, E>
}

const hour = 3_600_000

/** A store that such a process has left opens with what waits and what is held in it. */
export const checkOpens = <E, E2, R>(old: OldProcess<E>, opening: Effect.Effect<TaskStorageShape, E2, R>) =>
  Effect.gen(function*() {
    const until = Date.now() + 60_000
    for (const [taskId, lease] of [["free", 0], ["left", 1], ["held", until], ["nobody's", null]] as const) {
      yield* old.create(taskId, lease)
    }
    const storage = yield* opening
    assert.deepStrictEqual((yield* storage.claimableTasks()).map(String), ["free", "left"])
    const held = yield* Effect.fromOption(yield* storage.getTask("held"))
    assert.deepInclude({ ...held }, { name: "n", traceparent: "00-a-b-01" })
    assert.strictEqual(held.leaseExpiresAt?.epochMilliseconds, until)
    for (const field of ["worker", "startedAt"]) assert.notProperty(held, field)
  })

/** What both may rely on. */
export const checkRollingDeploy = <E>(old: OldProcess<E>, storage: TaskStorageShape) =>
  Effect.gen(function*() {
    const start = Date.now()
    const { workerId: worker } = yield* storage.registerWorker({ lease: hour })
    const claimed = Effect.map(storage.claimTasks({ worker }), (claims) =>
      claims.map(({ abandoned, record }) => [String(record.taskId), abandoned]))
    const claimable = Effect.map(storage.claimableTasks(), (taskIds) =>
      taskIds.map(String))

    // What old ones create for a worker is found, and what they hold is not.
    yield* old.create("a", 0)
    yield* old.create("b", 0)
    yield* old.create("nobody's", null)
    assert.isTrue(yield* old.claim("b", 0, 1, start + hour))
    assert.deepStrictEqual(yield* claimable, ["a"])
    assert.deepStrictEqual(yield* claimed, [["a", false]])
    const held = yield* Effect.flip(storage.claimTask("b", { worker }))
    assert.strictEqual(held._tag, "LeaseHeld")

    // A worker holds its task without an end, and the lease of an old one is its own.
    assert.deepStrictEqual(yield* old.claimable(start + 1_000 * hour), ["b"])
    assert.isTrue(yield* old.touch("b", 1, start + 2 * hour))
    assert.isFalse(yield* old.touch("a", 2, start))
    assert.deepStrictEqual(yield* claimed, [])

    // What an old one gives up or abandons is found, even though it was found before.
    assert.isTrue(yield* old.release("b", 1, 0))
    assert.deepStrictEqual(yield* claimed, [["b", false]])
    const { revision } = yield* storage.touchTask("b", { lease: 0, attempt: 2 })
    assert.deepStrictEqual(yield* old.claimable(Date.now()), ["b"])
    assert.isTrue(yield* old.claim("b", 2, revision, start + hour))
    assert.deepStrictEqual(yield* claimable, [])
    assert.isTrue(yield* old.release("b", 3, start - 1))
    assert.deepStrictEqual(yield* claimable, ["b"])
    assert.deepStrictEqual(yield* claimed, [["b", true]])
    yield* old.create("c", start - 1)
    assert.deepStrictEqual((yield* storage.recoverStuckTasks(0, { leases: "expired" })).map(String), ["c"])

    // What a dead worker held is free for both.
    const { workerId: dying } = yield* storage.registerWorker({ lease: 1 })
    yield* old.create("d", 0)
    yield* storage.claimTask("d", { worker: dying })
    assert.deepStrictEqual(yield* old.claimable(start + 1_000 * hour), [])
    yield* Effect.sleep(5)
    assert.deepStrictEqual((yield* storage.declareDeadWorkers({ except: worker })).map(String), [dying])
    assert.deepStrictEqual(yield* claimable, ["d"])
    assert.deepStrictEqual(yield* old.claimable(Date.now()), ["d"])
    assert.isTrue(yield* old.claim("d", 1, 3, start + hour))
    assert.deepStrictEqual(yield* claimed, [])
  })
