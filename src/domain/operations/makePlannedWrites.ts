/**
 * Writes that are decided before anything is read.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { allOf } from "../effects/allOf.ts"
import { planSettle, planStoreResult, planTouch, planTransition } from "../machine/TaskMachine.ts"
import { orAbsent, parseMillis, parseStatus } from "../options/ArgumentParsers.ts"
import { settleOptions, storeResultOptions, touchOptions, transitionOptions } from "../options/operationOptions.ts"
import { readOptions } from "../options/optionNames.ts"
import { parseNextHold } from "../options/parseHold.ts"
import type { SettleOptions, StoreResultOptions } from "../options/TaskOptions.ts"
import {
  parseEnd,
  parseEndOf,
  parseFinal,
  parseNote,
  parseOutcome,
  parseRun,
  parseTtl,
  parseWriter,
  withEnd
} from "../options/TaskParsers.ts"
import type { ResolvedOptions } from "../options/TaskStorageOptions.ts"
import type { PlannedWrites } from "../service/TaskOperations.ts"
import { overLimits, withinLimits } from "../task/PayloadLimits.ts"
import type { InvalidInput } from "../task/TaskError.ts"
import { parsed } from "./TaskAccess.ts"
import type { Execute } from "./TaskWriter.ts"

/**
 * Makes the writes, which give what `execute` gives. `onTask` parses the id of a task.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makePlannedWrites = <Written>(
  execute: Execute<Written>,
  options: ResolvedOptions,
  onTask: (taskId: string) => Result.Result<string, InvalidInput>
): PlannedWrites<Written> => {
  const parseStoring = (given: StoreResultOptions | undefined) =>
    allOf([parseRun(given), parseEnd(given, options), parseWriter(given?.attempt)])

  const parseSettling = (given: SettleOptions | undefined) =>
    allOf([parseFinal(given?.status), parseNote(given), parseEnd(given, options), parseWriter(given?.attempt)])

  // Most tasks end without options, which need not be parsed for each.
  const storedAsItIs = parseStoring(undefined)
  const settledAsItIs = parseSettling(undefined)

  return {
    updateTaskStatus: (taskId, status, change) =>
      parsed(readOptions(change, transitionOptions), (change) => {
        const parsedStatus = parseStatus("status", status)
        return parsed(
          allOf([
            onTask(taskId),
            parsedStatus,
            parseNote(change),
            Result.flatMap(parsedStatus, (to) => parseEndOf(to, change, options)),
            parseWriter(change?.attempt)
          ]),
          ([id, to, note, end, writer]) =>
            parsed(
              withinLimits(options, undefined, note.statusMessage),
              () =>
                execute(
                  "updateTaskStatus",
                  id,
                  (now) => planTransition(to, withEnd(note, end, now), writer, now, options)
                )
            )
        )
      }),

    storeTaskResult: (taskId, outcome, settings) => {
      const read = readOptions(settings, storeResultOptions)
      if (Result.isFailure(read)) return Effect.fail(read.failure)
      const given = read.success
      const checked = allOf([
        onTask(taskId),
        parseOutcome("outcome", outcome),
        given === undefined ? storedAsItIs : parseStoring(given)
      ])
      if (Result.isFailure(checked)) return Effect.fail(checked.failure)
      const parts = checked.success
      const tooLarge = overLimits(options, parts[1].result)
      if (tooLarge !== undefined) return Effect.fail(tooLarge)
      return execute("storeTaskResult", parts[0], (now) => {
        const [run, end, writer] = parts[2]
        return planStoreResult(parts[1], withEnd(run, end, now), writer, now)
      })
    },

    settleTask: (taskId, outcome, settings) => {
      const read = readOptions(settings, settleOptions)
      if (Result.isFailure(read)) return Effect.fail(read.failure)
      const given = read.success
      const checked = allOf([
        onTask(taskId),
        parseOutcome("outcome", outcome),
        given === undefined ? settledAsItIs : parseSettling(given)
      ])
      if (Result.isFailure(checked)) return Effect.fail(checked.failure)
      const parts = checked.success
      const tooLarge = overLimits(options, parts[1].result, parts[2][1].statusMessage)
      if (tooLarge !== undefined) return Effect.fail(tooLarge)
      return execute("settleTask", parts[0], (now) => {
        const [status, note, end, writer] = parts[2]
        return planSettle(parts[1], status, withEnd(note, end, now), writer, now, options)
      })
    },

    touchTask: (taskId, change) =>
      parsed(readOptions(change, touchOptions), (change) =>
        parsed(
          allOf([
            onTask(taskId),
            parseNote(change),
            orAbsent(change?.ttl, (ttl) => Result.map(parseTtl(ttl, options), (ttl) => ({ ttl }))),
            orAbsent(
              change?.pollInterval,
              (value) => Result.map(parseMillis("pollInterval", value, 0), (pollInterval) => ({ pollInterval }))
            ),
            parseNextHold(change),
            parseWriter(change?.attempt)
          ]),
          ([id, note, ttl, pollInterval, hold, writer]) =>
            parsed(
              withinLimits(options, undefined, note.statusMessage),
              () =>
                execute("touchTask", id, (now) =>
                  planTouch(
                    { ...note, ...ttl, ...pollInterval, ...hold(now) },
                    writer,
                    now,
                    options
                  ))
            )
        ))
  }
}
