/**
 * Running tasks: each of them ends, whatever happens to its workers.
 *
 * @since 0.2.0
 * @module
 */
export { InputRefused } from "./handler/InputRefused.ts"
export type { RetryPolicy } from "./handler/RetryPolicy.ts"
export * from "./handler/TaskContext.ts"
export * from "./handler/TaskHandler.ts"
export * from "./handler/TestTask.ts"
export * from "./handler/twoPart.ts"
export * from "./makeTaskRunner.ts"
export * from "./service/TaskRunner.ts"
export type { DispatchOptions, TaskRunnerOptions } from "./service/TaskRunnerOptions.ts"
export { layer, layerConfig } from "./TaskRunnerLayer.ts"
export * as RunnerMetrics from "./tracing/RunnerMetrics.ts"
