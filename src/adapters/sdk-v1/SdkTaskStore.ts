/**
 * The `TaskStore` of the official MCP SDK, kept in a `TaskStorage`.
 *
 * @since 0.1.0
 */
import type { CreateTaskOptions, TaskStore } from "@modelcontextprotocol/sdk/experimental/tasks"
import {
  ErrorCode,
  McpError,
  type Request,
  type RequestId,
  type Result,
  type Task
} from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TransitionOptions } from "../../domain/options/TaskOptions.ts"
import type { SessionTasks, TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type {
  InvalidInput,
  InvalidTransition,
  PayloadTooLarge,
  TaskStorageUnavailable,
  TerminalState
} from "../../domain/task/TaskError.ts"
import type { TaskOutcome } from "../../domain/task/TaskOutcome.ts"
import type { TaskRecord, TaskSummary } from "../../domain/task/TaskRecord.ts"
import { isTerminal } from "../../domain/task/TaskStatus.ts"
import { isStoredCall } from "../../protocol/callInline.ts"
import { limitOfStorage } from "../../protocol/OwnerLimits.ts"
import { toMcpError } from "./mcpErrors.ts"
import { millisOption, type RunPromiseExit, SdkCalls } from "./SdkCalls.ts"
import { refuse, type SdkRefusal } from "./SdkRefusal.ts"
import { scopedAccess, type ScopedTasks, type SdkTaskStoreOptions, type StoreAccess } from "./SdkTaskStoreOptions.ts"

/**
 * Stores the tasks of a server that is built with the official MCP SDK.
 *
 * Requests are refused with the errors that the SDK's own `InMemoryTaskStore` gives. What the engine reports of its
 * failures stays in the `cause` of an error that says no more than that, because the SDK sends errors to the client.
 *
 * The constructor throws `InvalidInput` when an option is wrong. `run` executes the effects; give
 * `Effect.runPromiseExitWith(context)` to have the tracer and the loggers of a context.
 *
 * @since 0.1.0
 * @category stores
 */
export class SdkTaskStore implements TaskStore {
  readonly #access: StoreAccess
  readonly #newPollInterval: number | undefined
  readonly #pollInterval: number
  readonly #calls: SdkCalls

  constructor(
    storage: TaskStorageShape,
    options: SdkTaskStoreOptions = {},
    run: RunPromiseExit = Effect.runPromiseExit,
    access: StoreAccess = scopedAccess(storage, options)
  ) {
    this.#access = access
    this.#newPollInterval = options.pollInterval === undefined
      ? undefined
      : millisOption("pollInterval", options.pollInterval, 0)
    this.#pollInterval = this.#newPollInterval ?? 1000
    this.#calls = new SdkCalls(options, run)
  }

  /**
   * Stores a new task with the request that it serves; what the server gives as `context` becomes its `meta`. Rejects
   * with -32602 when the ttl or the request cannot be stored.
   */
  createTask(
    taskParams: CreateTaskOptions,
    _requestId: RequestId,
    request: Request,
    sessionId?: string
  ): Promise<Task> {
    const { context, pollInterval = this.#newPollInterval } = taskParams
    const ttl = this.#access.ttlOf(taskParams.ttl)
    const task = { originalMethod: request.method, originalParams: request.params, ttl, pollInterval, meta: context }
    return this.#calls.write(
      this.#withTasks(
        sessionId,
        ({ createTask }) =>
          createTask(task).pipe(
            Effect.map((record) => this.#toTask(record)),
            Effect.catchTags({
              InvalidInput: (error) =>
                refuse(
                  sentByClient.has(error.field) ? new McpError(ErrorCode.InvalidParams, error.message) : plain(error)
                ),
              MaxTasksReached: (error) => {
                const ofOwner = limitOfStorage(error)
                return refuse(
                  ofOwner === undefined
                    ? new Error("Too many tasks are stored, try again later")
                    : toMcpError(ofOwner)
                )
              },
              PayloadTooLarge: (error) => refuse(plain(error)),
              TaskAlreadyExists: ({ taskId }) => refuse(new Error(`Task with ID ${taskId} already exists`))
            })
          )
      )
    )
  }

  /**
   * Reads a task; `null` when it does not exist, has expired, or is out of the session's reach.
   */
  getTask(taskId: string, sessionId?: string): Promise<Task | null> {
    return this.#calls.read(this.#withTasks(sessionId, ({ reachable }) =>
      reachable.getTaskSummary(taskId).pipe(
        Effect.map(Option.match({ onNone: () => null, onSome: (record) => this.#toTask(record) })),
        // What cannot be an id is the id of no task.
        Effect.catchTag("InvalidInput", () => Effect.succeed(null))
      )))
  }

  /**
   * Finishes a task: its result and its status in one write, once.
   *
   * A result that cannot be stored, because it is too large or no JSON, is refused and leaves the task as it is: store a
   * smaller one, or fail the task.
   */
  storeTaskResult(
    taskId: string,
    status: "completed" | "failed",
    result: Result,
    sessionId?: string
  ): Promise<void> {
    return this.#calls.write(
      this.#withTasks(
        sessionId,
        ({ reachable }) =>
          reachable.withSummary.settleTask(taskId, { _tag: "Success", value: result }, {
            status,
            resultTtl: this.#access.resultTtl
          }).pipe(
            Effect.catchTag("ResultAlreadyStored", () => refuseSecondResult(reachable, taskId)),
            Effect.catchTags({
              TerminalState: (error) => refuse(resultRefused(taskId, error.status)),
              ...refusals(taskId)
            }),
            Effect.asVoid
          )
      )
    )
  }

  /**
   * Gives the result of a task. Rejects with the JSON-RPC error itself when that is what the task ended with, as one
   * does that was interrupted and recovered.
   */
  getTaskResult(taskId: string, sessionId?: string): Promise<Result> {
    return this.#calls.read(this.#withTasks(sessionId, ({ reachable }) =>
      reachable.getTaskResult(taskId).pipe(
        Effect.catchTags({
          TaskNotFound: () => refuse(notFound(taskId)),
          InvalidInput: () => refuse(notFound(taskId))
        }),
        Effect.flatMap(Option.match({
          onNone: () => refuse(new Error(`Task ${taskId} has no result stored`)),
          onSome: (outcome) => resultOf(taskId, outcome)
        }))
      )))
  }

  /**
   * Changes the status of a task that has not ended; without a message the old one stays. To name the status that the
   * task is in reports progress. A cancellation that comes too late rejects with -32602.
   */
  updateTaskStatus(taskId: string, status: Task["status"], statusMessage?: string, sessionId?: string): Promise<void> {
    // Like the SDK's own store, an empty message counts as none.
    const message = statusMessage === "" ? undefined : statusMessage
    return this.#calls.write(
      this.#withTasks(sessionId, ({ reachable }) =>
        moveTo(reachable, taskId, status, {
          statusMessage: message,
          resultTtl: isTerminal(status) ? this.#access.resultTtl : undefined
        }).pipe(
          Effect.catchTags({
            TerminalState: (error) => refuse(updateRefused(taskId, error.status, status)),
            ...refusals(taskId)
          }),
          Effect.asVoid
        ))
    )
  }

  /**
   * Lists the session's own tasks, oldest first, in pages of 50.
   */
  listTasks(cursor?: string, sessionId?: string): Promise<{ tasks: Array<Task>; nextCursor?: string }> {
    return this.#calls.read(
      this.#withTasks(
        sessionId,
        ({ canList, own }) =>
          canList ?
            own.listTaskSummaries(cursor === undefined || cursor === "" ? {} : { cursor }).pipe(
              Effect.map(({ nextCursor, tasks }) => ({
                tasks: tasks.filter((summary) => !isStoredCall(summary)).map((summary) => this.#toTask(summary)),
                ...(nextCursor === undefined ? {} : { nextCursor })
              })),
              Effect.catchTags({
                InvalidCursor: () => refuse(new Error(`Invalid cursor: ${cursor}`)),
                // The one input beside the cursor is the session id, and what cannot be one has no tasks.
                InvalidInput: () => Effect.succeed({ tasks: [] })
              })
            ) :
            refuse(new Error("tasks are not listed where they belong to nobody"))
      )
    )
  }

  #withTasks<A, E>(
    sessionId: string | undefined,
    use: (tasks: ScopedTasks) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | SdkRefusal> {
    return Effect.flatMap(this.#access.tasksOf(sessionId), use)
  }

  #toTask(record: TaskRecord | TaskSummary): Task {
    const task = record.toTask20251125()
    return { ...task, pollInterval: task.pollInterval ?? this.#pollInterval }
  }
}

/** The parameters of `createTask` that come from the client. */
const sentByClient: ReadonlySet<string> = new Set(["ttl", "originalParams"])

/**
 * Brings a task into a status, or, where it is in that status, writes the message.
 *
 * Three steps at most, one of them a write unless another writer comes between: the transition, which a task in that
 * status refuses; then the message; and the transition again if somebody had moved the task on before the message. If
 * that is refused too, somebody brought the task back, so that it was in the status with the message written.
 */
const moveTo = (
  tasks: SessionTasks,
  taskId: string,
  status: Task["status"],
  options: TransitionOptions
): Effect.Effect<
  unknown,
  Exclude<Effect.Error<ReturnType<SessionTasks["updateTaskStatus"]>>, InvalidTransition>
> => {
  const transition = tasks.withSummary.updateTaskStatus(taskId, status, options)
  return Effect.catchTag(
    transition,
    "InvalidTransition",
    () =>
      Effect.flatMap(
        tasks.withSummary.touchTask(taskId, { statusMessage: options.statusMessage }),
        (touched) =>
          touched.status === status
            ? Effect.void
            : Effect.catchTag(transition, "InvalidTransition", () => Effect.void)
      )
  )
}

/** The refusal does not say in which status the task is; a terminal one stays, so it can be read afterwards. */
const refuseSecondResult = (
  tasks: SessionTasks,
  taskId: string
): Effect.Effect<never, InvalidInput | TaskStorageUnavailable | SdkRefusal> =>
  Effect.flatMap(
    tasks.getTaskSummary(taskId),
    Option.match({
      onNone: () => refuse(notFound(taskId)),
      onSome: ({ status }) =>
        refuse(
          isTerminal(status)
            ? resultRefused(taskId, status)
            : new Error(`Cannot store result for task ${taskId}: it has one. Task results can only be stored once.`)
        )
    })
  )

const resultOf = (taskId: string, outcome: TaskOutcome): Effect.Effect<Result, SdkRefusal> => {
  if (outcome._tag === "Error") return refuse(toMcpError(outcome))
  return isResult(outcome.value)
    ? Effect.succeed(outcome.value)
    : refuse(new Error(`The result of task ${taskId} is not an object, and MCP has no other results`))
}

const isResult = (value: unknown): value is Result =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const notFound = (taskId: string): Error => new Error(`Task with ID ${taskId} not found`)

const plain = (error: InvalidInput | PayloadTooLarge): Error => new Error(error.message, { cause: error })

/** What cannot be an id is the id of no task. */
const invalid = (taskId: string, error: InvalidInput): Error =>
  error.field === "taskId" || error.field === "sessionId" ? notFound(taskId) : plain(error)

/** How changes are refused of a task that is not there, and of what cannot be stored. */
const refusals = (taskId: string) => ({
  TaskNotFound: () => refuse(notFound(taskId)),
  InvalidInput: (error: InvalidInput) => refuse(invalid(taskId, error)),
  PayloadTooLarge: (error: PayloadTooLarge) => refuse(plain(error)),
  // Only who names an attempt can have lost it.
  LeaseLost: Effect.die
})

const resultRefused = (taskId: string, status: TerminalState["status"]): Error =>
  new Error(
    `Cannot store result for task ${taskId} in terminal status '${status}'. Task results can only be stored once.`
  )

const updateRefused = (taskId: string, from: TerminalState["status"], to: Task["status"]): Error =>
  to === "cancelled"
    ? new McpError(ErrorCode.InvalidParams, `Cannot cancel task in terminal status: ${from}`)
    : new Error(
      `Cannot update task ${taskId} from terminal status '${from}' to '${to}'. ` +
        "Terminal states (completed, failed, cancelled) cannot transition to other states."
    )
