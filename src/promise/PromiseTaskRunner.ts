/**
 * Running tasks through promises: the types of every operation.
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import type { RetryPolicy } from "../runner/handler/RetryPolicy.ts"
import type { ElicitAnswer, ElicitParams, InputRequest, ProgressAmount } from "../runner/handler/TaskContext.ts"
import type { LostWorkerPolicy } from "../runner/handler/TaskHandler.ts"
import type * as Runner from "../runner/service/TaskRunner.ts"
import type { RunResult } from "../runner/service/TaskRunner.ts"
import type { CallOptions } from "./PromiseCallOptions.ts"
import type { PromiseTaskStorage } from "./PromiseTaskStorage.ts"
import type { CreateTask, Json, ProvidedInput, Task, TaskSummary } from "./Task.ts"

export type { ElicitAnswer, ElicitParams, InputRequest, LostWorkerPolicy, ProgressAmount, RetryPolicy, RunResult }

/**
 * A new task of a runner. It begins as `working`.
 *
 * @since 0.2.0
 * @category models
 */
export type StartTask = Pick<CreateTask, keyof Runner.StartTask>

/**
 * What a task can do while it runs.
 *
 * Where the task was cancelled, has ended elsewhere or belongs to another worker, the promises of these operations never
 * settle: `signal` is aborted, and the runner drops the promise of the work. What the storage refuses for good ends the
 * task as an internal error.
 *
 * Keys are the caller's own, and unique over the life of the task: a task that begins anew finds under them what it has
 * asked and done before.
 *
 * @since 0.2.0
 * @category models
 */
export interface PromiseTaskContext {
  readonly taskId: string
  /** 1 for the first worker of the task, one more for each later one. */
  readonly attempt: number
  /** The authorization context that the task is bound to. */
  readonly sessionId: string | undefined
  /** On whose behalf the task runs, as it was stored with it. */
  readonly principal: Json | undefined
  /** The answers that were there when this worker began, by key. */
  readonly answers: { readonly [key: string]: Json }
  /** Aborted when the work is to stop: the task was cancelled or lost to another worker, or the runner is closed. */
  readonly signal: AbortSignal

  /**
   * Reports progress: the status message that a client sees when it polls. The amount is for clients that asked for
   * progress notifications.
   */
  readonly progress: (message: string, amount?: ProgressAmount) => Promise<void>

  /** Sets the time to live of the task, from its creation. `null` is unlimited. */
  readonly setTtl: (ttl: Duration.Input | null) => Promise<void>

  /**
   * Asks a person to fill in a form, and waits. If an earlier worker has got the answer, it gives that one: nobody is asked
   * twice. An answer that the protocol does not know counts as `cancel`.
   */
  readonly elicit: (key: string, params: ElicitParams) => Promise<ElicitAnswer>

  /** Asks the client's model (`sampling/createMessage`), and waits. */
  readonly sample: (key: string, params: unknown) => Promise<Json>

  /**
   * Sends requests to the client, all at once, and waits for every answer. Rejects with `InputRefused` if the client
   * refuses one of them. A refused elicitation gives the action `cancel` instead.
   */
  readonly request: (requests: { readonly [key: string]: InputRequest }) => Promise<{ readonly [key: string]: Json }>

  /**
   * The same without a waiting worker. Unless all requests are answered already, the work ends here, and this promise never
   * settles. The work begins anew from its start when and where the last answer arrives, even weeks and deploys later. Put
   * into a `step` what must not be done twice.
   */
  readonly suspend: (requests: { readonly [key: string]: InputRequest }) => Promise<{ readonly [key: string]: Json }>

  /**
   * Waits durably and without a worker, for seconds or weeks. The work ends here, and this promise never settles. The work begins
   * anew from its start when the time is over. Then this resolves at once: nothing is slept twice. Put into a `step` what must not
   * be done twice.
   */
  readonly sleep: (key: string, duration: Duration.Input) => Promise<void>

  /**
   * Does something once, over all workers of the task. The result of `fn` is stored, and a later worker gets it from there.
   * The first worker gets it as JSON carries it too; `undefined` becomes `null`. Rejects as `fn` rejects, and with
   * `InvalidInput` for a result that JSON cannot carry. Then nothing is stored.
   */
  readonly step: <A>(key: string, fn: () => A | Promise<A>) => Promise<A>
}

/**
 * Runs the tasks of one kind: those of a method and, if one is given, of the `name` in their params, such as that of a tool.
 * `run` gives the result of the request, which JSON can carry. If it rejects with a `TaskFailure`, the client gets that error
 * word for word. For anything else the client gets an internal error without details.
 *
 * @since 0.2.0
 * @category models
 */
export interface PromiseTaskHandler {
  readonly method: string
  readonly name?: string | undefined
  /** Does the work, and gives the result of the request. */
  readonly run: (task: Task, context: PromiseTaskContext) => Promise<unknown>
  /** What becomes of a task whose worker died: `"fail"` by default. */
  readonly lostWorker?: LostWorkerPolicy | undefined
  /** How often it runs again after it failed: never by default. A `TaskFailure` is never retried. */
  readonly retry?: RetryPolicy | undefined
  /** How long a task of this kind lives from its end on. By default it is as the runner has it. */
  readonly resultTtl?: Duration.Input | undefined
}

/**
 * @since 0.2.0
 * @category options
 */
export interface RunTaskOptions extends Omit<Runner.RunTaskOptions, "deadline">, CallOptions {
  /** The end of that time, as a point in time. If both are given, the earlier one counts. */
  readonly deadline?: Date | undefined
}

/**
 * The operations of a runner, on the tasks of one session or on all. Every one may reject with `InvalidInput` and
 * `TaskStorageUnavailable`; each names what else it rejects with.
 *
 * @since 0.2.0
 * @category models
 */
export interface PromiseSessionRunner {
  /**
   * Stores a task, then runs it by the handler for its method and name, or by `run`, which dies with this process. The task is
   * durable when the promise resolves. It runs in the background whatever happens to the caller: once it is stored,
   * `signal` does not stop it.
   *
   * Rejects with `TaskAlreadyExists`, `MaxTasksReached`, `PayloadTooLarge`, `TooManyTasks`.
   */
  readonly startTask: (
    task: StartTask,
    run?: PromiseTaskHandler["run"],
    options?: CallOptions
  ) => Promise<Task>

  /**
   * Stores answers, as `provideInput` of the storage does. With the last answer the task goes on.
   *
   * Rejects with `TaskNotFound`, `TerminalState`, `PayloadTooLarge`.
   */
  readonly provideInput: (
    taskId: string,
    responses: { readonly [key: string]: unknown },
    options?: CallOptions
  ) => Promise<ProvidedInput>

  /**
   * Cancels a task. The `signal` of its work is aborted, in whichever process it runs. A late result is refused.
   *
   * Rejects with `TaskNotFound`, `TerminalState`.
   */
  readonly cancelTask: (taskId: string, options?: CallOptions) => Promise<TaskSummary>
}

/**
 * Runs tasks until it is closed.
 *
 * @since 0.2.0
 * @category models
 */
export interface PromiseTaskRunner extends PromiseSessionRunner {
  /** The storage that the tasks are in. */
  readonly storage: PromiseTaskStorage

  /**
   * Registers how tasks of one kind are run, whichever process has stored them. A second handler of the same kind replaces
   * the first. Throws `InvalidInput` for a value that is no handler.
   */
  readonly register: (handler: PromiseTaskHandler) => void

  /**
   * Claims a task and runs it to its end, or until its `timeout` or `deadline`. For workers that are woken with an id, by a queue.
   * Tells what became of it: it ended (`settled`); it waits for input, without a worker (`suspended`); it was given back,
   * for another worker (`released`); or it was not this runner's to run (`skipped`): it is gone, ended, held by another
   * worker, or of no kind that was registered.
   */
  readonly runTask: (taskId: string, options?: RunTaskOptions) => Promise<RunResult>

  /**
   * Takes tasks that wait for a worker, and tasks whose worker died, by their policy. Gives their ids. Runners do it by
   * themselves (`recovery`).
   */
  readonly recover: (options?: CallOptions) => Promise<ReadonlyArray<string>>

  /** Tells how many tasks this runner runs at the moment. */
  readonly running: () => number

  /** Gives the same operations on the tasks of one session; for `null`, on the tasks that are bound to none. */
  readonly forSession: (sessionId: string | null) => PromiseSessionRunner

  /**
   * Takes no more tasks, gives running tasks `shutdownTimeout`, and leaves the rest to others. Then it closes the storage, if
   * the runner opened it. Closing again gives the same promise.
   */
  readonly close: () => Promise<void>

  /** Closes the runner at the end of an `await using` block. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
