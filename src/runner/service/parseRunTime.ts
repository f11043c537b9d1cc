/**
 * How long a worker may have a task.
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { readOptions } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { runTaskOptions } from "./operationOptions.ts"
import type { RunTaskOptions } from "./TaskRunner.ts"

/** Ten years in milliseconds. No task runs for so long: such a number is a point in time, not a duration. */
const longestTimeout = 10 * 365 * 86_400_000

/**
 * How many milliseconds a worker may have its task, and until when, in milliseconds since the epoch. Both may be infinite,
 * and over already.
 *
 * @since 0.2.0
 * @category models
 */
export interface RunTime {
  readonly timeout: number
  readonly deadline: number
}

/**
 * A worker that may have its task for as long as that takes.
 *
 * @since 0.2.0
 * @category constants
 */
export const unlimited: RunTime = { timeout: Infinity, deadline: Infinity }

/**
 * Gives how many milliseconds are left for a worker that begins now.
 *
 * @since 0.2.0
 * @category accessors
 */
export const timeLeft = ({ deadline, timeout }: RunTime, now: number): number => Math.min(timeout, deadline - now)

/**
 * Parses how long a worker may have a task.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseRunTime = (options: RunTaskOptions | undefined): Result.Result<RunTime, InvalidInput> =>
  Result.gen(function*() {
    const given = yield* readOptions(options, runTaskOptions)
    return {
      timeout: given?.timeout === undefined ? Infinity : yield* parseTimeout(given.timeout),
      deadline: given?.deadline === undefined ? Infinity : yield* parseDeadline(given.deadline)
    }
  })

const parseTimeout = (timeout: Duration.Input): Result.Result<number, InvalidInput> => {
  const millis = typeof timeout === "number" ? timeout : durationMillis(timeout)
  if (Number.isNaN(millis)) return refuse("timeout", "must be a duration")
  return millis > longestTimeout && millis !== Infinity
    ? refuse("timeout", "must be a duration of less than ten years; for a point in time there is deadline")
    : Result.succeed(Math.floor(millis))
}

const durationMillis = (timeout: Duration.Input): number => {
  try {
    return Option.match(Duration.fromInput(timeout), { onNone: () => NaN, onSome: Duration.toMillis })
  } catch {
    // The parser throws for a value of another type.
    return NaN
  }
}

const parseDeadline = (deadline: unknown): Result.Result<number, InvalidInput> => {
  const millis = deadline instanceof Date
    ? deadline.getTime()
    : Predicate.hasProperty(deadline, "epochMilliseconds")
    ? deadline.epochMilliseconds
    : undefined
  return typeof millis === "number" && !Number.isNaN(millis)
    ? Result.succeed(millis)
    : refuse("deadline", "must be a Date or a DateTime; for a duration there is timeout")
}

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))
