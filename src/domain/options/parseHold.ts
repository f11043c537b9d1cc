/**
 * Parsers of how a task is held or released.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { extendedFrom, type Hold, holdFrom, type HoldPatch, releasedFrom } from "../machine/TaskHold.ts"
import { InvalidInput } from "../task/TaskError.ts"
import { parseId, parseMillis } from "./ArgumentParsers.ts"
import type { ClaimOptions } from "./TaskOptions.ts"

type Parsed<A> = Result.Result<A, InvalidInput>

/**
 * What a write changes of the hold on a task, by the time of the write.
 *
 * @since 0.2.0
 * @category models
 */
export type ParsedHold = (now: number) => HoldPatch

/**
 * Parses who claims a task.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseHold = (options: ClaimOptions | undefined): Parsed<Hold> => {
  if (options?.worker === undefined) {
    return options?.lease === undefined
      ? Result.fail(new InvalidInput({ field: "lease", reason: "must be given, if no worker is" }))
      : Result.map(parseMillis("lease", options.lease, 1), (lease) => ({ lease }))
  }
  return options.lease === undefined
    ? Result.map(parseId("worker", options.worker), (worker) => ({ worker }))
    : Result.fail(notBoth("lease", "worker"))
}

/**
 * Parses how a new task is held, or what it waits for; `null` when it is neither held nor waits.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseFirstHold = (
  { delay, lease, worker }: ClaimOptions & { readonly delay?: Duration.Input | undefined }
): Parsed<Hold | { readonly delay: number } | null> => {
  if (delay !== undefined) {
    if (lease !== undefined) return Result.fail(notBoth("lease", "delay"))
    if (worker !== undefined) return Result.fail(notBoth("worker", "delay"))
    return Result.map(parseMillis("delay", delay, 0), (delay) => ({ delay }))
  }
  if (worker !== undefined) return parseHold({ lease, worker })
  if (lease === undefined) return nothing
  return Result.map(parseMillis("lease", lease, 0), (lease) => lease === 0 ? { delay: 0 } : { lease })
}

const nothing: Parsed<null> = Result.succeed(null)

/**
 * Parses how the one who has a task holds it from now on, or releases it.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseNextHold = (
  options: { readonly lease?: Duration.Input | undefined; readonly delay?: Duration.Input | undefined } | undefined
): Parsed<ParsedHold> => {
  const { delay, lease } = options ?? {}
  if (delay !== undefined) {
    return lease === undefined
      ? Result.map(parseMillis("delay", delay, 0), (delay) => (now) => releasedFrom(now, delay))
      : Result.fail(notBoth("lease", "delay"))
  }
  if (lease === undefined) return keepHold
  return Result.map(
    parseMillis("lease", lease, 0),
    (lease) => (now) => lease === 0 ? releasedFrom(now, 0) : extendedFrom(now, lease)
  )
}

const keepHold: Parsed<ParsedHold> = Result.succeed(() => ({}))

/**
 * Gives the hold on a new task.
 *
 * @since 0.2.0
 * @category constructors
 */
export const firstHold = (
  now: number,
  hold: Hold | { readonly delay: number } | null
): Required<HoldPatch> & { readonly attempt: number } => {
  if (hold === null) return { leaseExpiresAt: null, dueAt: null, worker: null, startedAt: null, attempt: 0 }
  return "delay" in hold
    ? { ...releasedFrom(now, hold.delay), attempt: 0 }
    : { ...holdFrom(now, hold), attempt: 1 }
}

const notBoth = (one: string, other: string): InvalidInput =>
  new InvalidInput({ field: one, reason: `does not go with ${other}; leave one of the two out` })
