/** Processes that are stopped by SIGSTOP for longer than their lease and go on, with their engine there or away. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { startProgram } from "../../layers/faults/childProcess.ts"
import type { FaultStore, FaultTarget } from "../../layers/faults/FaultTarget.ts"
import type { MakeStoppable } from "../stoppableStores.ts"

const lease = 3_000
const program = new URL("server.ts", import.meta.url)

/** What a process said of a run of a task. */
interface Said {
  readonly by: string
  readonly what: string
  readonly taskId: string
  readonly attempt: number
  readonly at: number
}

/** A storage, and processes on it. */
const makeScene = Effect.fnUntraced(function*<E>(store: FaultStore<E>) {
  const storage = yield* TaskStorage.fromDriver(yield* store.openDriver(), { maintenance: false })
  const said: Array<Said> = []

  const startServer = Effect.fnUntraced(function*(by: string): Effect.fn.Return<Server, never, Scope.Scope> {
    const { nextLine, resume, say } = yield* startProgram(program, [store.url, by, String(lease)])
    assert.strictEqual(yield* nextLine, "ready")
    let running: number | undefined
    const listen: Effect.Effect<void> = Effect.flatMap(nextLine, (line) => {
      if (line === undefined) return Effect.void
      const [what = "", taskId = "", attempt, at] = line.split(" ")
      if (what === "runs") running = Number(taskId)
      else said.push({ by, what, taskId, attempt: Number(attempt), at: Number(at) })
      return listen
    })
    yield* Effect.forkScoped(listen)
    return {
      by,
      say,
      resume,
      start: (kind, count) =>
        Effect.forEach(Array.from({ length: count }), (_, index) => {
          const taskId = `${by}-${kind}-${index}`
          return Effect.as(say(`start ${taskId} ${kind}`), taskId)
        }),
      freeze: Effect.andThen(say("freeze"), until("it freezes", () => of("freezes").some((one) => one.by === by))),
      isIdle: Effect.suspend(() => {
        running = undefined
        return Effect.andThen(say("count"), until("it counts", () => running !== undefined))
      }).pipe(Effect.map(() => running === 0))
    }
  })

  const of = (what: string) => said.filter((one) => one.what === what)
  const begun = (taskId: string) => of("began").filter((one) => one.taskId === taskId)
  const get = (taskId: string) => Effect.map(storage.getTask(taskId), Option.getOrThrow)
  return {
    storage,
    startServer,
    of,
    begun,
    get,
    /** The worker that holds a task. */
    holderOf: Effect.fnUntraced(function*(taskId: string) {
      const { worker: holder } = yield* get(taskId)
      return (yield* storage.listWorkers()).find(({ worker }) => worker.workerId === holder)?.worker
    }),
    /** Waits until a process is a worker anew. Whatever it asked for as the one before is over then. */
    isAnew: (pid: number | undefined) =>
      untilEffect(
        "the process is a worker anew",
        storage.listWorkers().pipe(
          Effect.map((listed) => listed.some(({ worker }) => worker.pid === pid && worker.diedAt === undefined)),
          Effect.orDie
        )
      ),
    /** Creates a task that one process alone can take. */
    createFor: ({ by }: Server) =>
      storage.createTask({
        taskId: `for-${by}`,
        originalMethod: "tools/call",
        originalParams: { name: `only-${by}` },
        lease: 0
      }),
    /** Waits until tasks have begun so often. */
    haveBegun: (taskIds: ReadonlyArray<string>, times: number) =>
      until(
        `${String(taskIds)} have begun ${times} times`,
        () => taskIds.every((taskId) => begun(taskId).length === times)
      ),
    /** Each task has ended with what its last run returned. */
    requireDone: Effect.fnUntraced(function*(taskIds: ReadonlyArray<string>, attempt: number) {
      for (const taskId of taskIds) {
        const task = yield* storage.awaitTask(taskId)
        const runs = begun(taskId)
        assert.deepEqual(runs.map((run) => run.attempt), Array.from({ length: attempt }, (_, index) => index + 1))
        assert.strictEqual(task.attempt, attempt)
        assert.deepEqual(task.result, { _tag: "Success", value: { by: runs.at(-1)?.by ?? null, attempt } })
      }
    })
  }
})

interface Server {
  readonly by: string
  readonly say: (line: string) => Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  readonly start: (kind: "late" | "long" | "once", count: number) => Effect.Effect<ReadonlyArray<string>>
  readonly freeze: Effect.Effect<void>
  /** Whether it runs no task. */
  readonly isIdle: Effect.Effect<boolean>
}

/** Milliseconds, for a machine that is busy. */
const patience = 30_000

const until = (what: string, condition: () => boolean) => untilEffect(what, Effect.sync(condition))

const untilEffect = (what: string, condition: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.andThen(realSleep(20), condition).pipe(
    Effect.repeat({ until: (isTrue) => isTrue }),
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.die(new Error(`it never came true: ${what}`)) }),
    Effect.asVoid
  )

export const testFreezes = <E>(target: FaultTarget<E>): void => {
  // They mostly wait.
  describe.concurrent(target.name, () => {
    it.live(
      "a process that is frozen for longer than its lease loses its tasks, and nothing that it writes late counts",
      () =>
        Effect.gen(function*() {
          const { begun, createFor, get, haveBegun, holderOf, isAnew, of, requireDone, startServer, storage } =
            yield* makeScene(
              yield* target.freshStore
            )
          const [frozen, ...others] = yield* Effect.all(
            [startServer("frozen"), startServer("first"), startServer("second")],
            { concurrency: "unbounded" }
          )
          const late = yield* frozen.start("late", 3)
          const long = yield* frozen.start("long", 3)
          const lost = [...late, ...long]
          const kept = (yield* Effect.forEach(others, (other) => other.start("long", 2))).flat()
          yield* haveBegun([...lost, ...kept], 1)
          yield* frozen.freeze

          const holder = yield* holderOf(lost[0] ?? "")
          const leaseEnd = holder?.leaseExpiresAt.epochMilliseconds ?? Infinity
          yield* haveBegun(lost, 2)
          for (const taskId of lost) assert.isAtLeast(begun(taskId)[1]?.at ?? 0, leaseEnd)

          yield* frozen.resume
          yield* isAnew(holder?.pid)
          yield* createFor(frozen)
          yield* requireDone(["for-frozen"], 1)
          yield* untilEffect("it runs nothing", frozen.isIdle)
          const isFirst = ({ attempt, by }: { readonly attempt: number; readonly by: string }) =>
            attempt === 1 && by === "frozen"
          assert.includeMembers(of("returned").filter(isFirst).map(({ taskId }) => taskId), [...late])
          assert.includeMembers(of("interrupted").filter(isFirst).map(({ taskId }) => taskId), [...long])
          for (const taskId of lost) {
            const { attempt, status, worker } = yield* get(taskId)
            assert.deepEqual([status, attempt], ["working", 2], taskId)
            assert.notStrictEqual(worker, holder?.workerId)
          }

          yield* Effect.forEach(others, ({ say }) => say("finish"))
          yield* requireDone(lost, 2)
          yield* requireDone(kept, 1)
          assert.strictEqual(of("interrupted").length, long.length)
          // It is another worker now.
          const workers = yield* storage.listWorkers()
          const ofProcess = workers.filter(({ worker }) => worker.pid === holder?.pid)
          assert.deepEqual(ofProcess.map(({ worker }) => worker.diedAt === undefined).sort(), [false, true])
        })
    )

    it.live("processes that are frozen together take nothing from each other", () =>
      Effect.gen(function*() {
        const { createFor, haveBegun, of, requireDone, startServer, storage } = yield* makeScene(
          yield* target.freshStore
        )
        const servers = yield* Effect.all([startServer("first"), startServer("second")], { concurrency: "unbounded" })
        const [first, second] = servers
        const kept = (yield* Effect.forEach(servers, (server) => server.start("long", 3))).flat()
        yield* haveBegun(kept, 1)
        yield* Effect.forEach(servers, ({ freeze }) => freeze)
        yield* untilEffect(
          "the leases are over",
          Effect.gen(function*() {
            const now = Date.now()
            return (yield* storage.listWorkers()).every(({ worker }) => worker.leaseExpiresAt.epochMilliseconds < now)
          }).pipe(Effect.orDie)
        )

        // The first one looks for tasks at a time when the second cannot have renewed.
        yield* createFor(first)
        yield* first.resume
        yield* requireDone(["for-first"], 1)
        yield* second.resume
        yield* createFor(second)
        yield* requireDone(["for-second"], 1)
        yield* realSleep(lease)
        yield* Effect.forEach(servers, ({ say }) => say("finish"))
        yield* requireDone(kept, 1)
        assert.deepEqual(of("interrupted"), [])
        assert.isTrue((yield* storage.listWorkers()).every(({ worker }) => worker.diedAt === undefined))
      }))
  })
}

export const testFreezesInOutage = <E>(name: string, open: MakeStoppable<E>): void => {
  it.live(`processes that are frozen while the engine is away keep their tasks if they go on before others may take them: ${name}`, () =>
    Effect.gen(function*() {
      const { start, stop, store } = yield* open
      const { begun, createFor, haveBegun, holderOf, isAnew, of, requireDone, startServer, storage } = yield* makeScene(
        store
      )
      const [awake, frozen, gone] = yield* Effect.all(
        [startServer("awake"), startServer("frozen"), startServer("gone")],
        { concurrency: "unbounded" }
      )
      const late = yield* frozen.start("late", 2)
      const kept = [
        ...(yield* awake.start("long", 2)),
        ...(yield* awake.start("once", 2)),
        ...(yield* frozen.start("long", 2)),
        ...(yield* frozen.start("once", 2))
      ]
      const taken = [...(yield* gone.start("late", 2)), ...(yield* gone.start("long", 2))]
      const [failed = ""] = yield* gone.start("once", 1)
      yield* haveBegun([...late, ...kept, ...taken, failed], 1)
      const { pid } = (yield* holderOf(failed)) ?? {}

      yield* stop
      yield* frozen.freeze
      yield* gone.freeze
      yield* realSleep(1.5 * lease)
      yield* frozen.resume
      const returned = (taskIds: ReadonlyArray<string>) =>
        until(
          `${String(taskIds)} have returned`,
          () => taskIds.every((taskId) => of("returned").some((one) => one.taskId === taskId && one.attempt === 1))
        )
      // Its work ends while there is nobody to store that.
      yield* returned(late)
      yield* realSleep(lease / 2)
      const back = Date.now()
      yield* start
      yield* requireDone(late, 1)

      yield* haveBegun(taken, 2)
      for (const taskId of taken) assert.isAtLeast(begun(taskId)[1]?.at ?? 0, back + lease)
      yield* gone.resume
      yield* isAnew(pid)
      yield* createFor(gone)
      yield* requireDone(["for-gone"], 1)
      yield* untilEffect("it runs nothing", gone.isIdle)

      yield* Effect.forEach([awake, frozen], ({ say }) => say("finish"))
      yield* requireDone(kept, 1)
      yield* requireDone(taken, 2)
      assert.strictEqual((yield* storage.awaitTask(failed)).status, "failed")
      assert.strictEqual(begun(failed).length, 1)
      assert.sameMembers(
        of("interrupted").map(({ taskId }) => taskId),
        [...taken.filter((taskId) => taskId.includes("-long-")), failed]
      )
    }))
}
