/**
 * The tasks of an extension, for the requests of any server.
 *
 * @since 0.2.0
 */
import { type AuthInfo, ProtocolError, type ServerContext } from "@modelcontextprotocol/server"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { isOver } from "../../domain/effects/isOver.ts"
import { InvalidInput, isTaskStorageError } from "../../domain/task/TaskError.ts"
import { hasTracer } from "../../domain/telemetry/isTraced.ts"
import { openedRunner } from "../../promise/openedRunners.ts"
import { type OpenedRunner, runnerClosed } from "../../promise/openRunner.ts"
import type { PromiseTaskRunner } from "../../promise/PromiseTaskRunner.ts"
import { reporting } from "../../promise/reporting.ts"
import { askOwner } from "../../protocol/askOwner.ts"
import type { OwnedTasks } from "../../protocol/OwnedTasks.ts"
import type { OwnerLimits } from "../../protocol/OwnerLimits.ts"
import { makeTasks, type Tasks } from "../../protocol/Tasks.ts"
import { hidingDefects, internalError, shownFailure, type WireError } from "../../protocol/WireError.ts"
import type { ResolvedOptions } from "./TasksExtensionOptions.ts"

interface Opened {
  readonly facade: PromiseTaskRunner
  readonly runner: OpenedRunner
  readonly tasks: Tasks
  readonly isTracing: boolean
}

/**
 * Runs what the protocol makes of requests, on the runner of an extension.
 *
 * @since 0.2.0
 * @category models
 */
export class ServedTasks {
  readonly #options: ResolvedOptions
  readonly #opened: Promise<Opened>
  #nowOpen: Opened | undefined
  /** Where failures go of which clients must not know: where the options say, or else where the runner tells of its own. */
  readonly #references: Context.Context<never>

  constructor(options: ResolvedOptions) {
    const { logger, onError } = options.reports
    this.#options = options
    this.#references = logger === undefined && onError === undefined ? Context.empty() : reporting(options.reports)
    this.#opened = this.#open()
    this.#opened.then(
      (opened) => {
        // Before anybody else hears of it, so that no call is ahead of the tools that were registered.
        this.#nowOpen = opened
      },
      (error: unknown) => this.#background(Effect.logError("The storage of the tasks cannot be opened", error))
    )
  }

  /** The limits of each owner. */
  get limits(): OwnerLimits {
    return this.#options.settings.limits
  }

  /** Waits until tasks can be run. Rejects where the storage cannot be opened. */
  async ready(): Promise<void> {
    await this.#opened
  }

  /** Runs an effect when the runner is open, and not at all where it cannot be. */
  register(effect: (tasks: Tasks) => Effect.Effect<void>): void {
    const begin = ({ runner, tasks }: Opened) => void runner.run(effect(tasks))
    if (this.#nowOpen !== undefined) begin(this.#nowOpen)
    else this.#opened.then(begin, () => undefined)
  }

  /**
   * Answers a request; rejects with the `ProtocolError` that its client gets. What the signal stops rejects with its reason.
   */
  answer<A>(make: (tasks: Tasks) => Effect.Effect<A, WireError>, signal: AbortSignal): Promise<A> {
    return new Promise<A>((resolve, reject) => this.begin(make, signal, resolve, reject))
  }

  /**
   * The same for those who do not wait for what is over at once: it calls back before it gives anything then. An `Exit` is over
   * without a fiber.
   */
  begin<A>(
    make: (tasks: Tasks) => Effect.Effect<A, WireError>,
    signal: AbortSignal,
    resolve: (answer: A) => void,
    reject: (error: unknown) => void
  ): void {
    const begin = ({ runner, tasks }: Opened) => {
      const mayBegin = !signal.aborted && !runner.isClosed()
      const request = mayBegin ? begun(() => make(tasks)) : Effect.suspend(() => make(tasks))
      if (isOver(request) && Exit.isSuccess(request)) return resolve(request.value)
      runner.fork(Effect.provideContext(hidingDefects(request), this.#references), signal, (exit) => {
        if (Exit.isSuccess(exit)) return resolve(exit.value)
        // What nobody stopped was stopped by the end of the runner.
        const failure = Option.getOrElse(Exit.findErrorOption(exit), () => runnerClosed("answer"))
        this.#refuse(failure, signal).catch(reject)
      })
    }
    if (this.#nowOpen !== undefined) return begin(this.#nowOpen)
    this.#opened.then(begin, (error: unknown) => {
      const failure = isTaskStorageError(error) ? error : internalError("Internal error")
      return this.#refuse(failure, signal)
    }).catch(reject)
  }

  /** Tells whether somebody sees the spans of requests, as far as that is known. */
  get isTracing(): boolean {
    return this.#nowOpen?.isTracing !== false
  }

  /** Gives the tasks that a request may reach. The owner is asked at once. */
  owned(
    tasks: Tasks,
    authInfo: AuthInfo | undefined,
    request: Request | undefined
  ): Effect.Effect<OwnedTasks, WireError> {
    return Effect.mapEager(
      askOwner(
        this.#options.owner,
        [authInfo, request],
        (thrown) => thrown instanceof ProtocolError ? thrown : undefined
      ),
      tasks.ownedBy
    )
  }

  /** The same of a request that came to a server. */
  ownedBy(tasks: Tasks, { http }: ServerContext): Effect.Effect<OwnedTasks, WireError> {
    return this.owned(tasks, http?.authInfo, http?.req)
  }

  /** Ends the runner, unless it was given. */
  async close(): Promise<void> {
    if (!this.#options.ownsRunner) return
    // What could not be opened need not be closed, and the operator has heard of it.
    const opened = await this.#opened.catch(() => undefined)
    await opened?.facade.close()
  }

  /** Rejects with what the client of a request is told. */
  async #refuse(failure: Parameters<typeof shownFailure>[0], signal: AbortSignal): Promise<never> {
    signal.throwIfAborted()
    const { code, data, message } = await this.#background(shownFailure(failure))
    throw new ProtocolError(code, message, data)
  }

  async #open(): Promise<Opened> {
    const facade = await this.#options.open()
    const runner = openedRunner(facade)
    if (runner === undefined) {
      throw new InvalidInput({ field: "runner", reason: "must be one that openTaskRunner gave" })
    }
    const tasks = makeTasks(this.#options.settings, runner)
    return { facade, runner, tasks, isTracing: hasTracer(runner.context) }
  }

  /** Runs what nothing stops. It tells the operator of failures as the runner does, and never on stdout. */
  async #background<A>(effect: Effect.Effect<A>): Promise<A> {
    const context = await this.#opened.then(({ runner }) => runner.context, () => reporting({}))
    return Effect.runPromiseWith(Context.merge(context, this.#references))(effect)
  }
}

/** What a request throws is its defect. */
const begun = <A>(make: () => Effect.Effect<A, WireError>): Effect.Effect<A, WireError> => {
  try {
    return make()
  } catch (defect) {
    return Effect.die(defect)
  }
}
