/**
 * The operations on workers as promises.
 *
 * @since 0.2.0
 */
import { identity } from "effect/Function"
import type { WorkerOperations } from "../domain/service/WorkerOperations.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"
import { declareDeadCall, plainCall, renewCall } from "./callOptions.ts"
import { encodeListedWorker, encodeRenewedWorker, encodeWorker } from "./codec.ts"
import { iterate } from "./iterate.ts"
import type { PromiseCalls } from "./PromiseCalls.ts"
import type { PromiseWorkers } from "./PromiseTaskStorage.ts"

/**
 * Makes the promises of operations on workers.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makePromiseWorkers = (workers: WorkerOperations, calls: PromiseCalls): PromiseWorkers => ({
  registerWorker: (worker, options) =>
    calls.write("registerWorker", options, plainCall, () => workers.registerWorker(worker), encodeWorker),

  renewWorker: (workerId, options) =>
    calls.write("renewWorker", options, renewCall, (own) => {
      if (own === undefined) throw new InvalidInput({ field: "lease", reason: "must be given" })
      return workers.renewWorker(workerId, own)
    }, encodeRenewedWorker),

  declareDeadWorkers: (options) =>
    calls.write("declareDeadWorkers", options, declareDeadCall, (own) => workers.declareDeadWorkers(own), identity),

  endWorker: (workerId, options) =>
    calls.write("endWorker", options, plainCall, () => workers.endWorker(workerId), identity),

  listWorkers: (options) =>
    calls.read(
      "listWorkers",
      options,
      plainCall,
      () => workers.listWorkers(),
      (listed) => listed.map(encodeListedWorker)
    ),

  workerNews: (workerId, options) =>
    iterate({ name: "workerNews" }, calls, options, plainCall, () => workers.workerNews(workerId))
})
