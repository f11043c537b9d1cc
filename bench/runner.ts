/**
 * What a runner adds to the two writes that every task takes: tasks whose work is nothing, against creating and settling
 * them by hand, one after the other and 32 at once.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { layerFromUrl, TaskStorage } from "mcp-task-storage"
import * as TaskRunner from "mcp-task-storage/runner"
import { makeFolder } from "./folder.ts"
import { measure } from "./measure.ts"
import { call, outcome } from "./operations.ts"
import { type Comparison, print } from "./report.ts"
import { settings } from "./settings.ts"

/** So many that each round of SQLite has its share of checkpoints: of a few hundred operations every second round would have none. */
const { callerCounts, rounds, sqliteOperations: operations } = settings

const measureOn = Effect.fnUntraced(function*(name: string) {
  const storage = yield* TaskStorage
  const runner = yield* TaskRunner.TaskRunner
  const ran = Effect.flatMap(
    runner.startTask(call, () => Effect.succeed(outcome.value)),
    ({ taskId }) => storage.awaitTask(taskId)
  )
  const byHand = Effect.flatMap(
    storage.createTask({ ...call, lease: "30 seconds" }),
    ({ attempt, taskId }) => storage.settleTask(taskId, outcome, { attempt })
  )
  const run = Effect.runPromiseWith(yield* Effect.context())
  const comparisons: Array<Comparison> = []
  for (const callers of callerCounts) {
    const contender = <A, E>(task: Effect.Effect<A, E>) => {
      const all = Effect.forEach(Array.from({ length: operations }), () => task, {
        concurrency: callers,
        discard: true
      })
      return { operations, prepare: async () => () => run(all) }
    }
    const byRunner = contender(ran)
    const byStorage = contender(byHand)
    const micros = yield* Effect.promise(() => measure([byRunner, byStorage], rounds))
    const subject = `${name}, ${callers} at once`
    comparisons.push({
      subject,
      micros: micros(byRunner),
      baseline: micros(byStorage),
      ...(name === "SQLite" ? { target: 1.3 } : {})
    })
  }
  return comparisons
})

/** Measures and prints. */
export const benchRunner = async (): Promise<void> => {
  using folder = makeFolder()
  const comparisons: Array<Comparison> = []
  for (const [name, url] of [["memory", "memory:"], ["SQLite", `sqlite:${folder.file("runner.db")}`]] as const) {
    const layer = TaskRunner.layer({ recovery: false }).pipe(
      Layer.provideMerge(layerFromUrl(url, { maintenance: false, ...(name === "SQLite" ? sqlite : {}) }))
    )
    comparisons.push(...await Effect.runPromise(Effect.provide(measureOn(name), layer)))
  }
  print("A task of the runner that does nothing, against its two writes by hand", ["runner", "by hand"], comparisons)
}

const sqlite = { sqlite: { synchronous: "normal" } } as const
