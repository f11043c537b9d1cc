/**
 * What log lines and spans say about their task.
 *
 * @since 0.2.0
 */
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { traceAttributes } from "../../domain/telemetry/TraceNames.ts"
import { nameOf } from "../handler/HandlerRegistry.ts"

/**
 * @since 0.2.0
 * @category constants
 */
export const taskIdAnnotation = traceAttributes.taskId

/**
 * The name of a task: that of its tool.
 *
 * @since 0.2.0
 * @category constants
 */
export const taskNameAnnotation = traceAttributes.name

/**
 * Gives the annotations of a task.
 *
 * @since 0.2.0
 * @category constructors
 */
export const taskAnnotations = (
  record: Pick<TaskRecord, "taskId" | "originalMethod" | "originalParams" | "name">
): Record<string, string> => {
  // Tasks of earlier versions are stored without a name.
  const { name = nameOf(record.originalParams), originalMethod, taskId } = record
  return {
    [taskIdAnnotation]: taskId,
    "mcp.task.method": originalMethod,
    ...(name === undefined ? {} : { [taskNameAnnotation]: name })
  }
}
