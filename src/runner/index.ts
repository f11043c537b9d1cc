/**
 * Running tasks: each of them ends, whatever happens to its workers.
 *
 * @since 0.2.0
 * @module
 */
export { InputRefused } from "./InputRefused.ts"
export * from "./makeTaskRunner.ts"
export type { RetryPolicy } from "./RetryPolicy.ts"
export * as RunnerMetrics from "./RunnerMetrics.ts"
export * from "./TaskContext.ts"
export * from "./TaskHandler.ts"
export * from "./TaskRunner.ts"
export { layer, layerConfig } from "./TaskRunnerLayer.ts"
export type { DispatchOptions, TaskRunnerOptions } from "./TaskRunnerOptions.ts"
export * from "./TestTask.ts"
export * from "./twoPart.ts"
