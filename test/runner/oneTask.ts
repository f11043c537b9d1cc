/** A task, its tool, and what became of it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TaskStorage } from "mcp-task-storage"
import type { TaskContext, TaskHandler, TaskRunnerOptions } from "mcp-task-storage/runner"

export const quiet: TaskRunnerOptions = { recovery: false, lease: "30 seconds", shutdownTimeout: 0 }

export const call = (name: string, args: object = {}) => ({
  originalMethod: "tools/call",
  originalParams: { name, arguments: args }
})

export const tool = <E, R>(
  name: string,
  run: Effect.Effect<unknown, E, R | TaskContext>,
  lostWorker?: TaskHandler["lostWorker"]
): TaskHandler<E, R> => ({ method: "tools/call", name, run: () => run, lostWorker })

export const get = (taskId: string) =>
  Effect.flatMap(TaskStorage, (storage) => Effect.map(storage.getTask(taskId), Option.getOrThrow))

export const end = (taskId: string) => Effect.flatMap(TaskStorage, (storage) => storage.awaitTask(taskId))
