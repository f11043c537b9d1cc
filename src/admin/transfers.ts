/**
 * Moving tasks from one storage to another: directly, or by lines of NDJSON.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { parseFlag } from "../domain/ArgumentParsers.ts"
import type { InvalidInput, TaskStorageError, TaskStorageUnavailable } from "../domain/TaskError.ts"
import type { TaskStorageShape } from "../domain/TaskOperations.ts"
import type { TaskRecord, TaskRecordFields, TaskSummary } from "../domain/TaskRecord.ts"
import type { ExportProgress, LeftOutTask, TransferProgress, TransferTask } from "./AdminOperations.ts"
import type { CopyOptions, ExportOptions, ImportTasksOptions, TaskSelection } from "./AdminOptions.ts"
import { InvalidLine } from "./InvalidLine.ts"
import { makeRunning } from "./makeRunning.ts"
import { engineFault, performAll } from "./performAll.ts"
import { readLine, writeLine } from "./RecordLine.ts"
import { selectionBatches, type SelectionError } from "./selectionBatches.ts"

type Source = Pick<TaskStorageShape, "listTaskSummaries" | "listWorkers" | "getTask">

/** Whole tasks are large: this many are in memory at once. */
const concurrency = 32

const batchSize = 500

const gone = "it does not exist any more"
const expired = "it has expired"

/**
 * Reads whole tasks, and leaves out those that run. Whether they do is asked again of the whole task, since somebody may have claimed
 * it in between.
 */
const makeReader = (storage: Source) => {
  const running = makeRunning(storage)
  return Effect.fnUntraced(function*(
    summary: TaskSummary
  ): Effect.fn.Return<TaskRecord | LeftOutTask, InvalidInput | TaskStorageUnavailable> {
    const { taskId } = summary
    const leftOut = (reason: string): LeftOutTask => ({ _tag: "LeftOut", taskId, reason })
    const runs = yield* running(summary)
    if (runs !== undefined) return leftOut(runs)
    const record = Option.getOrUndefined(yield* storage.getTask(taskId))
    if (record === undefined) return leftOut(gone)
    const runsNow = yield* running(record)
    return runsNow === undefined ? record : leftOut(runsNow)
  })
}

/**
 * Stores a whole task.
 */
const take = (
  to: Pick<TaskStorageShape, "importTask">,
  record: TaskRecordFields,
  dryRun: boolean
): Effect.Effect<TransferTask, TaskStorageError> =>
  Effect.map(to.importTask(record, { dryRun }), (result): TransferTask => {
    const { taskId } = record
    switch (result._tag) {
      case "Imported":
        return { _tag: dryRun ? "WouldBeCopied" : "Copied", taskId }
      case "Same":
        return { _tag: "Same", taskId }
      case "Differs":
        return { _tag: "Differs", taskId, fields: result.fields }
      case "Expired":
        return { _tag: "LeftOut", taskId, reason: expired }
    }
  })

type Counts = Omit<TransferProgress, "tasks" | "nextCursor">

const noCounts: Counts = { examined: 0, copied: 0, same: 0, differing: 0, leftOut: 0, failed: 0 }

const addTo = (counts: Counts, examined: number, tasks: ReadonlyArray<TransferTask>): Counts => {
  const count = (...tags: ReadonlyArray<TransferTask["_tag"]>) => tasks.filter(({ _tag }) => tags.includes(_tag)).length
  return {
    examined: counts.examined + examined,
    copied: counts.copied + count("Copied", "WouldBeCopied"),
    same: counts.same + count("Same"),
    differing: counts.differing + count("Differs"),
    leftOut: counts.leftOut + count("LeftOut"),
    failed: counts.failed + count("Failed")
  }
}

/**
 * Copies the tasks of a selection.
 *
 * @since 0.2.0
 * @category constructors
 */
export const copyTasks = (
  from: Source,
  to: Pick<TaskStorageShape, "importTask">,
  selection: TaskSelection,
  options: CopyOptions | undefined
): Stream.Stream<TransferProgress, SelectionError> =>
  Stream.unwrap(Effect.map(Effect.fromResult(parseFlag("dryRun", options?.dryRun)), (dryRun) => {
    const read = makeReader(from)
    const perform = (summary: TaskSummary): Effect.Effect<TransferTask, TaskStorageError> =>
      Effect.flatMap(
        read(summary),
        (found) => "_tag" in found ? Effect.succeed(found) : take(to, found, dryRun)
      )
    return Stream.mapAccum(
      selectionBatches(from, selection, options, { size: batchSize, concurrency, perform }),
      () => noCounts,
      (counts, { examined, items, nextCursor }) => {
        const total = addTo(counts, examined, items)
        return [total, [{ ...total, tasks: items, ...(nextCursor === undefined ? {} : { nextCursor }) }]]
      }
    )
  }))

/**
 * Writes the tasks of a selection as lines.
 *
 * @since 0.2.0
 * @category constructors
 */
export const exportTasks = (
  from: Source,
  selection: TaskSelection,
  options: ExportOptions | undefined
): Stream.Stream<ExportProgress, SelectionError> =>
  Stream.unwrap(Effect.sync(() => {
    const read = makeReader(from)
    return Stream.mapAccum(
      // A batch is in memory as a whole.
      selectionBatches(from, selection, options, { size: concurrency, concurrency, perform: read }),
      () => ({ examined: 0, exported: 0, leftOut: 0, failed: 0 }),
      (counts, { examined, items, nextCursor }) => {
        const lines: Array<string> = []
        const tasks: Array<ExportProgress["tasks"][number]> = []
        for (const item of items) {
          if ("_tag" in item) tasks.push(item)
          else lines.push(writeLine(item))
        }
        const count = (tag: "LeftOut" | "Failed") => tasks.filter(({ _tag }) => _tag === tag).length
        const total = {
          examined: counts.examined + examined,
          exported: counts.exported + lines.length,
          leftOut: counts.leftOut + count("LeftOut"),
          failed: counts.failed + count("Failed")
        }
        return [total, [{ ...total, lines, tasks, ...(nextCursor === undefined ? {} : { nextCursor }) }]]
      }
    )
  }))

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
        performAll<ReadRecord, TransferTask, InvalidLine | TaskStorageUnavailable>(records, concurrency, {
          perform: ({ record }) => take(to, record, dryRun),
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
      Stream.mapAccum(() => noCounts, (counts, { fault, items }) => {
        const total = addTo(counts, items.length, items)
        return [total, [{ fault, progress: { ...total, tasks: items } }]]
      }),
      Stream.flatMap(({ fault, progress }) =>
        fault === undefined
          ? Stream.succeed(progress)
          : Stream.concat(Stream.succeed(progress), Stream.fail(fault))
      )
    )
  }))
