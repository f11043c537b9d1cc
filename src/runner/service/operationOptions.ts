/**
 * The names of what the operations of a runner take, each list checked against its type.
 *
 * @since 0.2.0
 */
import { optionNames } from "../../domain/options/optionNames.ts"
import type { RunTaskOptions, StartTask } from "./TaskRunner.ts"

/**
 * @since 0.2.0
 * @category constants
 */
export const startFields = optionNames<StartTask>({
  meta: true,
  name: true,
  originalMethod: true,
  originalParams: true,
  pollInterval: true,
  principal: true,
  sessionId: true,
  statusMessage: true,
  steps: true,
  taskId: true,
  traceparent: true,
  tracestate: true,
  ttl: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const runTaskOptions = optionNames<RunTaskOptions>({ deadline: true, timeout: true })
