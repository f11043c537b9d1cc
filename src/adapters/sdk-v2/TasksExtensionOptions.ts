/**
 * The options of the Tasks extension of a server.
 *
 * @since 0.2.0
 */
import type { AuthInfo } from "@modelcontextprotocol/server"
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { optionNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { requireBoolean, requireNames, requireObject } from "../../promise/arguments.ts"
import type { LayerSource } from "../../promise/LayerSource.ts"
import { requireOpenNames } from "../../promise/OpenOptions.ts"
import { openTaskRunner } from "../../promise/openTaskRunner.ts"
import type { PromiseTaskRunner } from "../../promise/PromiseTaskRunner.ts"
import type { PromiseTaskStorage } from "../../promise/PromiseTaskStorage.ts"
import { type ReportOptions, reportOptions, requireReportOptions } from "../../promise/ReportOptions.ts"
import type { OpenRunnerOptions, StorageRunnerOptions } from "../../promise/RunnerOptions.ts"
import type { Telemetry } from "../../promise/Telemetry.ts"
import { type GivenOwner, requireOwner } from "../../protocol/askOwner.ts"
import type { Anonymous } from "../../protocol/TaskOwner.ts"
import {
  resolveTasksOptions,
  tasksOptionNames,
  type TasksOptions,
  type TasksSettings
} from "../../protocol/TasksOptions.ts"
import { taskRunnerOptions } from "../../runner/service/ResolvedRunnerOptions.ts"

/**
 * Gives the owner of a request, from its authentication, and over HTTP from the request itself. The extension calls it on every
 * request that creates or names a task. If it gives no owner, or throws, the request is refused.
 *
 * @since 0.2.0
 * @category models
 */
export type OwnerOf = (
  authInfo: AuthInfo | undefined,
  request: Request | undefined
) => GivenOwner | Promise<GivenOwner>

/**
 * A storage that a URL names, with its options and those of the runner, as `openTaskRunner` takes them.
 *
 * @since 0.2.0
 * @category options
 */
export interface UrlSource extends Omit<OpenRunnerOptions, keyof TasksOptions> {
  readonly storage: string
  readonly runner?: undefined
}

/**
 * A storage of a layer, or of `openTaskStorage`, which stays open when the extension is closed; and the options of the
 * runner.
 *
 * @since 0.2.0
 * @category options
 */
export interface StorageSource extends StorageRunnerOptions {
  /** Takes traces and metrics, for a layer. A storage of `openTaskStorage` has been given its own. */
  readonly telemetry?: Telemetry | undefined
  readonly storage: LayerSource<unknown> | PromiseTaskStorage
  readonly runner?: undefined
}

/**
 * A runner that others may use too. It stays open when the extension is closed.
 *
 * @since 0.2.0
 * @category options
 */
export interface RunnerSource extends ReportOptions {
  readonly runner: PromiseTaskRunner
  readonly storage?: undefined
}

/**
 * Options of the Tasks extension.
 *
 * @since 0.2.0
 * @category options
 */
export type TasksExtensionOptions = (UrlSource | StorageSource | RunnerSource) & TasksOptions & {
  /** The owner of a task. With `anonymous` everybody who knows its id reaches it, and nobody can guess an id. */
  readonly owner: OwnerOf | Anonymous
  /**
   * Whether a client sees the message of an error that a tool throws: `true` by default, as in a plain tool of the SDK. The
   * operator sees it in any case.
   */
  readonly exposeErrors?: boolean | undefined
}

/** What is the extension's own, beside the source and what all servers have. */
const ownNames = optionNames<Pick<TasksExtensionOptions, "owner" | "exposeErrors" | "storage" | "runner">>({
  owner: true,
  exposeErrors: true,
  storage: true,
  runner: true
})

/**
 * The options with their defaults.
 *
 * @since 0.2.0
 * @category models
 */
export interface ResolvedOptions {
  readonly owner: OwnerOf | Anonymous
  readonly exposeErrors: boolean
  readonly settings: TasksSettings
  readonly reports: ReportOptions
  /** Opens the runner, or gives the one that was given. */
  readonly open: () => Promise<PromiseTaskRunner>
  /** Whether the runner ends with the extension. */
  readonly ownsRunner: boolean
}

/**
 * Checks options and fills in their defaults. Throws `InvalidInput`.
 *
 * @since 0.2.0
 * @category constructors
 */
export const resolveOptions = (options: TasksExtensionOptions): ResolvedOptions => {
  requireObject("options", options)
  const { exposeErrors = true, owner, runner } = options
  requireOwner(owner)
  const names = [...ownNames, ...tasksOptionNames]
  if (runner === undefined) requireOpenNames(options, [...names, ...taskRunnerOptions])
  else requireNames(options, [...names, ...reportOptions])
  requireBoolean("exposeErrors", exposeErrors)
  requireSource(options)
  requireReportOptions(options)
  const settings = Result.getOrThrow(resolveTasksOptions(options))
  return {
    owner,
    exposeErrors,
    settings,
    reports: Struct.pick(options, reportOptions),
    open: () => openSource(options, settings),
    ownsRunner: runner === undefined
  }
}

const requireSource = ({ runner, storage }: { readonly runner?: unknown; readonly storage?: unknown }): void => {
  if (runner === undefined && storage === undefined) {
    const reason = "must be a URL, an object with a layer, or what openTaskStorage gave, unless there is a runner"
    throw new InvalidInput({ field: "storage", reason })
  }
}

const openSource = async (
  options: TasksExtensionOptions,
  { resultTtl }: TasksSettings
): Promise<PromiseTaskRunner> => {
  if (options.runner !== undefined) return options.runner
  const others = [...ownNames, ...tasksOptionNames] as const
  // Which of them a source takes depends on what it is. The tools have `resultTtl`, and what else the runner runs.
  return typeof options.storage === "string"
    ? openTaskRunner(options.storage, { ...Struct.omit(options, others), resultTtl })
    : openTaskRunner(options.storage, { ...Struct.omit(options, others), resultTtl })
}
