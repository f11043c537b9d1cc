/**
 * Why an operation is refused or cannot be done.
 *
 * Every error is a Schema, so that it travels over RPC and into logs. Its message says what to do about it. Neither its fields
 * nor its message hold a payload or a connection string.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { shownAsError } from "./shownAsError.ts"
import { TaskStatus } from "./TaskStatus.ts"

/**
 * There is no such task: it never existed, has expired, was deleted, or belongs to another session.
 *
 * @since 0.1.0
 * @category errors
 */
export class TaskNotFound extends shownAsError(
  Schema.TaggedError<TaskNotFound>("mcp-task-storage/TaskNotFound")("TaskNotFound", {
    taskId: Schema.String
  })
) {
  override get message(): string {
    return `Task ${this.taskId} does not exist. It may have expired, been deleted, or belong to another session.`
  }
}

/**
 * A task with this id is stored already. It was not changed.
 *
 * @since 0.1.0
 * @category errors
 */
export class TaskAlreadyExists extends shownAsError(
  Schema.TaggedError<TaskAlreadyExists>("mcp-task-storage/TaskAlreadyExists")("TaskAlreadyExists", {
    taskId: Schema.String
  })
) {
  override get message(): string {
    return `Task ${this.taskId} exists already. Leave taskId out to have a unique one generated.`
  }
}

/**
 * The state machine has no such transition.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidTransition extends shownAsError(
  Schema.TaggedError<InvalidTransition>("mcp-task-storage/InvalidTransition")("InvalidTransition", {
    taskId: Schema.String,
    current: TaskStatus,
    requested: TaskStatus
  })
) {
  override get message(): string {
    return this.current === this.requested
      ? `Task ${this.taskId} is ${this.current} already. To report progress without a transition, use touchTask.`
      : `Task ${this.taskId} cannot go from ${this.current} to ${this.requested}.`
  }
}

/**
 * The task has ended, and an ended task does not change any more.
 *
 * @since 0.1.0
 * @category errors
 */
export class TerminalState extends shownAsError(
  Schema.TaggedError<TerminalState>("mcp-task-storage/TerminalState")("TerminalState", {
    taskId: Schema.String,
    status: TaskStatus
  })
) {
  override get message(): string {
    return `Task ${this.taskId} is ${this.status}, which is final. Stop working on it; its status cannot change.`
  }
}

/**
 * The outcome of the task is stored already; it is written once and never changes.
 *
 * @since 0.1.0
 * @category errors
 */
export class ResultAlreadyStored extends shownAsError(
  Schema.TaggedError<ResultAlreadyStored>("mcp-task-storage/ResultAlreadyStored")("ResultAlreadyStored", {
    taskId: Schema.String
  })
) {
  override get message(): string {
    return `Task ${this.taskId} has a stored result already, and a result is written once. Read it with getTaskResult.`
  }
}

/**
 * Only a task that has ended can be run again.
 *
 * @since 0.2.0
 * @category errors
 */
export class TaskNotEnded extends shownAsError(
  Schema.TaggedError<TaskNotEnded>("mcp-task-storage/TaskNotEnded")("TaskNotEnded", {
    taskId: Schema.String,
    status: TaskStatus
  })
) {
  override get message(): string {
    return `Task ${this.taskId} is ${this.status} and has not ended. Wait for its end, or cancel it first.`
  }
}

/**
 * The task was run again before.
 *
 * @since 0.2.0
 * @category errors
 */
export class TaskAlreadyRerun extends shownAsError(
  Schema.TaggedError<TaskAlreadyRerun>("mcp-task-storage/TaskAlreadyRerun")("TaskAlreadyRerun", {
    taskId: Schema.String,
    /** The latest task that does it again. */
    rerunAs: Schema.String
  })
) {
  override get message(): string {
    return `Task ${this.taskId} was run again as ${this.rerunAs}. To run it once more, use the option again.`
  }
}

/**
 * An input request was asked under a key that this task has used before.
 *
 * @since 0.1.0
 * @category errors
 */
export class InputKeyReused extends shownAsError(
  Schema.TaggedError<InputKeyReused>("mcp-task-storage/InputKeyReused")("InputKeyReused", {
    taskId: Schema.String,
    key: Schema.String
  })
) {
  override get message(): string {
    return `Task ${this.taskId} has asked for input ${JSON.stringify(this.key)} before. ` +
      "Keys are unique over the life of a task, answered or not: number them."
  }
}

/**
 * Another worker has claimed the task since. The worker that had it before may not write to it any more.
 *
 * @since 0.2.0
 * @category errors
 */
export class LeaseLost extends shownAsError(
  Schema.TaggedError<LeaseLost>("mcp-task-storage/LeaseLost")("LeaseLost", {
    taskId: Schema.String,
    /** The attempt that the write named. */
    attempt: Schema.Number,
    /** The attempt that the task is at. */
    current: Schema.Number
  })
) {
  override get message(): string {
    return `Task ${this.taskId} is at attempt ${this.current}, not ${this.attempt}: another worker has claimed it. ` +
      "Stop working on it."
  }
}

/**
 * The task may not be claimed yet: a living worker holds it, it is under a lease that has not run out, or it waits until
 * later.
 *
 * @since 0.2.0
 * @category errors
 */
export class LeaseHeld extends shownAsError(
  Schema.TaggedError<LeaseHeld>("mcp-task-storage/LeaseHeld")("LeaseHeld", {
    taskId: Schema.String,
    /** Milliseconds until the lease runs out, unless it is extended. Absent when a registered worker holds the task. */
    remaining: Schema.optionalKey(Schema.Number),
    /** The registered worker that holds the task. */
    worker: Schema.optionalKey(Schema.String)
  })
) {
  override get message(): string {
    return this.worker === undefined
      ? `Task ${this.taskId} is held or waits for another ${this.remaining} ms. ` +
        "Leave it to its worker, or claim it when that time is over."
      : `Task ${this.taskId} is held by worker ${this.worker}. ` +
        "Leave it to that worker, or claim it when that worker is declared dead."
  }
}

/**
 * There is no such worker, or it was declared dead because its lease had run out. Others may have taken its tasks.
 *
 * @since 0.2.0
 * @category errors
 */
export class WorkerLost extends shownAsError(
  Schema.TaggedError<WorkerLost>("mcp-task-storage/WorkerLost")("WorkerLost", {
    workerId: Schema.String
  })
) {
  override get message(): string {
    return `Worker ${this.workerId} is not registered, or is dead: it has ended, or was not renewed in time. ` +
      "Stop the tasks that it ran, and register anew."
  }
}

/**
 * The storage, or the session, holds as many tasks as it may, or as many active ones.
 *
 * @since 0.1.0
 * @category errors
 */
export class MaxTasksReached extends shownAsError(
  Schema.TaggedError<MaxTasksReached>("mcp-task-storage/MaxTasksReached")("MaxTasksReached", {
    scope: Schema.Literals(["storage", "session", "active", "activePerSession"]),
    limit: Schema.Number
  })
) {
  override get message(): string {
    switch (this.scope) {
      case "storage":
        return `The storage holds its maximum of ${this.limit} tasks. Delete some, give tasks a ttl, or raise maxTasks.`
      case "session":
        return `The session holds its maximum of ${this.limit} tasks. ` +
          "Wait until some expire, delete some, or raise maxTasksPerSession."
      case "active":
        return `The storage has its maximum of ${this.limit} active tasks. ` +
          "Wait until some end, cancel some, or raise maxActive."
      case "activePerSession":
        return `The session has its maximum of ${this.limit} active tasks. ` +
          "Wait until some end, cancel some, or raise maxActivePerSession."
    }
  }
}

/**
 * The task was written by someone else since the record was read.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConcurrentModification extends shownAsError(
  Schema.TaggedError<ConcurrentModification>("mcp-task-storage/ConcurrentModification")(
    "ConcurrentModification",
    {
      taskId: Schema.String,
      expected: Schema.Number,
      actual: Schema.Number
    }
  )
) {
  override get message(): string {
    return `Task ${this.taskId} is at revision ${this.actual}, not ${this.expected}: someone else wrote it. ` +
      "Read it again and repeat the change on the new record."
  }
}

/**
 * An argument is not what its type says.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidInput extends shownAsError(
  Schema.TaggedError<InvalidInput>("mcp-task-storage/InvalidInput")("InvalidInput", {
    field: Schema.String,
    reason: Schema.String
  })
) {
  override get message(): string {
    return `Invalid ${this.field}: ${this.reason}${this.reason.endsWith("?") ? "" : "."}`
  }
}

/**
 * The cursor is malformed or comes from another query.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidCursor extends shownAsError(
  Schema.TaggedError<InvalidCursor>("mcp-task-storage/InvalidCursor")("InvalidCursor", {
    reason: Schema.String
  })
) {
  override get message(): string {
    return `Invalid cursor: ${this.reason}. Pass a nextCursor unchanged, to the query it came from, or start without one.`
  }
}

/**
 * The payload is larger than the layer stores. Sizes are bytes of the stored JSON text.
 *
 * @since 0.1.0
 * @category errors
 */
export class PayloadTooLarge extends shownAsError(
  Schema.TaggedError<PayloadTooLarge>("mcp-task-storage/PayloadTooLarge")("PayloadTooLarge", {
    limit: Schema.Number,
    actual: Schema.Number
  })
) {
  override get message(): string {
    return `The payload takes ${this.actual} bytes where at most ${this.limit} are stored. ` +
      "Store the data elsewhere and a link to it here, or raise maxPayloadBytes."
  }
}

/**
 * The engine behind the storage cannot do it now: it is down, locked, full, or gave back a corrupt row.
 *
 * `retryable` tells whether the same call may succeed later. `applied` tells whether a write may have happened. After `"no"`
 * repeat the call. After `"unknown"` read the task first. `concerns` is `"store"` where every other task is known to meet the same:
 * the database is read-only, for example, or its tables are missing.
 *
 * @since 0.1.0
 * @category errors
 */
export class TaskStorageUnavailable extends shownAsError(
  Schema.TaggedError<TaskStorageUnavailable>("mcp-task-storage/TaskStorageUnavailable")(
    "TaskStorageUnavailable",
    {
      operation: Schema.String,
      reason: Schema.String,
      retryable: Schema.Boolean,
      applied: Schema.Literals(["no", "unknown"]),
      concerns: Schema.optionalKey(Schema.Literal("store")),
      cause: Schema.optionalKey(Schema.Defect())
    }
  )
) {
  override get message(): string {
    return `${this.operation} failed: ${this.reason}.`
  }
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const TaskStorageError = Schema.Union([
  TaskNotFound,
  TaskAlreadyExists,
  TaskNotEnded,
  TaskAlreadyRerun,
  InvalidTransition,
  TerminalState,
  ResultAlreadyStored,
  InputKeyReused,
  LeaseLost,
  LeaseHeld,
  WorkerLost,
  MaxTasksReached,
  ConcurrentModification,
  InvalidInput,
  InvalidCursor,
  PayloadTooLarge,
  TaskStorageUnavailable
])

/**
 * Every error that an operation of the storage can give.
 *
 * @since 0.1.0
 * @category errors
 */
export type TaskStorageError = typeof TaskStorageError.Type

/**
 * Tells whether a value is one of the errors of this library.
 *
 * @since 0.1.0
 * @category guards
 */
export const isTaskStorageError: (u: unknown) => u is TaskStorageError = Schema.is(TaskStorageError)
