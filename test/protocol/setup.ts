/** Tasks of one owner, over memory and without a server. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import * as MemoryTaskStorage from "../../src/layers/MemoryTaskStorage.ts"
import { makeTasks } from "../../src/protocol/Tasks.ts"
import { resolveTasksOptions, type TasksOptions } from "../../src/protocol/TasksOptions.ts"
import { layer as runnerLayer, TaskContext, type TaskContextShape, TaskRunner } from "../../src/runner/index.ts"

export const memory = Layer.provideMerge(
  runnerLayer({ shutdownTimeout: 0 }),
  Layer.merge(MemoryTaskStorage.layer(), Logger.layer([]))
)

/** The tasks of a server, and those of Ann. */
export const setUp = Effect.fnUntraced(function*(options: TasksOptions = {}) {
  const storage = yield* TaskStorage
  const settings = yield* Effect.fromResult(resolveTasksOptions(options))
  const tasks = makeTasks(settings, { runner: yield* TaskRunner, storage })
  const owned = tasks.ownedBy({ id: "ann", principal: undefined, canList: true })
  /** Begins a task that does this. */
  const begin = <A, E>(work: (context: TaskContextShape) => Effect.Effect<A, E>) =>
    Effect.map(
      owned.runner.startTask({ originalMethod: "tools/call" }, () => Effect.flatMap(TaskContext, work)),
      ({ taskId }) => taskId
    )
  return { begin, owned, storage, tasks }
})

export const form = { message: "Sure?", requestedSchema: { type: "object" } }

/** Waits until something is so. */
export const eventually = (isSo: () => boolean) =>
  Effect.sync(isSo).pipe(
    Effect.repeat({ until: (so) => so, schedule: Schedule.spaced("5 millis") }),
    Effect.timeout("60 seconds"),
    Effect.orDie
  )
