/**
 * A command with everything that it needs to be made: what a command leaves to the moment is filled in.
 *
 * @since 0.1.0
 */
import { type Command, outcomeNamed } from "./Command.ts"
import type { ModelState, ModelTask } from "./ModelState.ts"

type UpdateTask = Extract<Command, { readonly _tag: "updateTask" }>

/**
 * A command as it is sent: a replacement with the whole record to write.
 *
 * @since 0.1.0
 * @category models
 */
export type Call =
  | Exclude<Command, UpdateTask>
  | { readonly _tag: "updateTask"; readonly actor: UpdateTask["actor"]; readonly record: ModelTask }

/**
 * Fills in a command: a replacement changes the record as it is in this state.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resolve = (state: ModelState, command: Command): Call =>
  command._tag === "updateTask"
    ? { _tag: "updateTask", actor: command.actor, record: changed(state, command) }
    : command

const changed = (state: ModelState, command: UpdateTask): ModelTask => {
  const read = state.tasks.find(({ taskId }) => taskId === command.taskId) ?? absent(state, command.taskId)
  const { asks, forgets, result, statusMessage, ttl, wrong } = command
  return {
    ...read,
    status: command.status ?? read.status,
    statusMessage: statusMessage === undefined ? read.statusMessage : statusMessage,
    ttl: ttl === undefined ? read.ttl : ttl,
    result: result === undefined ? read.result : result === null ? null : outcomeNamed(result),
    principal: forgets === "principal" ? null : read.principal,
    steps: forgets === "steps" ? null : read.steps,
    name: forgets === "name" ? null : read.name,
    failure: forgets === "failure" ? null : read.failure,
    inputRequests: asks === undefined ? read.inputRequests : asks === null ? null : { [asks]: "asked" },
    revision: wrong === "revision" ? read.revision + 1 : read.revision,
    createdAt: wrong === "createdAt" ? read.createdAt + 1 : read.createdAt,
    sessionId: wrong === "sessionId" ? (read.sessionId === "s" ? null : "s") : read.sessionId
  }
}

/** The record of a task that is not there. */
const absent = (state: ModelState, taskId: string): ModelTask => ({
  taskId,
  sessionId: null,
  status: "working",
  statusMessage: null,
  createdAt: state.now,
  lastUpdatedAt: state.now,
  ttl: null,
  pollInterval: null,
  originalMethod: "tools/call",
  result: null,
  revision: 1,
  inputRequests: null,
  inputResponses: null,
  requestState: null,
  usedKeys: [],
  attempt: 0,
  leaseExpiresAt: null,
  name: null,
  traceparent: null,
  failure: null,
  principal: null,
  steps: null
})
