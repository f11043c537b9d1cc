/**
 * Runs the effects of a storage as promises.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Result from "effect/Result"
import { isOver } from "../domain/effects/isOver.ts"
import type { PlainOf } from "../domain/operations/TaskOperation.ts"
import type { OptionNames } from "../domain/options/optionNames.ts"
import { isTaskStorageError, type TaskStorageError, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import { TooManyTasks } from "../runner/service/TaskRunner.ts"
import { type Beginner, beginWithoutFiber } from "./beginWithoutFiber.ts"
import { CallerSpan, type FindCallerSpan, inCallerSpan } from "./CallerSpan.ts"
import { type ReadCall, readCall } from "./callOptions.ts"
import { CallSite } from "./CallSite.ts"
import type { CallOptions } from "./PromiseCallOptions.ts"

/** A call: its name, whether it reads, writes, or waits for others to write, and the method here that it came in by. */
interface Operation {
  readonly name: string
  readonly kind: "read" | "write" | "wait"
  readonly entry: CallableFunction
}

type Make<Options extends CallOptions, A, E> = (own: ReadCall<Options>["own"]) => Effect.Effect<A, E>

/**
 * Runs the effect that `make` gives, as the operation `name`. `make` is called only when the call may begin, and may throw
 * `InvalidInput`. It gets what the options hold beside the signal; other `names` than those of its own are refused.
 * The promise gives the answer as `encode` gives it, which takes less time here than as a step of the effect.
 *
 * @since 0.2.0
 * @category models
 */
export type RunCall = <Options extends CallOptions, A, B, E>(
  name: string,
  options: Options | undefined,
  names: OptionNames<NoInfer<Options>>,
  make: Make<Options, A, E>,
  encode: (answer: A) => B
) => Promise<B>

/**
 * Runs the effect of a call, as {@link RunCall} does, whose answer is a task. The promise gives it as plain data.
 *
 * @since 0.2.0
 * @category models
 */
export type RunTaskCall = <Options extends CallOptions, A, E>(
  name: string,
  options: Options | undefined,
  names: OptionNames<NoInfer<Options>>,
  make: Make<Options, A, E>,
  encode: (answer: A) => PlainOf<A>
) => Promise<PlainOf<A>>

/**
 * Runs calls until it is closed.
 *
 * @since 0.1.0
 * @category models
 */
export class PromiseCalls {
  readonly #beginner: Beginner
  readonly #runFork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  readonly #runExit: <A, E>(effect: Effect.Effect<A, E>) => Promise<Exit.Exit<A, E>>
  readonly #findCallerSpan: FindCallerSpan | undefined
  readonly #release: Effect.Effect<void>
  readonly #closedReason: string
  readonly #running = new Map<Fiber.Fiber<unknown, unknown>, Operation>()
  #closing: Promise<void> | undefined

  /**
   * Runs effects with the references of `context`, such as the clock; `release` ends what the storage holds.
   * `closedReason` says in the errors of later calls what is closed.
   */
  constructor(context: Context.Context<never>, release: Effect.Effect<void>, closedReason = "the storage is closed") {
    this.#beginner = beginWithoutFiber(context)
    this.#runFork = Effect.runForkWith(context)
    this.#runExit = Effect.runPromiseExitWith(context)
    this.#findCallerSpan = Context.get(context, CallerSpan)
    this.#release = release
    this.#closedReason = closedReason
  }

  /** Runs an effect that reads. */
  readonly read: RunCall = (name, options, names, make, encode) =>
    this.#run({ name, kind: "read", entry: this.read }, options, names, make, encode)

  /** Runs an effect that writes. */
  readonly write: RunCall = (name, options, names, make, encode) =>
    this.#run({ name, kind: "write", entry: this.write }, options, names, make, encode)

  /** Runs an effect that reads a task, which is given as plain data. */
  readonly readTask: RunTaskCall = (name, options, names, make, encode) =>
    this.#runTask({ name, kind: "read", entry: this.readTask }, options, names, make, encode)

  /** Runs an effect that writes a task, which is given as plain data. */
  readonly writeTask: RunTaskCall = (name, options, names, make, encode) =>
    this.#runTask({ name, kind: "write", entry: this.writeTask }, options, names, make, encode)

  /** Runs an effect that waits for others to write. */
  readonly wait: RunCall = (name, options, names, make, encode) =>
    this.#run({ name, kind: "wait", entry: this.wait }, options, names, make, encode)

  /** Most calls on memory are over at once, and an async function would take half as long as they do. */
  #run<Options extends CallOptions, A, B, E>(
    operation: Operation,
    options: Options | undefined,
    names: OptionNames<NoInfer<Options>>,
    make: Make<Options, A, E>,
    encode: (answer: A) => B
  ): Promise<B> {
    try {
      const { own, signal } = this.#admit(operation, options, names)
      return this.#goOn(this.#beginner.begin(made(operation, make, own)), operation, signal, encode)
    } catch (error) {
      return Promise.reject(this.#shown(error, operation))
    }
  }

  #runTask<Options extends CallOptions, A, E>(
    operation: Operation,
    options: Options | undefined,
    names: OptionNames<NoInfer<Options>>,
    make: Make<Options, A, E>,
    encode: (answer: A) => PlainOf<A>
  ): Promise<PlainOf<A>> {
    try {
      const { own, signal } = this.#admit(operation, options, names)
      return this.#goOn(this.#beginner.beginPlain(made(operation, make, own), encode), operation, signal, identity)
    } catch (error) {
      return Promise.reject(this.#shown(error, operation))
    }
  }

  /** Reads the options of a call that may begin. */
  #admit<Options extends CallOptions>(
    operation: Operation,
    options: Options | undefined,
    names: OptionNames<NoInfer<Options>>
  ): ReadCall<Options> {
    const call = readCall(options, names)
    if (this.#closing !== undefined) throw this.#closed(operation, "no")
    call.signal?.throwIfAborted()
    return call
  }

  /** Goes on with what has begun. */
  #goOn<A, B, E>(
    begun: Effect.Effect<A, E>,
    operation: Operation,
    signal: AbortSignal | undefined,
    encode: (answer: A) => B
  ): Promise<B> {
    if (!isOver(begun)) return this.#runInFiber(begun, operation, signal, encode)
    signal?.throwIfAborted()
    return Promise.resolve(this.#answer(begun, operation, encode))
  }

  async #runInFiber<A, B, E>(
    effect: Effect.Effect<A, E>,
    operation: Operation,
    signal: AbortSignal | undefined,
    encode: (answer: A) => B
  ): Promise<B> {
    let site: CallSite | undefined
    try {
      const fiber = this.#runFork(inCallerSpan(this.#findCallerSpan, effect))
      // Most calls on SQLite are over as soon as their fiber has begun. Then they cost one promise.
      const first = fiber.pollUnsafe()
      if (first === undefined) site = new CallSite(operation.entry)
      const exit = first ?? await this.#exitOf(fiber, operation, signal)
      signal?.throwIfAborted()
      return this.#answer(exit, operation, encode)
    } catch (error) {
      throw this.#shown(error, operation, site)
    }
  }

  #answer<A, B, E>(exit: Exit.Exit<A, E>, operation: Operation, encode: (answer: A) => B): B {
    if (exit._tag === "Success") return encoded(operation, exit.value, encode)
    throw this.#rejection(exit.cause, operation)
  }

  /**
   * Lets calls in progress end, except those that wait for others to write. Then it releases the storage.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const [fiber, { kind }] of this.#running) if (kind === "wait") fiber.interruptUnsafe()
    const ended = Effect.andThen(Fiber.awaitAll([...this.#running.keys()]), this.#release)
    const exit = await this.#runExit(ended)
    if (exit._tag === "Failure") throw failed({ name: "close", kind: "write", entry: this.close }, exit.cause)
  }

  #exitOf<A, E>(
    fiber: Fiber.Fiber<A, E>,
    operation: Operation,
    signal: AbortSignal | undefined
  ): Promise<Exit.Exit<A, E>> {
    this.#running.set(fiber, operation)
    const interrupt = () => fiber.interruptUnsafe()
    signal?.addEventListener("abort", interrupt, { once: true })
    // Aborted by what the effect itself called, before anybody listened.
    if (signal?.aborted === true) interrupt()
    return new Promise((resolve) => {
      fiber.addObserver((exit) => {
        this.#running.delete(fiber)
        signal?.removeEventListener("abort", interrupt)
        resolve(exit)
      })
    })
  }

  /** Gives the error of a call, which shows where the call was made if it is of the library. */
  #shown(error: unknown, { entry }: Operation, site?: CallSite): unknown {
    return isTaskStorageError(error) || error instanceof TooManyTasks
      ? (site ?? new CallSite(entry)).shownIn(error)
      : error
  }

  #rejection(cause: Cause.Cause<unknown>, operation: Operation): unknown {
    return this.#closing !== undefined && Cause.hasInterruptsOnly(cause)
      ? this.#closed(operation, operation.kind === "write" ? "unknown" : "no")
      : failed(operation, cause)
  }

  #closed({ name }: Operation, applied: "no" | "unknown"): TaskStorageUnavailable {
    return new TaskStorageUnavailable({ operation: name, reason: this.#closedReason, retryable: false, applied })
  }
}

/** Makes the effect of a call. */
const made = <Options extends CallOptions, A, E>(
  operation: Operation,
  make: Make<Options, A, E>,
  own: ReadCall<Options>["own"]
): Effect.Effect<A, E | TaskStorageError> => {
  try {
    return make(own)
  } catch (error) {
    return Effect.fail(isTaskStorageError(error) ? error : unexpected(operation, "no", error))
  }
}

/** Encodes an answer. A service of a third party may give one that cannot be encoded. */
const encoded = <A, B>(operation: Operation, answer: A, encode: (answer: A) => B): B => {
  try {
    return encode(answer)
  } catch (error) {
    throw unexpected(operation, operation.kind === "write" ? "unknown" : "no", error)
  }
}

/** Gives the error that a promise rejects with: the typed error itself, and for a defect one that wraps it. */
const failed = (operation: Operation, cause: Cause.Cause<unknown>): unknown => {
  const expected = Cause.findError(cause)
  const error = Result.isSuccess(expected) ? expected.success : Cause.squash(cause)
  if (isTaskStorageError(error) || (Result.isSuccess(expected) && error instanceof Error)) return error
  return unexpected(operation, operation.kind === "write" ? "unknown" : "no", error)
}

const unexpected = ({ name }: Operation, applied: "no" | "unknown", cause: unknown): TaskStorageUnavailable =>
  new TaskStorageUnavailable({
    operation: name,
    reason: "the storage failed in a way that it should not; `cause` tells how",
    retryable: false,
    applied,
    cause
  })
