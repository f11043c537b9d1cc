/**
 * Reading a kind of tasks.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import type { StoredKinds } from "../driver/KindDriver.ts"
import { allOf } from "../effects/allOf.ts"
import type { InvalidInput } from "../task/TaskError.ts"
import { orNull, parseShortText, parseText } from "./ArgumentParsers.ts"
import { maxNameLength } from "./maxNameLength.ts"
import { taskKind } from "./operationOptions.ts"
import { readFields } from "./optionNames.ts"
import type { TaskKind } from "./TaskOptions.ts"

/**
 * Parses a kind of tasks.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseKind = (field: string, kind: TaskKind): Result.Result<StoredKinds, InvalidInput> =>
  Result.flatMap(readFields(field, kind, taskKind, `${field}.`), ({ method, name }) =>
    Result.map(
      allOf([
        parseText(`${field}.method`, method),
        name === undefined
          ? Result.succeed(undefined)
          : orNull(name, (value) => parseShortText(`${field}.name`, value, maxNameLength))
      ]),
      ([originalMethod, name]) => ({ originalMethod, name })
    ))
