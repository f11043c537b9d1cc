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

/** Milliseconds after which nobody waits for a cancelled task any more. */
const patience = 30_000

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
    const noticed = new Map<string, number>()
    const waiting = () => Deferred.await(gate)
    const noticing = ({ taskId }: { readonly taskId: string }) =>
      Effect.onInterrupt(Deferred.await(gate), () => Effect.sync(() => noticed.set(taskId, performance.now())))
    const isCancelled = (index: number) => index % (count / cancelled) === 0

    const before = usedBytes()
    const ids = yield* Effect.forEach(
      Array.from({ length: count }, (_, index) => isCancelled(index) ? noticing : waiting),
      (run) => Effect.map(runner.startTask(ownCall(), run), ({ taskId }) => taskId),
      { concurrency: 32 }
    )
    yield* Effect.sleep("1 second")
    const held = (usedBytes() - before) / count - own

    let slowest = 0
    for (const id of ids.filter((_, index) => isCancelled(index))) {
      const begin = performance.now()
      yield* elsewhere.updateTaskStatus(id, "cancelled")
      while (!noticed.has(id) && performance.now() - begin < patience) yield* Effect.sleep("1 millis")
      slowest = Math.max(slowest, (noticed.get(id) ?? Infinity) - begin)
    }

    yield* Deferred.succeed(gate, undefined)
    let ended = 0
    yield* Effect.forEach(ids, (id) => Effect.map(awaitTask(id), () => ended++), { concurrency: 32, discard: true })
      .pipe(
        Effect.timeoutOption("5 minutes")
      )
    yield* Effect.sleep("5 seconds")
    return { held, slowest, open: ids.length - ended, left: usedBytes() - before }
  })

  yield* round(warmUpTasks)
  const { held, left, open: notEnded, slowest } = yield* round(tasks)
  return [
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
