/**
 * What one owner may take of a server.
 *
 * @since 0.2.0
 */
import * as Record from "effect/Record"
import * as Result from "effect/Result"
import { parseCount } from "../domain/options/ArgumentParsers.ts"
import { InvalidInput, type MaxTasksReached } from "../domain/task/TaskError.ts"
import { internalErrorCode, invalidParams, invalidRequest } from "./names.ts"
import { ownProperty } from "./TaskClient.ts"

/**
 * The limits of each owner. All clients without an owner, whom nobody can tell apart, count as one owner, who may have ten times as
 * many tasks, streams, calls and results.
 *
 * @since 0.2.0
 * @category models
 */
export interface OwnerLimits<Limit = number> {
  /** Tasks that are stored, those that have ended included: 10 000 by default. */
  readonly storedTasks: Limit
  /** Tasks that have not ended: 100 by default. */
  readonly activeTasks: Limit
  /** `subscriptions/listen` streams with tasks that are open in this process: 32 by default. */
  readonly openStreams: Limit
  /** Calls that run in their request in this process, those that may become tasks later included: 100 by default. */
  readonly openCalls: Limit
  /** Requests for `tasks/result` that wait in this process: 64 by default. */
  readonly blockedResults: Limit
  /** Bytes of a request: 4 MiB by default. */
  readonly requestBytes: Limit
  /** Answers in one request: 1000 by default. */
  readonly answerKeys: Limit
  /** Bytes of the answers in one request: 1 MiB by default. */
  readonly answerBytes: Limit
  /** Levels that objects and arrays of an answer are nested in each other: 64 by default. */
  readonly answerDepth: Limit
}

/** Limits that a client can reach: those of its owner, and those of all owners together. */
type LimitName = keyof OwnerLimits | "allOpenStreams" | "allOpenCalls" | "allBlockedResults"

/**
 * All limits of a server.
 *
 * @since 0.2.0
 * @category models
 */
export type Limits = { readonly [Name in LimitName]: number }

const mebibyte = 1024 * 1024

/**
 * The limits of a server that says nothing else.
 *
 * @since 0.2.0
 * @category constants
 */
export const defaultLimits: Limits = {
  storedTasks: 10_000,
  activeTasks: 100,
  openStreams: 32,
  openCalls: 100,
  blockedResults: 64,
  requestBytes: 4 * mebibyte,
  answerKeys: 1000,
  answerBytes: mebibyte,
  answerDepth: 64,
  allOpenStreams: 1000,
  allOpenCalls: 10_000,
  allBlockedResults: 10_000
}

/** What a client is told. */
interface Refusal {
  readonly code: number
  /** What HTTP answers with where all else would be a stream. */
  readonly status?: 429
  readonly says: (most: number) => string
}

/** The limit of running tasks is the runner's. */
type Reached = LimitName | "runningTasks"

const refusals: { readonly [Name in Reached]: Refusal } = {
  storedTasks: {
    code: internalErrorCode,
    says: (most) =>
      `The limit of ${most} stored tasks per owner is reached. Wait until some expire, or ask for a shorter ttl.`
  },
  activeTasks: {
    code: internalErrorCode,
    says: (most) => `The limit of ${most} active tasks per owner is reached. Wait until some end, or cancel some.`
  },
  runningTasks: {
    code: internalErrorCode,
    says: (most) => `The limit of ${most} running tasks per owner is reached. Wait until some end, or cancel some.`
  },
  openStreams: {
    code: internalErrorCode,
    status: 429,
    says: (most) =>
      `The limit of ${most} open subscriptions per owner is reached. Close one, or name more tasks in one.`
  },
  openCalls: {
    code: internalErrorCode,
    says: (most) =>
      `The limit of ${most} open calls per owner is reached. Wait for some answers, or call the tool as a task.`
  },
  blockedResults: {
    code: internalErrorCode,
    says: (most) =>
      `The limit of ${most} waiting results per owner is reached. Poll with tasks/get until a task has ended.`
  },
  requestBytes: {
    code: invalidRequest,
    says: (most) => `The request takes more than ${most} bytes, which is the limit of this server. Send less at once.`
  },
  answerKeys: {
    code: invalidParams,
    says: (most) =>
      `The request has more than ${most} answers, which is the limit of this server. Send several requests.`
  },
  answerBytes: {
    code: invalidParams,
    says: (most) => `The answers take more than ${most} bytes, which is the limit of this server. Send less at once.`
  },
  answerDepth: {
    code: invalidParams,
    says: (most) =>
      `The answers are nested in more than ${most} levels, which is the limit of this server. Send flatter ones.`
  },
  allOpenStreams: {
    code: internalErrorCode,
    status: 429,
    says: (most) => `The server has its limit of ${most} subscriptions open. Try again later.`
  },
  allOpenCalls: {
    code: internalErrorCode,
    says: (most) => `The server has its limit of ${most} calls open. Try again later, or call the tool as a task.`
  },
  allBlockedResults: {
    code: internalErrorCode,
    says: (most) => `The server has its limit of ${most} waiting results. Poll with tasks/get until a task has ended.`
  }
}

const statuses: ReadonlyMap<string, 429 | undefined> = new Map(
  Object.entries(refusals).map(([limit, { status }]) => [limit, status])
)

const reason = "LimitReached"

/**
 * The error of a client that reached a limit.
 *
 * @since 0.2.0
 * @category models
 */
export interface LimitReached {
  readonly code: number
  readonly message: string
  readonly data: { readonly reason: typeof reason; readonly limit: Reached; readonly most: number }
}

/**
 * Says which limit is reached, and what the client can do.
 *
 * @since 0.2.0
 * @category constructors
 */
export const limitReached = (limit: Reached, most: number): LimitReached => ({
  code: refusals[limit].code,
  message: refusals[limit].says(most),
  data: { reason, limit, most }
})

/**
 * Says the same of a limit of the storage; `undefined` if it is no matter of one owner.
 *
 * @since 0.2.0
 * @category converting
 */
export const limitOfStorage = ({ limit, scope }: MaxTasksReached): LimitReached | undefined => {
  switch (scope) {
    case "session":
      return limitReached("storedTasks", limit)
    case "activePerSession":
      return limitReached("activeTasks", limit)
    case "storage":
    case "active":
      return undefined
  }
}

/**
 * Gives the HTTP status of an answer with this error; `undefined` if it is not of a limit, and where HTTP has nothing to say.
 *
 * @since 0.2.0
 * @category accessors
 */
export const statusOfLimit = ({ data }: { readonly data?: unknown }): 429 | undefined => {
  const limit = ownProperty(data, "reason") === reason ? ownProperty(data, "limit") : undefined
  return typeof limit === "string" ? statuses.get(limit) : undefined
}

/**
 * The limits as a server is told them; `null` is no limit.
 *
 * @since 0.2.0
 * @category models
 */
export type LimitOptions = { readonly [Name in LimitName]?: number | null | undefined }

/**
 * Checks limits, and fills in their defaults. No limit is `Infinity`.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseLimits = (given: LimitOptions): Result.Result<Limits, InvalidInput> =>
  Result.all(Record.map(defaultLimits, (byDefault, name) => {
    const limit = given[name]
    return limit === null ? Result.succeed(Infinity) : Result.mapError(
      parseCount(`limits.${name}`, limit ?? byDefault),
      ({ field, reason }) => new InvalidInput({ field, reason: `${reason}, or null for no limit` })
    )
  }))

/** How much more all clients without an owner have together. */
const shareOfAnonymous = 10

/**
 * Gives the limits of an owner; for `null`, of all clients without one.
 *
 * @since 0.2.0
 * @category accessors
 */
export const limitsOf = (limits: OwnerLimits, owner: string | null): OwnerLimits =>
  owner !== null ? limits : {
    ...limits,
    storedTasks: limits.storedTasks * shareOfAnonymous,
    activeTasks: limits.activeTasks * shareOfAnonymous,
    openStreams: limits.openStreams * shareOfAnonymous,
    openCalls: limits.openCalls * shareOfAnonymous,
    blockedResults: limits.blockedResults * shareOfAnonymous
  }
