/**
 * As many waiting tasks as one process may hold: what each takes of the heap, when it notices that it was cancelled, and
 * whether all of them end.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { TaskStorage } from "mcp-task-storage"
import * as TaskRunner from "mcp-task-storage/runner"
import { open } from "../test/layers/postgres/database.ts"
import { usedBytes } from "./heap.ts"
import { call } from "./operations.ts"
import type { Measure } from "./report.ts"
import { payload } from "./settings.ts"

const cancelled = 20
const warmUpTasks = 500

/** How long to wait until all have started, and until all have ended. */
const patience = "5 minutes"

/** Milliseconds until a cancel counts as never noticed. */
const cancelPatience = 30_000

/** A task with params of its own. */
const ownCall = () => ({ ...call, originalParams: structuredClone(payload) })

/** Bytes of what the user of a runner brings for each task. */
const ownBytes = (tasks: number, gate: Deferred.Deferred<void>): number => {
  const before = usedBytes()
  const own = Array.from(
    { length: tasks },
    () => ({ params: structuredClone(payload), run: () => Deferred.await(gate) })
  )
  return (usedBytes() - before) / own.length
}

/** Has tasks wait on the database of a URL, cancels some as another process does, and lets the others end. */
export const holdMany = Effect.fnUntraced(function*(url: string, tasks: number) {
  const runner = yield* TaskRunner.TaskRunner
  const { awaitTask } = yield* TaskStorage
  const elsewhere = yield* open({ url, maxConnections: 1 })

  const round = Effect.fnUntraced(function*(count: number) {
    const gate = yield* Deferred.make<void>()
    const own = ownBytes(count, gate)
    const started: Array<string> = []
    const toCancel: Array<string> = []
    const noticed = new Map<string, number>()
    const noticing = ({ taskId }: { readonly taskId: string }) =>
      Effect.onInterrupt(Deferred.await(gate), () => Effect.sync(() => noticed.set(taskId, performance.now())))
    const start = (index: number) => {
      const isToCancel = index % (count / cancelled) === 0
      return Effect.ignore(
        Effect.map(runner.startTask(ownCall(), isToCancel ? noticing : () => Deferred.await(gate)), ({ taskId }) => {
          started.push(taskId)
          if (isToCancel) toCancel.push(taskId)
        })
      )
    }

    const before = usedBytes()
    yield* Effect.forEach(Array.from({ length: count }).keys(), start, { concurrency: 32, discard: true }).pipe(
      Effect.timeoutOption(patience)
    )
    yield* Effect.sleep("1 second")
    const held = (usedBytes() - before) / started.length - own

    let slowest = 0
    for (const id of toCancel) {
      const begin = performance.now()
      yield* Effect.ignore(elsewhere.updateTaskStatus(id, "cancelled"))
      while (!noticed.has(id) && performance.now() - begin < cancelPatience) yield* Effect.sleep("1 millis")
      slowest = Math.max(slowest, (noticed.get(id) ?? Infinity) - begin)
      if (slowest === Infinity) break
    }

    yield* Deferred.succeed(gate, undefined)
    let ended = 0
    yield* Effect.forEach(
      started,
      (id) => Effect.ignore(Effect.map(awaitTask(id), () => ended++)),
      { concurrency: 32, discard: true }
    ).pipe(Effect.timeoutOption(patience))
    yield* Effect.sleep("5 seconds")
    const [notStarted, notEnded] = [count - started.length, started.length - ended]
    return { held, slowest, notStarted, notEnded, left: usedBytes() - before }
  })

  yield* round(warmUpTasks)
  const { held, left, notEnded, notStarted, slowest } = yield* round(tasks)
  return [
    { subject: "tasks that the storage did not take", measured: notStarted, target: 0 },
    { subject: "KiB of heap for each, beyond its own closure and params", measured: held / 1024, target: 8 },
    {
      subject: "milliseconds until a cancel by another process is noticed, the slowest",
      measured: slowest,
      target: 1_000
    },
    { subject: "tasks that did not end when they could", measured: notEnded, target: 0 },
    { subject: "MiB of heap that are left when all have ended", measured: left / 1024 ** 2, target: 2 }
  ] satisfies ReadonlyArray<Measure>
}, Effect.scoped)
