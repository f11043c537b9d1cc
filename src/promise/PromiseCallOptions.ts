/**
 * The options of calls of a task storage in promises.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Options from "../domain/options/TaskOptions.ts"
import type { SignalOption } from "./SignalOption.ts"

/**
 * The options of every call.
 *
 * @since 0.1.0
 * @category options
 */
export interface CallOptions extends SignalOption {}

/**
 * @since 0.1.0
 * @category options
 */
export interface StatusOptions extends Options.TransitionOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface StoreResultOptions extends Options.StoreResultOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface WorkerOptions extends Options.WorkerOption, CallOptions {}

/**
 * @since 0.1.0
 * @category options
 */
export interface SettleOptions extends Options.SettleOptions, CallOptions {}

/**
 * @since 0.1.0
 * @category options
 */
export interface TouchOptions extends Options.TouchOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface ClaimOptions extends Options.ClaimOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface ClaimableOptions extends Options.ClaimableOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface ClaimTasksOptions extends Options.ClaimTasksOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface RenewWorkerOptions extends Options.RenewWorkerOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface DeclareDeadOptions extends Options.DeclareDeadOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface LimitOptions extends CallOptions {
  /** At most this many. */
  readonly limit?: number | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface InspectOptions extends Options.InspectOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface ReencryptOptions extends Options.ReencryptOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface ImportOptions extends Options.ImportOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface RerunOptions extends Options.RerunOptions, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface RecoveryOptions extends Options.RecoveryOptions, CallOptions {}

/**
 * @since 0.1.0
 * @category options
 */
export interface RequireInputOptions extends Options.RequireInputOptions, CallOptions {}

/**
 * @since 0.1.0
 * @category options
 */
export interface ListOptions extends Options.ListOptions, CallOptions {}

/**
 * @since 0.1.0
 * @category options
 */
export interface SummaryListOptions extends Options.ListOptions, Options.TaskFilter<string>, CallOptions {}

/**
 * @since 0.2.0
 * @category options
 */
export interface StorageListOptions extends SummaryListOptions {
  /** Only the tasks that are bound to this session. */
  readonly sessionId?: string | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface EnqueueOptions extends CallOptions {
  /** With this many messages waiting, the message is not appended. */
  readonly maxSize?: number | undefined
  /** How long the message waits before it is dropped: 24 hours by default. */
  readonly ttl?: Duration.Input | undefined
}
