/**
 * Storing the tasks of lines of NDJSON.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { parseFlag } from "../domain/options/ArgumentParsers.ts"
import type { TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import type { TaskRecordFields } from "../domain/task/TaskRecord.ts"
import type { TransferProgress, TransferTask } from "./AdminOperations.ts"
import type { ImportTasksOptions } from "./AdminOptions.ts"
import { InvalidLine } from "./InvalidLine.ts"
import { engineFault, performAll } from "./performAll.ts"
import { readLine } from "./RecordLine.ts"
import { addTransfers, noTransfers, transferTask, wholeTasks } from "./transferTask.ts"

interface NumberedLine {
  readonly line: string
  readonly number: number
}

interface LineBatch {
  readonly lines: ReadonlyArray<NumberedLine>
  readonly characters: number
  readonly next: number
}

const mostLines = 500
const mostCharacters = 8 * 1024 * 1024

/** Gathers lines until they are many, or long. Blank ones only count. */
const gathered = <E, R>(lines: Stream.Stream<string, E, R>): Stream.Stream<ReadonlyArray<NumberedLine>, E, R> =>
  Stream.mapAccum(
    lines,
    (): LineBatch => ({ lines: [], characters: 0, next: 1 }),
    (batch, line) => {
      const next = batch.next + 1
      if (line.trim() === "") return [{ ...batch, next }, []]
      const lines = [...batch.lines, { line: line.trim(), number: batch.next }]
      const characters = batch.characters + line.length
      return lines.length < mostLines && characters < mostCharacters
        ? [{ lines, characters, next }, []]
        : [{ lines: [], characters: 0, next }, [lines]]
    },
    { onHalt: ({ lines }) => lines.length === 0 ? [] : [lines] }
  )

interface ReadRecord {
  readonly record: TaskRecordFields
  readonly number: number
}

/** The records up to the first line that is none. */
const readLines = (
  lines: ReadonlyArray<NumberedLine>
): { readonly records: ReadonlyArray<ReadRecord>; readonly invalid: InvalidLine | undefined } => {
  const records: Array<ReadRecord> = []
  for (const { line, number } of lines) {
    const read = readLine(line)
    if (Result.isFailure(read)) return { records, invalid: new InvalidLine({ line: number, reason: read.failure }) }
    records.push({ record: read.success, number })
  }
  return { records, invalid: undefined }
}

/**
 * Stores the tasks of lines that an export has written.
 *
 * @since 0.2.0
 * @category constructors
 */
export const importTasks = <E, R>(
  to: Pick<TaskStorageShape, "importTask">,
  lines: Stream.Stream<string, E, R>,
  options: ImportTasksOptions | undefined
): Stream.Stream<TransferProgress, E | InvalidInput | InvalidLine | TaskStorageUnavailable, R> =>
  Stream.unwrap(Effect.map(Effect.fromResult(parseFlag("dryRun", options?.dryRun)), (dryRun) => {
    const store = (batch: ReadonlyArray<NumberedLine>) => {
      const { invalid, records } = readLines(batch)
      return Effect.map(
        performAll<ReadRecord, TransferTask, InvalidLine | TaskStorageUnavailable>(records, wholeTasks, {
          perform: ({ record }) => transferTask(to, record, dryRun),
          failed: ({ record: { taskId } }, error) => ({ _tag: "Failed", taskId, error }),
          faultOf: ({ number }, error) =>
            error._tag === "InvalidInput"
              ? new InvalidLine({ line: number, reason: error.message.replace(/\.$/, "") })
              : engineFault(error)
        }),
        ({ fault, items }) => ({ items, fault: fault ?? invalid })
      )
    }
    return gathered(lines).pipe(
      Stream.mapEffect(store),
      Stream.mapAccum(() => noTransfers, (counts, { fault, items }) => {
        const total = addTransfers(counts, items.length, items)
        return [total, [{ fault, progress: { ...total, passed: total.examined, tasks: items } }]]
      }),
      Stream.flatMap(({ fault, progress }) =>
        fault === undefined
          ? Stream.succeed(progress)
          : Stream.concat(Stream.succeed(progress), Stream.fail(fault))
      )
    )
  }))
