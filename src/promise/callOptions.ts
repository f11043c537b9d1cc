/**
 * The options of calls: the signal that all of them take, and what is left for the storage.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Domain from "../domain/options/operationOptions.ts"
import { type OptionNames, optionNames, readOptions } from "../domain/options/optionNames.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"
import { runTaskOptions } from "../runner/service/operationOptions.ts"
import type * as Calls from "./PromiseCallOptions.ts"
import type { RunTaskOptions } from "./PromiseTaskRunner.ts"
import type * as Stats from "./PromiseTaskStats.ts"

/**
 * The options of a call in two parts.
 *
 * @since 0.2.0
 * @category models
 */
export interface ReadCall<Options extends Calls.CallOptions> {
  readonly signal: AbortSignal | undefined
  /** What is given beside the signal, if anything is given. */
  readonly own: Omit<Options, "signal"> | undefined
}

const nothing = { signal: undefined, own: undefined }

/**
 * Reads the options of a call once. Throws `InvalidInput` for a name that it does not know.
 *
 * @since 0.2.0
 * @category accessors
 */
export const readCall = <Options extends Calls.CallOptions>(
  options: Options | undefined,
  names: OptionNames<NoInfer<Options>>
): ReadCall<Options> => {
  if (options === undefined) return nothing
  const read = Result.getOrThrow(readOptions(options, names))
  if (read === undefined) return nothing
  // The copy that was read is the callee's to keep, and parting it takes longer than reading it.
  if (!Object.hasOwn(read, "signal")) return { signal: undefined, own: read }
  const { signal, ...own } = read
  if (signal === undefined || signal instanceof AbortSignal) return { signal, own }
  throw new InvalidInput({ field: "options.signal", reason: "must be an AbortSignal" })
}

/**
 * @since 0.2.0
 * @category constants
 */
export const plainCall = optionNames<Calls.CallOptions>({ signal: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const statusCall: OptionNames<Calls.StatusOptions> = [...Domain.transitionOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const workerCall: OptionNames<Calls.WorkerOptions> = [...Domain.workerOption, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const storeResultCall: OptionNames<Calls.StoreResultOptions> = [...Domain.storeResultOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const settleCall: OptionNames<Calls.SettleOptions> = [...Domain.settleOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const touchCall: OptionNames<Calls.TouchOptions> = [...Domain.touchOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const claimCall: OptionNames<Calls.ClaimOptions> = [...Domain.claimOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const claimableCall: OptionNames<Calls.ClaimableOptions> = [...Domain.claimableOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const claimTasksCall: OptionNames<Calls.ClaimTasksOptions> = [...Domain.claimTasksOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const renewCall: OptionNames<Calls.RenewWorkerOptions> = [...Domain.renewOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const declareDeadCall: OptionNames<Calls.DeclareDeadOptions> = [...Domain.declareDeadOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const requireInputCall: OptionNames<Calls.RequireInputOptions> = [...Domain.requireInputOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const rerunCall: OptionNames<Calls.RerunOptions> = [...Domain.rerunOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const inspectCall: OptionNames<Calls.InspectOptions> = [...Domain.inspectOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const reencryptCall: OptionNames<Calls.ReencryptOptions> = [...Domain.reencryptOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const importCall: OptionNames<Calls.ImportOptions> = [...Domain.importOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const limitCall: OptionNames<Calls.LimitOptions> = [...Domain.limitOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const listCall: OptionNames<Calls.ListOptions> = [...Domain.listOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const summaryListCall: OptionNames<Calls.SummaryListOptions> = [...Domain.summaryListOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const storageListCall: OptionNames<Calls.StorageListOptions> = [...Domain.storageListOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const recoveryCall: OptionNames<Calls.RecoveryOptions> = [...Domain.recoveryOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const taskStatsCall: OptionNames<Stats.TaskStatsOptions> = [...Domain.taskStatsOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const findTaskIdsCall: OptionNames<Stats.FindTaskIdsOptions> = [...Domain.findTaskIdsOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const enqueueCall: OptionNames<Calls.EnqueueOptions> = [...Domain.enqueueOptions, ...plainCall]

/**
 * @since 0.2.0
 * @category constants
 */
export const runTaskCall: OptionNames<RunTaskOptions> = [...runTaskOptions, ...plainCall]
