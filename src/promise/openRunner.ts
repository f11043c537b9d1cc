/**
 * A runner on a storage that is open.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { TaskStorage } from "../domain/TaskStorage.ts"
import { taskIdAnnotation } from "../runner/taskAnnotations.ts"
import { TaskRunner, type TaskRunnerShape } from "../runner/TaskRunner.ts"
import { layer } from "../runner/TaskRunnerLayer.ts"
import { requireFunction } from "./arguments.ts"
import { plainCall } from "./callOptions.ts"
import type { OpenedStorage } from "./openedStorages.ts"
import { PromiseCalls } from "./PromiseCalls.ts"
import type { Dispatch, RunnerOptions } from "./RunnerOptions.ts"

/**
 * A runner, and what its calls run with.
 *
 * @since 0.2.0
 * @category models
 */
export interface OpenedRunner {
  readonly runner: TaskRunnerShape
  readonly context: Context.Context<never>
  /** Tells whether the runner was closed, or its storage was. */
  readonly isClosed: () => boolean
  /** Ends the runner, and leaves the storage open. */
  readonly close: () => Promise<void>
}

/**
 * Opens a runner, which ends before its storage does. Rejects with `InvalidInput` for an option that it cannot use.
 *
 * @since 0.2.0
 * @category constructors
 */
export const openRunner = async (
  { context, scope: storageScope, storage }: OpenedStorage,
  { dispatch, ...options }: RunnerOptions
): Promise<OpenedRunner> => {
  requireFunction("dispatch", dispatch)
  const scope = Scope.forkUnsafe(storageScope)
  const runnerLayer = layer({ ...options, dispatch: dispatch === undefined ? undefined : dispatching(dispatch) })
  try {
    const built = await new PromiseCalls(context, Effect.void).write(
      "openTaskRunner",
      undefined,
      plainCall,
      () => Layer.buildWithScope(Layer.provide(runnerLayer, Layer.succeed(TaskStorage, storage)), scope)
    )
    let isClosed = false
    // Added last, so that it is known before the runner begins to end.
    await Effect.runPromise(Scope.addFinalizer(
      scope,
      Effect.sync(() => {
        isClosed = true
      })
    ))
    return {
      runner: Context.get(built, TaskRunner),
      context,
      isClosed: () => isClosed,
      close: () => Effect.runPromiseWith(context)(Scope.close(scope, Exit.void))
    }
  } catch (error) {
    await Effect.runPromiseWith(context)(Scope.close(scope, Exit.void))
    throw error
  }
}

const dispatching = (dispatch: Dispatch) => (taskId: string): Effect.Effect<void> =>
  Effect.promise(async () => dispatch(taskId)).pipe(
    Effect.catchCause((cause) =>
      Effect.logError("A task cannot be dispatched, and waits to be recovered", cause).pipe(
        Effect.annotateLogs(taskIdAnnotation, taskId)
      )
    )
  )
