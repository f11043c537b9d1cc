/** A process that is killed. */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { TaskStorage } from "mcp-task-storage"
import { makeTaskRunner, type TaskRunnerOptions } from "mcp-task-storage/runner"
import { quiet } from "./oneTask.ts"
import { wrapWrites } from "./wrapWrites.ts"

/** A runner that dies: nothing of it is heard any more. */
export const dying = (options: TaskRunnerOptions = quiet) =>
  Effect.gen(function*() {
    const storage = yield* TaskStorage
    const state = { isDead: false }
    const silenced: typeof storage = {
      ...wrapWrites(storage, (write) => state.isDead ? Effect.never : write),
      requireInput: (...args) => state.isDead ? Effect.never : storage.requireInput(...args)
    }
    // Nobody closes its scope.
    const runner = yield* makeTaskRunner(options).pipe(
      Effect.provideService(TaskStorage, silenced),
      Effect.provideService(Scope.Scope, Scope.makeUnsafe())
    )
    return { runner, die: Effect.sync(() => state.isDead = true) }
  })
