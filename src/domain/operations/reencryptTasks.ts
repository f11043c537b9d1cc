/**
 * Sealing tasks anew, page by page.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { TaskDriver, TaskPosition } from "../driver/TaskDriver.ts"
import { allOf } from "../effects/allOf.ts"
import { orAbsent, orNull, parseCount } from "../options/ArgumentParsers.ts"
import { reencryptOptions } from "../options/operationOptions.ts"
import { readOptions } from "../options/optionNames.ts"
import type { ReencryptOptions } from "../options/TaskOptions.ts"
import type { ReencryptProgress, TaskStorageShape } from "../service/TaskOperations.ts"
import { type InvalidCursor, InvalidInput, type TaskStorageUnavailable } from "../task/TaskError.ts"
import { answered, operate } from "./TaskAccess.ts"
import { decodeCursor, encodeCursor } from "./TaskCursor.ts"
import { noFilter } from "./TaskFilter.ts"

const defaultPageSize = 100

/** How many bytes of tasks one page has. */
const maxBytes = 4 * 1024 * 1024

/** Cursors are those of a list of all tasks. */
const everyTask = { session: undefined, filter: noFilter }

/** Where a run is, and what it has done. */
interface Place {
  readonly after: TaskPosition | undefined
  readonly examined: number
  readonly resealed: number
}

type Reseal = NonNullable<TaskDriver["reseal"]>

type Failure = InvalidInput | InvalidCursor | TaskStorageUnavailable

/**
 * Makes the operation of a driver.
 *
 * @since 0.2.0
 * @category constructors
 */
export const reencryptTasks =
  ({ backendName, reseal }: Pick<TaskDriver, "backendName" | "reseal">): TaskStorageShape["reencryptTasks"] =>
  (options) =>
    Stream.unwrap(
      Effect.suspend(() =>
        Effect.fromResult(Result.flatMap(parse(options), ({ after, limit }) =>
          reseal === undefined
            ? Result.fail(
              new InvalidInput({ field: "encryption", reason: "is not an option of this storage; open it with keys" })
            )
            : Result.succeed(run(backendName, reseal, limit, after))))
      )
    )

const parse = (options: ReencryptOptions | undefined) =>
  Result.flatMap(readOptions(options, reencryptOptions), (options) =>
    Result.flatMap(
      allOf([orNull(options?.limit, (value) => parseCount("limit", value))]),
      ([limit]) =>
        Result.map(
          orAbsent(options?.cursor, (cursor) => decodeCursor(everyTask, cursor)),
          (after) => ({ limit: Math.min(limit ?? defaultPageSize, 1_000), after: after ?? undefined })
        )
    ))

const run = (
  backendName: string,
  reseal: Reseal,
  limit: number,
  after: TaskPosition | undefined
): Stream.Stream<ReencryptProgress, Failure> =>
  Stream.unfold<Place | undefined, ReencryptProgress, Failure, never>(
    { after, examined: 0, resealed: 0 },
    (place) =>
      place === undefined
        ? Effect.undefined
        : operate(backendName, "reencryptTasks", undefined, (now) =>
          answered("reencryptTasks", reseal({ after: place.after, limit, maxBytes, now }), (page) => {
            const examined = place.examined + page.examined
            const resealed = place.resealed + page.resealed
            const { next, unreadable } = page
            const progress = { examined, resealed, unreadable }
            return Effect.succeed(
              next === undefined
                ? [progress, undefined] as const
                : [
                  { ...progress, cursor: encodeCursor(everyTask, next) },
                  { after: next, examined, resealed }
                ] as const
            )
          }))
  )
