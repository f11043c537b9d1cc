/**
 * Taking over a task of another storage.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { allOf } from "./allOf.ts"
import { parseFlag } from "./ArgumentParsers.ts"
import { boundsFor } from "./boundsFor.ts"
import { importOptions, recordFields } from "./operationOptions.ts"
import { readFields, readOptions } from "./optionNames.ts"
import { isExpired, type StoredTask } from "./StoredTask.ts"
import { answered, operate, parsed } from "./TaskAccess.ts"
import type { TaskDriver } from "./TaskDriver.ts"
import { type InvalidInput, MaxTasksReached, type PayloadTooLarge, type TaskStorageUnavailable } from "./TaskError.ts"
import { differingFields, draftImport } from "./TaskImport.ts"
import type { ImportResult, TaskStorageShape } from "./TaskOperations.ts"
import type { ImportOptions } from "./TaskOptions.ts"
import type { TaskRecordFields } from "./TaskRecord.ts"
import type { ResolvedOptions } from "./TaskStorageOptions.ts"
import { contention, maxAttempts } from "./TaskWriter.ts"

/**
 * Makes the operation that takes over a task of another storage.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeImportTask = (driver: TaskDriver, options: ResolvedOptions): TaskStorageShape["importTask"] => {
  type Imported = Effect.Effect<ImportResult, MaxTasksReached | TaskStorageUnavailable>

  const compare = (row: StoredTask, now: number, otherwise: () => Imported): Imported =>
    answered(operation, driver.find(row.taskId, { now, session: undefined }), (stored): Imported => {
      if (stored === undefined) return otherwise()
      const fields = differingFields(row, stored)
      return Effect.succeed(fields.length === 0 ? same : { _tag: "Differs", fields })
    })

  const insert = (row: StoredTask, now: number, attempt = 1): Imported =>
    answered(operation, driver.insert(row, boundsFor(row, options), now), (result): Imported => {
      switch (result._tag) {
        case "Inserted":
          return Effect.succeed(imported)
        case "LimitReached":
          return Effect.fail(new MaxTasksReached({ scope: result.scope, limit: result.limit }))
        case "Exists":
          // It may go between the two.
          return compare(row, now, () => attempt < maxAttempts ? insert(row, now, attempt + 1) : contention(operation))
      }
    })

  return (record, settings) =>
    parsed(parseImport(record, settings, options), ({ dryRun, row }) =>
      operate(operation, row.taskId, (now) => {
        if (isExpired(row, now)) return Effect.succeed(expired)
        return dryRun ? compare(row, now, () => Effect.succeed(imported)) : insert(row, now)
      }))
}

const operation = "importTask"

const imported: ImportResult = { _tag: "Imported" }
const same: ImportResult = { _tag: "Same" }
const expired: ImportResult = { _tag: "Expired" }

const parseImport = (
  record: TaskRecordFields,
  settings: ImportOptions | undefined,
  options: ResolvedOptions
): Result.Result<{ readonly dryRun: boolean; readonly row: StoredTask }, InvalidInput | PayloadTooLarge> =>
  Result.flatMap(
    allOf([readOptions(settings, importOptions), readFields("record", record, recordFields)]),
    ([settings, record]) =>
      Result.map(
        allOf([parseFlag("dryRun", settings?.dryRun), draftImport(record, options.nextIncarnation(), options)]),
        ([dryRun, row]) => ({ dryRun, row })
      )
  )
