/**
 * Turning the primitives of a backend into the service.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type { TaskDriver } from "./driver/TaskDriver.ts"
import { backgroundSleep } from "./effects/backgroundSleep.ts"
import { inspectStore } from "./operations/inspectStore.ts"
import { makeFreeTasks } from "./operations/makeFreeTasks.ts"
import { makeImportTask } from "./operations/makeImportTask.ts"
import { makePauses } from "./operations/makePauses.ts"
import { countTasks, makeSessionTasks } from "./operations/makeSessionTasks.ts"
import { makeTaskMessages } from "./operations/makeTaskMessages.ts"
import { makeTaskStats } from "./operations/makeTaskStats.ts"
import { makeWorkers } from "./operations/makeWorkers.ts"
import { reencryptTasks } from "./operations/reencryptTasks.ts"
import { answered, operate, parsed } from "./operations/TaskAccess.ts"
import { makeTaskSweep } from "./operations/TaskSweep.ts"
import { makeTaskWatch } from "./operations/TaskWatch.ts"
import { parseId } from "./options/ArgumentParsers.ts"
import { storageListOptions } from "./options/operationOptions.ts"
import { readOptions } from "./options/optionNames.ts"
import { requireOptions, resolveOptions, type TaskStorageOptions } from "./options/TaskStorageOptions.ts"
import type { TaskStorageShape } from "./service/TaskOperations.ts"
import type { InvalidInput } from "./task/TaskError.ts"
import { uuidV7 } from "./task/TaskId.ts"
import { untraced } from "./telemetry/untraced.ts"

/**
 * Makes the `TaskStorage` service of a driver. Every rule of the contract is added here, so that backends cannot differ.
 * The scope ends the maintenance that runs in the background. `own` names the options of the layer itself. A name that is
 * neither one of these nor an option of every layer is refused.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromDriver = Effect.fnUntraced(
  function*(
    driver: TaskDriver,
    options: TaskStorageOptions = {},
    own: ReadonlyArray<string> = []
  ): Effect.fn.Return<TaskStorageShape, InvalidInput, Scope.Scope> {
    yield* Effect.fromResult(requireOptions(options, own))
    const resolved = yield* Effect.fromResult(resolveOptions(options, driver))
    const watch = yield* makeTaskWatch(driver)
    const { operations: sweep, upkeep } = makeTaskSweep(driver, watch, resolved)
    const workers = makeWorkers(driver.backendName, driver.workers, watch)
    const pauses = makePauses(driver.backendName, driver.kinds, watch)
    const all = makeSessionTasks(driver, watch, resolved, Result.succeed(undefined))
    // A caller without a compiler may pass `undefined`. That is no session, and must not reach all tasks.
    const forSession = (sessionId: string | null) =>
      makeSessionTasks(
        driver,
        watch,
        resolved,
        sessionId === null ? Result.succeed(null) : parseId("sessionId", sessionId)
      )

    if (resolved.maintenanceInterval !== null) {
      yield* backgroundSleep(resolved.maintenanceInterval).pipe(
        Effect.andThen(upkeep),
        // A driver that dies once does not end it.
        Effect.catchCause((cause) =>
          Effect.logWarning("Maintenance of the task storage failed and will be tried again", Cause.squash(cause))
        ),
        Effect.forever,
        untraced,
        Effect.forkScoped
      )
    }

    return {
      ...all,
      ...sweep,
      inspectStore: inspectStore(driver, resolved),
      reencryptTasks: reencryptTasks(driver),
      ...makeFreeTasks(driver, watch, resolved),
      ...workers,
      ...pauses,
      ...makeTaskStats(driver, { ...workers, ...pauses }, resolved),
      backendName: driver.backendName,
      ...(resolved.active?.whenMaxActive === "wait" ? { seatNews: watch.seatNews } : {}),
      generateTaskId: resolved.generateId === uuidV7
        ? uuidV7
        : Effect.flatMap(resolved.generateId, (id) => Effect.fromResult(parseId("generateId", id))),
      taskCount: () => countTasks(driver, undefined),
      importTask: makeImportTask(driver, resolved),
      forgetSession: (sessionId) =>
        parsed(
          parseId("sessionId", sessionId),
          (session) =>
            operate(driver.backendName, "forgetSession", undefined, () =>
              answered("forgetSession", driver.forget?.(session) ?? Effect.void, Effect.succeed))
        ),
      messages: makeTaskMessages(driver.backendName, driver.messages, resolved),
      forSession,
      listTasksForSession: (sessionId, options) =>
        parsed(parseId("sessionId", sessionId), (session) => forSession(session).listTasks(options)),
      listTaskSummaries: (options) =>
        parsed(readOptions(options, storageListOptions), (options) => {
          const { sessionId, ...request } = options ?? {}
          return (sessionId === undefined ? all : forSession(sessionId)).listTaskSummaries(request)
        })
    }
  }
)
