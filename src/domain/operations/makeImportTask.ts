/**
 * Taking over a task of another storage.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { boundsFor } from "../driver/boundsFor.ts"
import type { TaskDriver } from "../driver/TaskDriver.ts"
import { allOf } from "../effects/allOf.ts"
import { parseFlag } from "../options/ArgumentParsers.ts"
import { importOptions, recordFields } from "../options/operationOptions.ts"
import { readFields, readOptions } from "../options/optionNames.ts"
import type { ImportOptions } from "../options/TaskOptions.ts"
import type { ResolvedOptions } from "../options/TaskStorageOptions.ts"
import type { ImportResult, TaskStorageShape } from "../service/TaskOperations.ts"
import { isExpired, type StoredTask } from "../task/StoredTask.ts"
import {
  type InvalidInput,
  MaxTasksReached,
  type PayloadTooLarge,
  type TaskStorageUnavailable
} from "../task/TaskError.ts"
import type { TaskRecordFields } from "../task/TaskRecord.ts"
import { answered, operate, parsed } from "./TaskAccess.ts"
import { differingFields, draftImport } from "./TaskImport.ts"
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
    parsed(
      parseImport(record, settings, options),
      ({ dryRun, row }) =>
        operate(driver.backendName, operation, row.taskId, (now) => {
          if (isExpired(row, now)) return Effect.succeed(expired)
          return dryRun ? compare(row, now, () => Effect.succeed(imported)) : insert(row, now)
        })
    )
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
