/**
 * The options of a server with tasks, the same for every server.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import { orAbsent, orNull, parseFlag, parseMillis } from "../domain/options/ArgumentParsers.ts"
import { optionNames, parseNames } from "../domain/options/optionNames.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"
import { parseLostWorker } from "../runner/handler/parseLostWorker.ts"
import { parseRetry, type RetryPolicy } from "../runner/handler/RetryPolicy.ts"
import type { LostWorkerPolicy } from "../runner/handler/TaskHandler.ts"
import { type Limits, type OwnerLimits, parseLimits } from "./OwnerLimits.ts"

/**
 * Says whether calls of a tool become tasks: never; if the client can take one; or always, and a client that cannot take one is
 * refused.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskSupport = "forbidden" | "optional" | "required"

/**
 * Limits of a server: those of each owner, those of all together, and of time. `null` is no limit.
 *
 * @since 0.2.0
 * @category options
 */
export interface TasksLimits extends Partial<OwnerLimits<number | null | undefined>> {
  /** `subscriptions/listen` streams with tasks of all owners that are open in this process: 1000 by default. */
  readonly allOpenStreams?: number | null | undefined
  /** Calls of all owners that run in their requests in this process: 10 000 by default. */
  readonly allOpenCalls?: number | null | undefined
  /** Requests for `tasks/result` of all owners that wait in this process: 10 000 by default. */
  readonly allBlockedResults?: number | null | undefined
  /**
   * How long a call without a task waits for the answers to its questions: 5 minutes by default. The tool that asked counts
   * as running meanwhile. In SDK v1 a `tasks/result` whose stream is lost waits as long for its client to resume it.
   */
  readonly answerTimeout?: Duration.Input | undefined
}

/**
 * How the tasks of a server are kept and run. A duration that is a number is in milliseconds.
 *
 * @since 0.2.0
 * @category options
 */
export interface TasksOptions {
  /** For task tools that do not say it: `"optional"` by default. */
  readonly taskSupport?: "optional" | "required" | undefined
  /** How long a task lives, from its creation, if neither its client nor its tool says: 24 hours by default. */
  readonly defaultTtl?: Duration.Input | null | undefined
  /** The longest ttl that a client or a tool gets: 30 days by default; `null` is unlimited. */
  readonly maxTtl?: Duration.Input | null | undefined
  /**
   * How long a task lives from its end on, in place of the rest of its ttl, and `maxTtl` at most. By default a task that has
   * ended keeps its ttl.
   */
  readonly resultTtl?: Duration.Input | undefined
  /** How long clients should wait between polls: a second by default. */
  readonly pollInterval?: Duration.Input | undefined
  /**
   * How long a call may take before it becomes a task, where the server decides that (revision 2026-07-28). A call that ends
   * earlier is answered with its result, and is never stored. A later one becomes a task with all that it has done so far. By
   * default each call becomes a task at once.
   */
  readonly taskAfter?: Duration.Input | undefined
  /** For tools that do not say it: `"fail"` by default, and 3 attempts for tools that say that they are idempotent. */
  readonly lostWorker?: LostWorkerPolicy | undefined
  /**
   * For clients of revision 2025-11-25 that only poll: questions go out on the response to `tasks/get` too. That response is
   * held until the client has answered, at most 25 seconds. The first poll of a task that another session created only says
   * that the task asks. Off by default.
   */
  readonly inputOnPoll?: boolean | undefined
  /** What one owner, and all together, may take. The defaults are for a public server. */
  readonly limits?: TasksLimits | undefined
}

/**
 * What a tool says about its tasks. Absent options are those of the server.
 *
 * @since 0.2.0
 * @category options
 */
export interface ToolTaskOptions {
  readonly taskSupport?: TaskSupport | undefined
  /** How long its tasks live if the client does not ask for another time; `null` is unlimited. */
  readonly ttl?: Duration.Input | null | undefined
  /** How long its tasks live from their end on, in place of the rest of their ttl. */
  readonly resultTtl?: Duration.Input | undefined
  readonly pollInterval?: Duration.Input | undefined
  /** How long a call of it may take before it becomes a task; 0 is at once. */
  readonly taskAfter?: Duration.Input | undefined
  readonly lostWorker?: LostWorkerPolicy | undefined
  /**
   * How often a task of it runs again after it threw: never by default. With it each call becomes a task at once, whatever the
   * server says of `taskAfter`. A call without a task is not retried.
   */
  readonly retry?: RetryPolicy | undefined
}

/**
 * The options with their defaults. Times are milliseconds.
 *
 * @since 0.2.0
 * @category models
 */
export interface TasksSettings {
  readonly taskSupport: "optional" | "required"
  readonly defaultTtl: number | null
  readonly maxTtl: number | null
  readonly resultTtl: number | undefined
  readonly pollInterval: number
  /** 0 is at once. */
  readonly taskAfter: number
  readonly lostWorker: LostWorkerPolicy | undefined
  readonly inputOnPoll: boolean
  readonly limits: Limits
  readonly answerTimeout: number
}

/**
 * How the tasks of one tool are kept and run.
 *
 * @since 0.2.0
 * @category models
 */
export interface ToolPolicy {
  readonly taskSupport: TaskSupport
  readonly ttl: number | null
  readonly resultTtl: number | undefined
  readonly pollInterval: number
  readonly taskAfter: number
  readonly lostWorker: LostWorkerPolicy
  readonly retry: RetryPolicy | undefined
}

const hour = 3_600_000

/**
 * The names of the options, for servers that have others beside them.
 *
 * @since 0.2.0
 * @category constants
 */
export const tasksOptionNames = optionNames<TasksOptions>({
  taskSupport: true,
  defaultTtl: true,
  maxTtl: true,
  resultTtl: true,
  pollInterval: true,
  taskAfter: true,
  lostWorker: true,
  inputOnPoll: true,
  limits: true
})

/**
 * The names of what a tool says, for servers whose tools say more.
 *
 * @since 0.2.0
 * @category constants
 */
export const toolTaskOptionNames = optionNames<ToolTaskOptions>({
  taskSupport: true,
  ttl: true,
  resultTtl: true,
  pollInterval: true,
  taskAfter: true,
  lostWorker: true,
  retry: true
})

/**
 * The names of the limits.
 *
 * @since 0.2.0
 * @category constants
 */
export const tasksLimitNames = optionNames<TasksLimits>({
  storedTasks: true,
  activeTasks: true,
  openStreams: true,
  openCalls: true,
  blockedResults: true,
  requestBytes: true,
  answerKeys: true,
  answerBytes: true,
  answerDepth: true,
  allOpenStreams: true,
  allOpenCalls: true,
  allBlockedResults: true,
  answerTimeout: true
})

/**
 * Checks the options and fills in their defaults.
 *
 * @since 0.2.0
 * @category parsers
 */
export const resolveTasksOptions = (options: TasksOptions): Result.Result<TasksSettings, InvalidInput> => {
  const { limits = {} } = options
  if (typeof limits !== "object" || limits === null || Array.isArray(limits)) {
    const reason = "must be an object of limits, in which null stands for no limit"
    return Result.fail(new InvalidInput({ field: "limits", reason }))
  }
  return Result.flatMap(parseNames(limits, tasksLimitNames, "limits."), () => resolveKnown(options, limits))
}

const resolveKnown = (options: TasksOptions, limits: TasksLimits): Result.Result<TasksSettings, InvalidInput> =>
  Result.map(
    Result.all({
      taskSupport: parseSupport(options.taskSupport ?? "optional", ["optional", "required"]),
      maxTtl: parseTtl("maxTtl", options.maxTtl === undefined ? 30 * 24 * hour : options.maxTtl),
      defaultTtl: parseTtl("defaultTtl", options.defaultTtl === undefined ? 24 * hour : options.defaultTtl),
      resultTtl: parseResultTtl(options.resultTtl),
      pollInterval: parseMillis("pollInterval", options.pollInterval ?? 1000, 0),
      taskAfter: parseMillis("taskAfter", options.taskAfter ?? 0, 0),
      lostWorker: options.lostWorker === undefined ? Result.succeed(undefined) : parseLostWorker(options.lostWorker),
      inputOnPoll: parseFlag("inputOnPoll", options.inputOnPoll),
      limits: parseLimits(limits),
      answerTimeout: parseMillis("limits.answerTimeout", limits.answerTimeout ?? hour / 12, 1)
    }),
    (settings) => ({ ...settings, resultTtl: boundedResultTtl(settings, settings.resultTtl) })
  )

/**
 * Checks the options of a tool, and fills in those of the server. `isIdempotent` is the annotation of the tool.
 *
 * @since 0.2.0
 * @category parsers
 */
export const resolveToolPolicy = (
  settings: TasksSettings,
  tool: ToolTaskOptions,
  isIdempotent: boolean
): Result.Result<ToolPolicy, InvalidInput> =>
  Result.map(
    Result.all({
      taskSupport: parseSupport(tool.taskSupport ?? settings.taskSupport, ["forbidden", "optional", "required"]),
      ttl: tool.ttl === undefined ? Result.succeed(settings.defaultTtl) : parseTtl("ttl", tool.ttl),
      resultTtl: parseResultTtl(tool.resultTtl ?? settings.resultTtl),
      pollInterval: parseMillis("pollInterval", tool.pollInterval ?? settings.pollInterval, 0),
      taskAfter: tool.retry === undefined
        ? parseMillis("taskAfter", tool.taskAfter ?? settings.taskAfter, 0)
        : parseNoTaskAfter(tool.taskAfter),
      lostWorker: parseLostWorker(
        tool.lostWorker ?? settings.lostWorker ?? (isIdempotent ? { maxAttempts: 3 } : "fail")
      ),
      retry: tool.retry === undefined
        ? Result.succeed(undefined)
        : Result.map(parseRetry(tool.retry), () => tool.retry)
    }),
    (policy) => ({
      ...policy,
      ttl: boundedTtl(settings, policy.ttl),
      resultTtl: boundedResultTtl(settings, policy.resultTtl)
    })
  )

/**
 * Shortens a time to live to the longest that the server allows.
 *
 * @since 0.2.0
 * @category combinators
 */
export const boundedTtl = ({ maxTtl }: TasksSettings, ttl: number | null): number | null => {
  if (maxTtl === null) return ttl
  return ttl === null ? maxTtl : Math.min(ttl, maxTtl)
}

/**
 * Parses a time to live; `null` is unlimited.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseTtl = (field: string, ttl: Duration.Input | null) => orNull(ttl, (ttl) => parseMillis(field, ttl, 1))

const parseResultTtl = (resultTtl: Duration.Input | undefined) =>
  orAbsent(resultTtl, (resultTtl) => parseMillis("resultTtl", resultTtl, 1))

const boundedResultTtl = (
  { maxTtl }: Pick<TasksSettings, "maxTtl">,
  resultTtl: number | null
): number | undefined => resultTtl === null ? undefined : Math.min(resultTtl, maxTtl ?? Infinity)

const refuse = (field: string, reason: string) => Result.fail(new InvalidInput({ field, reason }))

const parseSupport = <Support extends TaskSupport>(
  support: Support,
  known: ReadonlyArray<Support>
): Result.Result<Support, InvalidInput> =>
  known.includes(support)
    ? Result.succeed(support)
    : refuse("taskSupport", `must be one of ${known.map((one) => JSON.stringify(one)).join(", ")}`)

/** What failed within that time would have been answered, and could not run again. */
const parseNoTaskAfter = (taskAfter: Duration.Input | undefined): Result.Result<number, InvalidInput> =>
  Result.flatMap(
    parseMillis("taskAfter", taskAfter ?? 0, 0),
    (millis) => millis === 0 ? Result.succeed(0) : refuse("taskAfter", "must be 0 or absent where a tool has retry")
  )
