/**
 * A command with everything that it needs to be made: what a command leaves to the moment is filled in.
 *
 * @since 0.1.0
 */
import { actorSession, type Command, outcomeNamed } from "./Command.ts"
import type { ModelState, ModelTask } from "./ModelState.ts"

type CommandOf<Tag extends Command["_tag"]> = Extract<Command, { readonly _tag: Tag }>

type UpdateTask = CommandOf<"updateTask">

/** A command with other fields. */
type With<Tag extends Command["_tag"], Fields> = Omit<CommandOf<Tag>, keyof Fields> & Fields

/** Who claims a task. */
type ModelClaim = { readonly lease: number } | { readonly worker: string }

/**
 * How a task is held, released or delayed.
 *
 * @since 0.2.0
 * @category models
 */
export type ModelHold = ModelClaim | { readonly delay: number }

type Filled =
  | {
    readonly _tag: "importTask"
    readonly actor: CommandOf<"importTask">["actor"]
    readonly record: ModelTask
    readonly dryRun?: true
  }
  | { readonly _tag: "updateTask"; readonly actor: UpdateTask["actor"]; readonly record: ModelTask }
  | With<"createTask", { readonly hold?: ModelHold | undefined }>
  | With<"claimTask", { readonly hold: ModelClaim }>
  | With<"claimTasks", { readonly hold: ModelClaim }>
  | With<"renewWorker", { readonly worker: string }>
  | With<"endWorker", { readonly worker: string }>
  | With<"takeNews", { readonly worker: string }>
  | With<"declareDeadWorkers", { readonly except?: string | undefined }>

/**
 * A command as it is sent: a replacement with the whole record to write, and workers by their ids.
 *
 * @since 0.1.0
 * @category models
 */
export type Call = Exclude<Command, { readonly _tag: Filled["_tag"] }> | Filled

/**
 * Fills in a command: a replacement changes the record as it is in this state, and a worker is the latest one of its name.
 * As long as there is none, tasks are held without it.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resolve = (state: ModelState, command: Command): Call => {
  switch (command._tag) {
    case "updateTask":
      return { _tag: "updateTask", actor: command.actor, record: changed(state, command) }
    case "importTask":
      return { ...command, record: takenOver(state, command) }
    case "createTask":
      return command.hold === undefined ? command : { ...command, hold: heldIn(state, command.hold) }
    case "claimTask":
    case "claimTasks":
      return { ...command, hold: heldIn(state, command.hold) ?? { lease: 10 } }
    case "renewWorker":
    case "endWorker":
    case "takeNews":
      return { ...command, worker: state.names[command.worker] ?? command.worker }
    case "declareDeadWorkers":
      return command.except === undefined
        ? command
        : { ...command, except: state.names[command.except] ?? command.except }
    default:
      return command
  }
}

const heldIn = <Hold extends ModelHold>(
  state: ModelState,
  hold: Hold
): Hold | { readonly worker: string } | undefined => {
  if (!("worker" in hold)) return hold
  const worker = state.names[hold.worker]
  return worker === undefined ? undefined : { worker }
}

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
    sessionId: wrong === "sessionId" ? (read.sessionId === actorSession ? null : actorSession) : read.sessionId
  }
}

const takenOver = (state: ModelState, { as, later, taskId }: CommandOf<"importTask">): ModelTask => {
  const read = state.tasks.find((task) => task.taskId === taskId) ?? absent(state, taskId)
  return { ...read, taskId: as, revision: read.revision + (later === true ? 1 : 0) }
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
  waits: false,
  worker: null,
  startedAt: null,
  name: null,
  traceparent: null,
  failure: null,
  principal: null,
  steps: null,
  rerunOf: null,
  rerunAs: null
})
