/**
 * Writing tasks as lines of NDJSON.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ExportProgress } from "./AdminOperations.ts"
import type { ExportOptions, TaskSelection } from "./AdminOptions.ts"
import { makeRecordReader, type RecordSource } from "./makeRecordReader.ts"
import { writeLine } from "./RecordLine.ts"
import { selectionBatches, type SelectionError } from "./selectionBatches.ts"
import { wholeTasks } from "./transferTask.ts"
import { countTagged } from "./withTotals.ts"

/**
 * Writes the tasks of a selection as lines.
 *
 * @since 0.2.0
 * @category constructors
 */
export const exportTasks = (
  from: RecordSource,
  selection: TaskSelection,
  options: ExportOptions | undefined
): Stream.Stream<ExportProgress, SelectionError> =>
  Stream.unwrap(Effect.sync(() => {
    const read = makeRecordReader(from)
    return Stream.mapAccum(
      // A batch is in memory as a whole.
      selectionBatches(from, selection, options, { size: wholeTasks, concurrency: wholeTasks, perform: read }),
      () => ({ examined: 0, exported: 0, leftOut: 0, failed: 0, passed: 0 }),
      (counts, { examined, items, nextCursor, passed }) => {
        const lines: Array<string> = []
        const tasks: Array<ExportProgress["tasks"][number]> = []
        for (const item of items) {
          if ("_tag" in item) tasks.push(item)
          else lines.push(writeLine(item))
        }
        const total = {
          examined: counts.examined + examined,
          exported: counts.exported + lines.length,
          leftOut: counts.leftOut + countTagged(tasks, "LeftOut"),
          failed: counts.failed + countTagged(tasks, "Failed"),
          passed: counts.passed + passed
        }
        return [total, [{ ...total, lines, tasks, ...(nextCursor === undefined ? {} : { nextCursor }) }]]
      }
    )
  }))
