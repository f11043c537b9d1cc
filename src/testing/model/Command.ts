/**
 * The commands for the model and a storage, as data that can be generated, shrunk and printed.
 *
 * @since 0.1.0
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { ResultKind, type TaskOutcome } from "../../domain/task/TaskOutcome.ts"
import { TaskStatus } from "../../domain/task/TaskStatus.ts"

/** Few of everything, so that commands meet; in JavaScript's order U+E000 would be the last id. */
const ids = ["a", "\ue000", "\u{10000}"] as const
const id = Schema.Literals(ids)
/** Every object inherits something under two of them. */
const key = Schema.Literals(["k", "constructor", "__proto__"])
/**
 * The queues of messages: of a task, and of none.
 *
 * @since 0.2.0
 * @category constants
 */
export const queues = ["a", "q"] as const

const queue = Schema.Literals(queues)
const text = Schema.Literals(["", "note", "a message that is a good deal longer than the other ones"])
const message = Schema.optionalKey(Schema.NullOr(text))
/**
 * The session that an actor may be bound to.
 *
 * @since 0.2.0
 * @category constants
 */
export const actorSession = "\ue000"

/** In JavaScript's order U+E000 would be the last session. */
const session = Schema.Literals([actorSession, "\u{10000}"])
const ttl = Schema.NullOr(Schema.Literals([50, 1000]))
const leaseOrNone = Schema.optionalKey(Schema.Literals([0, 1, 10]))
/** The latest worker that was registered under this name. */
const worker = Schema.Literals(["w", "v"])
const byLease = Schema.Struct({ lease: Schema.Literals([1, 10]) })
const byWorker = Schema.Struct({ worker })
const release = Schema.Struct({ lease: Schema.Literals([0]) })
const delay = Schema.Struct({ delay: Schema.Literals([0, 10]) })
/** How a task is claimed. */
const claim = Schema.Union([byLease, byWorker])
/** Of a worker: the attempt that it thinks it is at. */
const attempt = Schema.optionalKey(Schema.Literals([1, 2]))
/** That the caller asks for no more than the summary. */
const brief = Schema.optionalKey(Schema.Literals([true]))
const maxSize = Schema.optionalKey(Schema.Literals([1, 2]))
/** How long a task lives once it has ended. */
const resultTtl = Schema.optionalKey(Schema.Literals([1, 60, 400]))
const failure = Schema.optionalKey(Schema.Literals(["bare", "stacked"]))
const outcome = Schema.Literals(["success", "tool_error", "error"])

/**
 * The ids of all tasks that there may be.
 *
 * @since 0.2.0
 * @category constants
 */
export const taskIds: ReadonlyArray<string> = ids

/**
 * Who acts: through which handle, and as trusted code, for a session, or (`null`) for those without one.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Actor = Schema.Struct({
  handle: Schema.Literals(["first", "second"]),
  session: Schema.optionalKey(Schema.NullOr(Schema.Literals([actorSession])))
})

/**
 * @since 0.1.0
 * @category models
 */
export type Actor = typeof Actor.Type

/** What may be paused. */
const pausable = Schema.Literals(["named", "nameless", "of any name"])

const wantedFields = {
  limit: Schema.Literals([1, 2]),
  kinds: Schema.Literals(["named", "nameless", "of any name", "other"]),
  leases: Schema.Literals(["released"]),
  except: session,
  perSession: Schema.Literals([1, 2]),
  /** How many tasks of the session that an actor may be bound to. */
  runs: Schema.Literals([1]),
  behindSession: Schema.NullOr(session)
} as const

const allWanted = Struct.map(wantedFields, Schema.optionalKey)

/** Which free tasks are wanted: by one option most of the time, since by many there are few. */
const wanted = Schema.Union([
  Schema.Struct(Struct.pick(allWanted, ["limit"])),
  Schema.Struct(Struct.pick(allWanted, ["kinds"])),
  Schema.Struct(Struct.pick(allWanted, ["perSession", "runs"])),
  Schema.Struct(Struct.pick(allWanted, ["behindSession", "except"])),
  Schema.Struct(allWanted)
])

/**
 * @since 0.2.0
 * @category models
 */
export type Wanted = Schema.Struct.Type<typeof allWanted>

const RegisterWorker = Schema.TaggedStruct("registerWorker", {
  actor: Actor,
  worker,
  lease: Schema.Literals([1, 10]),
  pid: Schema.optionalKey(Schema.Literals([0]))
})

const CreateTask = Schema.TaggedStruct("createTask", {
  actor: Actor,
  taskId: id,
  sessionId: Schema.optionalKey(session),
  status: Schema.optionalKey(TaskStatus),
  statusMessage: Schema.optionalKey(text),
  /** How long before now it was created. */
  age: Schema.optionalKey(Schema.Literals([1, 10])),
  ttl: Schema.optionalKey(ttl),
  result: Schema.optionalKey(outcome),
  asks: Schema.optionalKey(key),
  hold: Schema.optionalKey(Schema.Union([byLease, byWorker, release, delay])),
  principal: Schema.optionalKey(Schema.Literals(["user"])),
  name: Schema.optionalKey(Schema.Literals(["search"])),
  traceparent: Schema.optionalKey(Schema.Literals(["00-a-b-01"]))
})

const UpdateTask = Schema.TaggedStruct("updateTask", {
  actor: Actor,
  taskId: id,
  status: Schema.optionalKey(TaskStatus),
  statusMessage: message,
  ttl: Schema.optionalKey(ttl),
  result: Schema.optionalKey(Schema.NullOr(outcome)),
  asks: Schema.optionalKey(Schema.NullOr(key)),
  forgets: Schema.optionalKey(Schema.Literals(["principal", "steps", "name", "failure"])),
  /** What is wrong with the record, if anything. */
  wrong: Schema.optionalKey(Schema.Literals(["revision", "createdAt", "sessionId"]))
})

const Advance = Schema.TaggedStruct("advance", { millis: Schema.Literals([1, 9, 40]) })

const DeclareDeadWorkers = Schema.TaggedStruct("declareDeadWorkers", {
  actor: Actor,
  except: Schema.optionalKey(worker)
})

const writes = [
  CreateTask,
  UpdateTask,
  Schema.TaggedStruct("deleteTask", { actor: Actor, taskId: id }),
  Schema.TaggedStruct("updateTaskStatus", {
    actor: Actor,
    taskId: id,
    status: TaskStatus,
    statusMessage: message,
    resultTtl,
    attempt,
    brief
  }),
  Schema.TaggedStruct("storeTaskResult", { actor: Actor, taskId: id, outcome, failure, resultTtl, attempt, brief }),
  Schema.TaggedStruct("settleTask", {
    actor: Actor,
    taskId: id,
    outcome,
    status: Schema.optionalKey(Schema.Literals(["completed", "failed"])),
    statusMessage: message,
    failure,
    resultTtl,
    attempt,
    brief
  }),
  Schema.TaggedStruct("touchTask", {
    actor: Actor,
    taskId: id,
    statusMessage: message,
    ttl: Schema.optionalKey(ttl),
    pollInterval: Schema.optionalKey(Schema.Literals([0, 5])),
    hold: Schema.optionalKey(Schema.Union([byLease, release, delay])),
    attempt,
    brief
  }),
  Schema.TaggedStruct("claimTask", { actor: Actor, taskId: id, hold: claim }),
  Schema.TaggedStruct("storeTaskStep", { actor: Actor, taskId: id, key, value: text, attempt }),
  Schema.TaggedStruct("requireInput", {
    actor: Actor,
    taskId: id,
    keys: Schema.NonEmptyArray(key).check(Schema.isMaxLength(2)),
    requestState: Schema.optionalKey(Schema.Literals(["", "state"])),
    lease: leaseOrNone,
    attempt
  }),
  Schema.TaggedStruct("provideInput", {
    actor: Actor,
    taskId: id,
    keys: Schema.Array(key).check(Schema.isMaxLength(2))
  }),
  Schema.TaggedStruct("enqueue", {
    actor: Actor,
    queue,
    body: text,
    maxSize,
    ttl: Schema.optionalKey(Schema.Literals([1, 50]))
  }),
  Schema.TaggedStruct("dequeue", { actor: Actor, queue }),
  Schema.TaggedStruct("dequeueAll", { actor: Actor, queue }),
  Schema.TaggedStruct("renewWorker", { actor: Actor, worker, lease: Schema.Literals([1, 10]) })
] as const

/** Writes and reads of several steps, each of which is atomic. */
const steps = [
  Schema.TaggedStruct("claimTasks", { actor: Actor, wanted, hold: claim }),
  DeclareDeadWorkers,
  Schema.TaggedStruct("takeNews", { actor: Actor, worker })
] as const

const reads = [
  Schema.TaggedStruct("getTask", { actor: Actor, taskId: id }),
  Schema.TaggedStruct("getTaskSummary", { actor: Actor, taskId: id }),
  Schema.TaggedStruct("getTaskResult", { actor: Actor, taskId: id }),
  Schema.TaggedStruct("taskCount", { actor: Actor }),
  Schema.TaggedStruct("list", {
    actor: Actor,
    summaries: Schema.Boolean,
    status: Schema.optionalKey(TaskStatus),
    limit: Schema.optionalKey(Schema.Literals([1, 2, 3]))
  })
] as const

/** Which tasks a list is to have; times are counted back from now. */
const filterFields = {
  status: Schema.Literals(["working", "failed"]),
  statuses: Schema.Tuple([Schema.Literals(["working", "cancelled"]), Schema.Literals(["input_required", "failed"])]),
  createdAfter: Schema.Literals([5, 10]),
  createdBefore: Schema.Literals([0, 1]),
  name: Schema.NullOr(Schema.Literals(["search"])),
  resultKind: Schema.Union([ResultKind, Schema.Tuple([Schema.Literal("tool_error"), Schema.Literal("error")])]),
  updatedAfter: Schema.Literals([5, 10]),
  updatedBefore: Schema.Literals([0, 1])
} as const

const allFilters = Struct.map(filterFields, Schema.optionalKey)

/** By one or two options most of the time, since by many there are few. */
const filter = Schema.Union([
  Schema.Struct({}),
  Schema.Struct(Struct.pick(allFilters, ["status"])),
  Schema.Struct(Struct.pick(allFilters, ["statuses"])),
  Schema.Struct(Struct.pick(allFilters, ["createdAfter", "createdBefore"])),
  Schema.Struct(Struct.pick(allFilters, ["name", "resultKind"])),
  Schema.Struct(Struct.pick(allFilters, ["updatedAfter", "updatedBefore"])),
  Schema.Struct(allFilters)
])

/**
 * @since 0.2.0
 * @category models
 */
export type Filter = Schema.Struct.Type<typeof allFilters>

const others = [
  Schema.TaggedStruct("rerunTask", {
    actor: Actor,
    taskId: id,
    as: id,
    again: Schema.optionalKey(Schema.Literals([true])),
    steps: Schema.optionalKey(Schema.Literals([true]))
  }),
  Schema.TaggedStruct("filter", {
    actor: Actor,
    filter,
    order: Schema.optionalKey(Schema.Literals(["oldest", "newest"])),
    limit: Schema.optionalKey(Schema.Literals([1, 2, 3]))
  }),
  Schema.TaggedStruct("next", { actor: Actor, limit: Schema.Literals([1, 2]) }),
  Advance,
  Schema.TaggedStruct("expireTasks", { actor: Actor }),
  Schema.TaggedStruct("forgetSession", { actor: Actor, session }),
  /** Takes over a task as it is in this state, or as it was a revision later, under the same id or another one. */
  Schema.TaggedStruct("importTask", {
    actor: Actor,
    taskId: id,
    as: id,
    later: Schema.optionalKey(Schema.Literals([true])),
    dryRun: Schema.optionalKey(Schema.Literals([true]))
  }),
  Schema.TaggedStruct("recoverStuckTasks", {
    actor: Actor,
    maxAge: Schema.Literals([0, 1, 10]),
    statuses: Schema.optionalKey(Schema.Tuple([Schema.Literals(["working", "input_required"])])),
    leases: Schema.optionalKey(Schema.Literals(["expired"])),
    resultTtl
  }),
  Schema.TaggedStruct("claimableTasks", { actor: Actor, wanted }),
  RegisterWorker,
  Schema.TaggedStruct("endWorker", { actor: Actor, worker }),
  Schema.TaggedStruct("taskStats", {
    actor: Actor,
    ofSession: Schema.optionalKey(session),
    failuresSince: Schema.Literals([0, 9, 1000])
  }),
  Schema.TaggedStruct("pauseTasks", { actor: Actor, kind: pausable }),
  Schema.TaggedStruct("resumeTasks", { actor: Actor, kind: pausable }),
  Schema.TaggedStruct("pausedTasks", { actor: Actor }),
  Schema.TaggedStruct("listWorkers", { actor: Actor })
] as const

/**
 * A command that is one atomic step, or several, so that each has a place in an order of concurrent commands.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AtomicCommand = Schema.Union([...writes, ...reads, ...steps])

/**
 * @since 0.1.0
 * @category models
 */
export type AtomicCommand = typeof AtomicCommand.Type

/**
 * Any command.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Command = Schema.Union([...writes, ...reads, ...steps, ...others])

/**
 * @since 0.1.0
 * @category models
 */
export type Command = typeof Command.Type

const limits = {
  maxTasks: Schema.optionalKey(Schema.Literals([2, 3])),
  maxTasksPerSession: Schema.optionalKey(Schema.Literals([1, 2])),
  maxActive: Schema.optionalKey(Schema.Literals([2, 3])),
  maxActivePerSession: Schema.optionalKey(Schema.Literals([1, 2])),
  maxTtl: Schema.optionalKey(Schema.Literals([50, 300])),
  defaultTtl: Schema.optionalKey(Schema.Literals([50, 1000])),
  contentBytes: Schema.optionalKey(Schema.Literals([60, 90]))
} as const

/** Few seats, so that tasks wait for them. */
const waiting = {
  ...Struct.pick(limits, ["maxTtl", "defaultTtl"]),
  maxActive: Schema.optionalKey(Schema.Literals([1, 2])),
  maxActivePerSession: Schema.optionalKey(Schema.Literals([1])),
  whenMaxActive: Schema.Literals(["wait"])
} as const

/**
 * Options of the storage, each of which is left out most of the time.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Options = Schema.Union([Schema.Struct(limits), Schema.Struct(waiting)])

/**
 * @since 0.1.0
 * @category models
 */
export type Options = typeof Options.Type

/**
 * Generates up to so many commands that create tasks, so that there is something to work with.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const creations = (maxLength: number): Arbitrary.Arbitrary<Array<Command>> =>
  Arbitrary.array(Arbitrary.schema(CreateTask), { maxLength })

/**
 * Generates up to so many commands that register workers.
 *
 * @since 0.2.0
 * @category arbitraries
 */
export const registrations = (maxLength: number): Arbitrary.Arbitrary<Array<Command>> =>
  Arbitrary.array(Arbitrary.schema(RegisterWorker), { maxLength })

/**
 * Generates up to so many commands that create tasks in the hands of workers, or free to be claimed.
 *
 * @since 0.2.0
 * @category arbitraries
 */
export const heldOrFree = (maxLength: number): Arbitrary.Arbitrary<Array<Command>> =>
  Arbitrary.array(
    Arbitrary.schema(
      Schema.TaggedStruct("createTask", { actor: Actor, taskId: id, hold: Schema.Union([byWorker, release]) })
    ),
    { maxLength }
  )

/**
 * Generates up to so many messages.
 *
 * @since 0.2.0
 * @category arbitraries
 */
export const messages = (maxLength: number): Arbitrary.Arbitrary<Array<Command>> =>
  Arbitrary.array(Arbitrary.schema(Schema.TaggedStruct("enqueue", { actor: Actor, queue, body: text })), { maxLength })

/**
 * Generates some time that goes by, behind which workers may be declared dead.
 *
 * @since 0.2.0
 * @category arbitraries
 */
export const passages: Arbitrary.Arbitrary<Array<Command>> = Arbitrary.all([
  Arbitrary.array(Arbitrary.schema(Advance), { maxLength: 1 }),
  Arbitrary.array(Arbitrary.schema(DeclareDeadWorkers), { maxLength: 1 })
]).pipe(Arbitrary.map((parts) => parts.flat()))

/**
 * Generates commands behind a few that register workers and create tasks.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const commandsBehindCreations: Arbitrary.Arbitrary<Array<Command>> = Arbitrary.all({
  registrations: registrations(2),
  creations: creations(8),
  commands: Arbitrary.array(Arbitrary.schema(Command), { maxLength: 40 })
}).pipe(Arbitrary.map(({ commands, creations, registrations }) => [...registrations, ...creations, ...commands]))

/**
 * Generates the options of a storage.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const options: Arbitrary.Arbitrary<Options> = Arbitrary.schema(Options)

/**
 * The size at which sequences get as long as they may: each command takes several units of it.
 *
 * @since 0.1.0
 * @category constants
 */
export const sequenceSize = 800

/**
 * Gives the outcome that a command names.
 *
 * @since 0.1.0
 * @category accessors
 */
export const outcomeNamed = (name: typeof outcome.Type): TaskOutcome => outcomes[name]

/**
 * Gives the failure that a command names.
 *
 * @since 0.2.0
 * @category accessors
 */
export const failureNamed = <Name extends keyof typeof failures | undefined>(name: Name) =>
  name === undefined ? undefined : failures[name]

const failures = {
  bare: { name: "TypeError", message: "x is not a function" },
  stacked: { name: "Error", message: "lost", stack: "Error: lost\n    at work" }
} as const

const outcomes = {
  success: { _tag: "Success", value: { content: [] } },
  tool_error: { _tag: "Success", value: { isError: true } },
  error: { _tag: "Error", code: -32000, message: "It broke" }
} as const
