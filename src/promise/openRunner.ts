/**
 * A runner on a storage that is open.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import { InvalidInput, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import { TaskStorage } from "../domain/TaskStorage.ts"
import { TaskIds } from "../runner/service/TaskIds.ts"
import { TaskRunner, type TaskRunnerShape } from "../runner/service/TaskRunner.ts"
import type { TaskRunnerOptions } from "../runner/service/TaskRunnerOptions.ts"
import { layer } from "../runner/TaskRunnerLayer.ts"
import { requireFunction } from "./arguments.ts"
import { CallerSpan, inCallerSpan, withoutCaller } from "./CallerSpan.ts"
import { plainCall } from "./callOptions.ts"
import { newId } from "./makePromiseSessionTasks.ts"
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
  readonly storage: TaskStorageShape
  readonly runner: TaskRunnerShape
  readonly context: Context.Context<never>
  /**
   * Runs an effect with the references of the runner. The signal interrupts it, and so does the end of the runner. A closed
   * runner refuses it.
   */
  readonly run: <A, E>(
    effect: Effect.Effect<A, E>,
    signal?: AbortSignal
  ) => Promise<Exit.Exit<A, E | TaskStorageUnavailable>>
  /** The same for those who do not wait for what is over at once: it calls back before it gives anything then. */
  readonly fork: <A, E>(
    effect: Effect.Effect<A, E>,
    signal: AbortSignal | undefined,
    ended: (exit: Exit.Exit<A, E | TaskStorageUnavailable>) => void
  ) => void
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
  { context, generateId, scope: storageScope, storage }: OpenedStorage,
  { dispatch, ...options }: RunnerOptions
): Promise<OpenedRunner> => {
  requireFunction("dispatch", dispatch)
  const findCallerSpan = Context.get(context, CallerSpan)
  const scope = Scope.forkUnsafe(storageScope)
  const runnerLayer = layer({ ...options, dispatch: dispatch === undefined ? undefined : dispatching(dispatch) })
  const ids = Layer.succeed(TaskIds, generateId === undefined ? undefined : namedBy(generateId))
  try {
    // Added before the runner, so that what waits for its tasks ends after these.
    const fibers = await Effect.runPromise(Scope.provide(FiberSet.make<unknown, unknown>(), scope))
    const built = await new PromiseCalls(withoutCaller(context), Effect.void).write(
      "openTaskRunner",
      undefined,
      plainCall,
      () =>
        Layer.buildWithScope(
          Layer.provide(runnerLayer, Layer.mergeAll(Layer.succeed(TaskStorage, storage), ids)),
          scope
        ),
      identity
    )
    let isClosed = false
    // Added last, so that it is known before the runner begins to end.
    await Effect.runPromise(Scope.addFinalizer(
      scope,
      Effect.sync(() => {
        isClosed = true
      })
    ))
    const fork: OpenedRunner["fork"] = (effect, signal, ended) => {
      if (isClosed) return ended(Exit.fail(runnerClosed("run")))
      const fiber = Effect.runForkWith(context)(inCallerSpan(findCallerSpan, effect), { signal })
      FiberSet.addUnsafe(fibers, fiber)
      fiber.addObserver(ended)
    }
    return {
      storage,
      runner: Context.get(built, TaskRunner),
      context,
      run: (effect, signal) => new Promise((resolve) => fork(effect, signal, resolve)),
      fork,
      isClosed: () => isClosed,
      close: () => Effect.runPromiseWith(context)(Scope.close(scope, Exit.void))
    }
  } catch (error) {
    await Effect.runPromiseWith(context)(Scope.close(scope, Exit.void))
    throw error
  }
}

/**
 * Says that a runner was closed.
 *
 * @since 0.2.0
 * @category constructors
 */
export const runnerClosed = (operation: string): TaskStorageUnavailable =>
  new TaskStorageUnavailable({ operation, reason: "the runner is closed", retryable: false, applied: "no" })

/** What the user of a layer gave to name tasks. */
const namedBy = (generateId: () => string): Effect.Effect<string, InvalidInput> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(newId(generateId))
    } catch (error) {
      return error instanceof InvalidInput ? Effect.fail(error) : Effect.die(error)
    }
  })

const dispatching = (dispatch: Dispatch): NonNullable<TaskRunnerOptions["dispatch"]> => (taskId, options) =>
  Effect.promise(async () => dispatch(taskId, options))
