/**
 * The names of the options of every operation, each list checked against its type.
 *
 * @since 0.2.0
 */
import type { TaskRecordFields } from "../task/TaskRecord.ts"
import { type OptionNames, optionNames } from "./optionNames.ts"
import type {
  ClaimableOptions,
  ClaimOptions,
  ClaimTasksOptions,
  CreateTask,
  DeclareDeadOptions,
  EnqueueOptions,
  FindTaskIdsOptions,
  ImportOptions,
  InspectOptions,
  LimitOptions,
  ListOptions,
  RecoveryOptions,
  ReencryptOptions,
  RegisterWorker,
  RenewWorkerOptions,
  RequireInputOptions,
  RerunOptions,
  SettleOptions,
  StorageListOptions,
  StoreResultOptions,
  SummaryListOptions,
  TaskFilter,
  TaskKind,
  TaskStatsOptions,
  TouchOptions,
  TransitionOptions,
  WorkerOption
} from "./TaskOptions.ts"

/**
 * @since 0.2.0
 * @category constants
 */
export const createFields = optionNames<CreateTask>({
  originalMethod: true,
  originalParams: true,
  ttl: true,
  pollInterval: true,
  statusMessage: true,
  meta: true,
  sessionId: true,
  taskId: true,
  status: true,
  createdAt: true,
  lastUpdatedAt: true,
  result: true,
  inputRequests: true,
  inputResponses: true,
  requestState: true,
  lease: true,
  worker: true,
  delay: true,
  principal: true,
  steps: true,
  name: true,
  traceparent: true,
  tracestate: true,
  runTraceparent: true,
  failure: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const recordFields = optionNames<TaskRecordFields>({
  taskId: true,
  sessionId: true,
  status: true,
  statusMessage: true,
  createdAt: true,
  lastUpdatedAt: true,
  ttl: true,
  pollInterval: true,
  originalMethod: true,
  meta: true,
  revision: true,
  attempt: true,
  worker: true,
  startedAt: true,
  leaseExpiresAt: true,
  resultKind: true,
  rerunOf: true,
  rerunAs: true,
  originalParams: true,
  result: true,
  inputRequests: true,
  inputResponses: true,
  requestState: true,
  principal: true,
  steps: true,
  name: true,
  failure: true,
  traceparent: true,
  tracestate: true,
  runTraceparent: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const workerOption = optionNames<WorkerOption>({ attempt: true, runTraceparent: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const transitionOptions = optionNames<TransitionOptions>({
  statusMessage: true,
  resultTtl: true,
  attempt: true,
  runTraceparent: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const storeResultOptions = optionNames<StoreResultOptions>({
  resultTtl: true,
  failure: true,
  attempt: true,
  runTraceparent: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const settleOptions = optionNames<SettleOptions>({
  status: true,
  statusMessage: true,
  resultTtl: true,
  failure: true,
  attempt: true,
  runTraceparent: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const touchOptions = optionNames<TouchOptions>({
  statusMessage: true,
  ttl: true,
  pollInterval: true,
  lease: true,
  delay: true,
  attempt: true,
  runTraceparent: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const claimOptions = optionNames<ClaimOptions>({ lease: true, worker: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const taskKind = optionNames<TaskKind>({ method: true, name: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const claimableOptions = optionNames<ClaimableOptions>({
  limit: true,
  kinds: true,
  leases: true,
  exceptSessions: true,
  perSession: true,
  running: true,
  behindSession: true,
  behindKind: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const claimTasksOptions = optionNames<ClaimTasksOptions>({
  limit: true,
  kinds: true,
  leases: true,
  exceptSessions: true,
  perSession: true,
  running: true,
  behindSession: true,
  behindKind: true,
  lease: true,
  worker: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const workerFields = optionNames<RegisterWorker>({
  lease: true,
  host: true,
  pid: true,
  name: true,
  version: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const renewOptions = optionNames<RenewWorkerOptions>({ lease: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const declareDeadOptions = optionNames<DeclareDeadOptions>({ except: true, overdueFor: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const requireInputOptions = optionNames<RequireInputOptions>({
  requestState: true,
  lease: true,
  attempt: true,
  runTraceparent: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const rerunOptions = optionNames<RerunOptions>({ again: true, steps: true, taskId: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const importOptions = optionNames<ImportOptions>({ dryRun: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const limitOptions = optionNames<LimitOptions>({ limit: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const listOptions = optionNames<ListOptions>({ cursor: true, limit: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const narrowingOptions = optionNames<Omit<TaskFilter, "order">>({
  status: true,
  createdAfter: true,
  createdBefore: true,
  method: true,
  name: true,
  worker: true,
  resultKind: true,
  updatedAfter: true,
  updatedBefore: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const summaryListOptions: OptionNames<SummaryListOptions> = ["cursor", "limit", "order", ...narrowingOptions]

/**
 * @since 0.2.0
 * @category constants
 */
export const storageListOptions: OptionNames<StorageListOptions> = [
  ...summaryListOptions,
  ...optionNames<Pick<StorageListOptions, "sessionId">>({ sessionId: true })
]

/**
 * @since 0.2.0
 * @category constants
 */
export const recoveryOptions = optionNames<RecoveryOptions>({ statuses: true, leases: true, resultTtl: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const enqueueOptions = optionNames<EnqueueOptions>({ maxSize: true, ttl: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const inspectOptions = optionNames<InspectOptions>({ fix: true, deep: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const reencryptOptions = optionNames<ReencryptOptions>({ cursor: true, limit: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const taskStatsOptions = optionNames<TaskStatsOptions>({ sessionId: true, failuresSince: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const findTaskIdsOptions = optionNames<FindTaskIdsOptions>({ ending: true, limit: true })
