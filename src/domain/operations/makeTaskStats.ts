/**
 * The operations that ask something of all tasks.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { TaskDriver } from "../driver/TaskDriver.ts"
import { allOf } from "../effects/allOf.ts"
import { orAbsent, parseCount, parseId, parseMillis } from "../options/ArgumentParsers.ts"
import { findTaskIdsOptions, taskStatsOptions } from "../options/operationOptions.ts"
import { readOptions } from "../options/optionNames.ts"
import type { ResolvedOptions } from "../options/TaskStorageOptions.ts"
import type { PauseOperations } from "../service/PauseOperations.ts"
import type { StatsOperations, TaskStats } from "../service/TaskStats.ts"
import type { WorkerOperations } from "../service/WorkerOperations.ts"
import { statsOfTally } from "./statsOfTally.ts"
import { findEndingByPages, tallyByPages } from "./tallyTasks.ts"
import { answered, decoded, operate, parsed } from "./TaskAccess.ts"

const hour = 3_600_000

/** Nothing was written before the first moment of a `DateTime`. */
const earliestTime = -8.64e15

/** Of how many failures the reasons are read. */
const failureLimit = 10_000

/** Two ids are enough to know that an ending is ambiguous. */
const defaultIds = 2

/**
 * Makes the operations.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskStats = (
  driver: TaskDriver,
  { listWorkers, pausedTasks }: Pick<WorkerOperations & PauseOperations, "listWorkers" | "pausedTasks">,
  options: ResolvedOptions
): StatsOperations => {
  const tally = driver.tally ?? ((query) => tallyByPages(driver, query))
  const findEnding = driver.findEnding ?? ((query) => findEndingByPages(driver, query))

  const countWorkers = Effect.map(Effect.suspend(listWorkers), (listed): TaskStats["workers"] => {
    const dead = listed.filter(({ worker }) => worker.diedAt !== undefined).length
    return {
      live: listed.length - dead,
      dead,
      tasks: listed.reduce((total, { tasks }) => total + tasks, 0)
    }
  })

  return {
    taskStats: (given) =>
      parsed(
        Result.flatMap(readOptions(given, taskStatsOptions), (given) =>
          allOf([
            orAbsent(given?.sessionId, (value) => parseId("sessionId", value)),
            orAbsent(given?.failuresSince, (value) => parseMillis("failuresSince", value, 0))
          ])),
        ([session, failuresSince]) =>
          operate(driver.backendName, "taskStats", undefined, (now) => {
            const query = {
              scope: { now, session: session ?? undefined },
              failedSince: Math.max(now - (failuresSince ?? hour), earliestTime),
              failureLimit
            }
            return answered("taskStats", tally(query), (tally) =>
              Effect.flatMap(decoded("taskStats", tally, (tally) => statsOfTally(tally, query)), (stats) =>
                Effect.zipWith(
                  Effect.suspend(pausedTasks),
                  countWorkers,
                  (paused, workers): TaskStats => ({ ...stats, paused, workers })
                )))
          })
      ),

    findTaskIds: (given) =>
      parsed(
        Result.flatMap(readOptions(given, findTaskIdsOptions), (given) =>
          allOf([
            parseId("ending", given?.ending),
            orAbsent(given?.limit, (value) => parseCount("limit", value))
          ])),
        ([ending, limit]) =>
          operate(driver.backendName, "findTaskIds", undefined, (now) =>
            answered(
              "findTaskIds",
              findEnding({
                ending,
                scope: { now, session: undefined },
                limit: Math.min(limit ?? defaultIds, options.maxPageSize)
              }),
              Effect.succeed
            ))
      )
  }
}
