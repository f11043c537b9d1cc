/**
 * What the Tasks extension of a server can be told.
 *
 * @since 0.2.0
 */
import type { AuthInfo } from "@modelcontextprotocol/server"
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { parseMillis } from "../../domain/ArgumentParsers.ts"
import { InvalidInput } from "../../domain/TaskError.ts"
import type { LayerSource } from "../../promise/LayerSource.ts"
import { openTaskRunner } from "../../promise/openTaskRunner.ts"
import type { PromiseTaskRunner } from "../../promise/PromiseTaskRunner.ts"
import type { PromiseTaskStorage } from "../../promise/PromiseTaskStorage.ts"
import type { ReportOptions } from "../../promise/ReportOptions.ts"
import type { RunnerOptions } from "../../promise/RunnerOptions.ts"
import type { Json } from "../../promise/Task.ts"
import { logToStderr } from "./logToStderr.ts"

/**
 * Whose tasks these are: an id that tasks are bound to, such as that of a user; and, where a running tool needs more than
 * that, what is stored as its `principal`.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskOwner = string | { readonly id: string; readonly principal: Json }

/**
 * Finds the owner of a request, from what authenticated it; over HTTP there is the request too. It is asked on every
 * request that creates or names a task; what it throws, and `undefined`, refuse the request.
 *
 * @since 0.2.0
 * @category models
 */
export type OwnerOf = (
  authInfo: AuthInfo | undefined,
  request: Request | undefined
) => TaskOwner | undefined | Promise<TaskOwner | undefined>

/**
 * A storage, by URL, layer or opened, and how its tasks are run: the extension runs them until it is closed. With
 * `dispatch` it leaves that to others.
 *
 * @since 0.2.0
 * @category options
 */
export interface StorageSource extends RunnerOptions, Pick<ReportOptions, "logger"> {
  readonly storage: string | LayerSource<unknown> | PromiseTaskStorage
  readonly runner?: undefined
}

/**
 * A runner, which others run tasks with too. It stays open when the extension is closed.
 *
 * @since 0.2.0
 * @category options
 */
export interface RunnerSource {
  readonly runner: PromiseTaskRunner
  readonly storage?: undefined
}

/**
 * Who reaches a task. With `anonymous: true` it is whoever knows its id, which nobody can guess.
 *
 * @since 0.2.0
 * @category options
 */
export type TasksOwnership =
  | { readonly owner: OwnerOf; readonly anonymous?: false | undefined }
  | { readonly anonymous: true; readonly owner?: undefined }

/**
 * Options of the Tasks extension.
 *
 * @since 0.2.0
 * @category options
 */
export type TasksExtensionOptions = (StorageSource | RunnerSource) & TasksOwnership & {
  /** The time to live of tasks whose tool names none, from their creation: 24 hours by default, `null` for ever. */
  readonly defaultTtl?: Duration.Input | null | undefined
  /** The longest time to live, 30 days by default; a longer one is shortened to it. `null` for no limit. */
  readonly maxTtl?: Duration.Input | null | undefined
  /** How long clients should wait between polls: one second by default. */
  readonly pollInterval?: Duration.Input | undefined
  /**
   * Is called with each failure of which the client sees only that there was one: of the storage, or of a tool that threw.
   * By default it is logged to stderr.
   */
  readonly onError?: ReportOptions["onError"]
}

/**
 * The options with their defaults.
 *
 * @since 0.2.0
 * @category models
 */
export interface ResolvedTasksOptions {
  /** `undefined` where tasks are anonymous. */
  readonly owner: OwnerOf | undefined
  readonly defaultTtl: number | null
  readonly maxTtl: number | null
  readonly pollInterval: number
  readonly onError: (error: unknown) => void
}

/**
 * Checks options and fills in their defaults. Throws `InvalidInput`.
 *
 * @since 0.2.0
 * @category constructors
 */
export const resolveTasksOptions = (options: TasksExtensionOptions): ResolvedTasksOptions => {
  const { defaultTtl = "24 hours", maxTtl = "30 days", onError, owner, pollInterval = "1 second" } = options
  if (typeof owner !== "function" && options.anonymous !== true) {
    // Without a compiler this is easily forgotten, and then everybody would share the tasks of everybody.
    throw new InvalidInput({ field: "owner", reason: "must be a function, unless anonymous is true" })
  }
  return {
    owner,
    defaultTtl: ttlMillis("defaultTtl", defaultTtl),
    maxTtl: ttlMillis("maxTtl", maxTtl),
    pollInterval: millis("pollInterval", pollInterval, 0),
    onError: onError === undefined ? logToStderr : guarded(onError)
  }
}

/**
 * Opens the runner of an extension, where it is not given one.
 *
 * @since 0.2.0
 * @category constructors
 */
export const runnerOf = (options: TasksExtensionOptions): Promise<PromiseTaskRunner> => {
  if (options.runner !== undefined) return Promise.resolve(options.runner)
  // Whatever else there is belongs to the runner, which refuses what it does not know.
  const { anonymous: _0, defaultTtl: _1, maxTtl: _2, owner: _3, pollInterval: _4, ...own } = options
  const { runner: _5, storage, ...runnerOptions } = own
  return openTaskRunner(storage, runnerOptions)
}

/** What reports a failure must not cause another. */
const guarded = (onError: NonNullable<ReportOptions["onError"]>) => (error: unknown): void => {
  try {
    onError(error, {})
  } catch (failure) {
    logToStderr(failure)
  }
}

/**
 * Gives a time to live in milliseconds, shortened to the longest that is allowed. Throws `InvalidInput`.
 *
 * @since 0.2.0
 * @category converting
 */
export const limitTtl = (ttl: Duration.Input | null, maxTtl: number | null): number | null => {
  const given = ttlMillis("ttl", ttl)
  if (maxTtl === null) return given
  return given === null ? maxTtl : Math.min(given, maxTtl)
}

const ttlMillis = (field: string, ttl: Duration.Input | null): number | null =>
  ttl === null ? null : millis(field, ttl, 1)

/**
 * Gives a duration in milliseconds. Throws `InvalidInput` for what is none.
 *
 * @since 0.2.0
 * @category converting
 */
export const millis = (field: string, value: Duration.Input, least: number): number =>
  Result.getOrThrow(parseMillis(field, value, least))
