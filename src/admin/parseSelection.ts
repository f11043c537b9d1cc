/**
 * Which tasks an operation in bulk is for.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { readFields } from "../domain/options/optionNames.ts"
import type { StorageListOptions } from "../domain/options/TaskOptions.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"
import type { TaskSelection } from "./AdminOptions.ts"
import { narrowingFields, selectionFields } from "./operationOptions.ts"

/**
 * Parses a selection into the filter of a list. The list judges the values of the filter.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseSelection = (
  selection: TaskSelection
): Result.Result<Omit<StorageListOptions, "cursor" | "limit">, InvalidInput> =>
  Result.flatMap(readFields("selection", selection, selectionFields), ({ all, ...filter }) => {
    const narrows = narrowingFields.some((field) => filter[field] !== undefined)
    if (all !== undefined && all !== true) return refuse("all", "must be true, or absent")
    if (all === true && narrows) return refuse("all", "stands alone; leave it out, or leave the filter out")
    return all === true || narrows
      ? Result.succeed(filter)
      : refuse("selection", "names no filter; for all tasks say { all: true }")
  })

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))
