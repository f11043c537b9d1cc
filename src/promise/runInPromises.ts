/**
 * Work that is written in promises, as the runner runs it.
 *
 * @since 0.2.0
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"
import { parseJson } from "../domain/ArgumentParsers.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { TaskContext, type TaskContextShape } from "../runner/TaskContext.ts"
import { CallerSpan, inCallerSpan } from "./CallerSpan.ts"
import { encodeTask } from "./codec.ts"
import type { PromiseTaskContext } from "./PromiseTaskRunner.ts"
import type { Task } from "./Task.ts"

/**
 * Gives the effect of work in promises. Interrupted, it aborts the signal and does not wait for the promise, which may
 * never settle; what becomes of that one is of no account then.
 *
 * @since 0.2.0
 * @category converting
 */
export const workInPromises = <A>(
  run: (context: PromiseTaskContext) => A | Promise<A>
): Effect.Effect<A, never, TaskContext> =>
  Effect.contextWith((services: Context.Context<TaskContext>) =>
    Effect.callback<A>((resume) => {
      const operations = new Operations(services, (cause) => resume(Effect.failCause(cause)))
      const context = makeContext(Context.get(services, TaskContext), operations)
      // A function that throws at once is one that rejects.
      Promise.resolve().then(() => run(context)).then(
        (value) => {
          resume(Effect.succeed(value))
          operations.drop()
        },
        (error: unknown) => {
          resume(Effect.die(error))
          operations.drop()
        }
      )
      return Effect.sync(() => operations.abort())
    })
  )

/**
 * The same of work that is told of its task as plain data.
 *
 * @since 0.2.0
 * @category converting
 */
export const runInPromises =
  (run: (task: Task, context: PromiseTaskContext) => unknown) =>
  (record: TaskRecord): Effect.Effect<unknown, never, TaskContext> =>
    workInPromises((context) => run(encodeTask(record), context))

/**
 * Whoever waits for an operation. Its methods may be given more than they take: that a step gives again what it gave
 * before is for its user to know.
 */
interface Waiter<A> {
  resolve(value: A): void
  reject(error: unknown): void
}

/** The operations of one piece of work, each of which runs as a fiber of its own. */
class Operations {
  readonly #controller = new AbortController()
  readonly #fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  readonly #running = new Set<Fiber.Fiber<unknown, unknown>>()
  readonly #fail: (cause: Cause.Cause<never>) => void
  #isOver = false

  constructor(context: Context.Context<TaskContext>, fail: (cause: Cause.Cause<never>) => void) {
    const fork = Effect.runForkWith(context)
    const findSpan = Context.get(context, CallerSpan)
    const span = Context.getOrUndefined(context, Tracer.ParentSpan)
    this.#fork = (effect) => fork(inCallerSpan(findSpan, effect, span))
    this.#fail = fail
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Stops the work: nothing that it still waits for settles. */
  abort(): void {
    this.drop()
    this.#controller.abort()
  }

  /** Ends what is left of a work that is done. */
  drop(): void {
    this.#isOver = true
    for (const fiber of this.#running) fiber.interruptUnsafe()
  }

  /** Runs an operation. What it fails with is the caller's; anything else that goes wrong is the runner's. */
  run<A, E>(make: () => Effect.Effect<A, E>): Promise<A> {
    return this.#promise((waiter) =>
      this.#run(() => Effect.result(make()), {
        resolve: (result) => Result.isSuccess(result) ? waiter.resolve(result.success) : waiter.reject(result.failure),
        reject: waiter.reject
      })
    )
  }

  /** Runs a step. What `fn` rejects with is the caller's; anything else that goes wrong is the runner's. */
  step<A>(context: TaskContextShape, key: string, fn: () => A | Promise<A>): Promise<A> {
    const effect = Effect.tryPromise(async () => asJson(await fn()))
    return this.#promise<A>((waiter) => {
      const taker: Waiter<unknown> = waiter
      this.#run(() => Effect.result(context.step(key, Schema.Json, effect)), {
        resolve: (result) =>
          Result.isSuccess(result) ? taker.resolve(result.success) : taker.reject(result.failure.cause),
        reject: waiter.reject
      })
    })
  }

  #promise<A>(begin: (waiter: Waiter<A>) => void): Promise<A> {
    const promise = new Promise<A>((resolve, reject) => begin({ resolve, reject }))
    // Work that forgets to wait for a step must not end the process.
    promise.catch(() => undefined)
    return promise
  }

  #run<A>(make: () => Effect.Effect<A>, waiter: Waiter<A>): void {
    if (this.#isOver) return
    const fiber = this.#fork(Effect.suspend(make))
    this.#running.add(fiber)
    fiber.addObserver((exit) => {
      this.#running.delete(fiber)
      if (this.#isOver) return
      if (exit._tag === "Success") return waiter.resolve(exit.value)
      this.abort()
      this.#fail(exit.cause)
    })
  }
}

const asJson = (value: unknown) => Result.getOrThrow(parseJson("step", value === undefined ? null : value)).decode()

const makeContext = (context: TaskContextShape, operations: Operations): PromiseTaskContext => {
  const { answers, attempt, elicit, principal, progress, request, sample, sessionId, setTtl, sleep, suspend, taskId } =
    context
  return {
    taskId,
    attempt,
    sessionId,
    principal,
    answers,
    signal: operations.signal,
    progress: (message, amount) => operations.run(() => progress(message, amount)),
    setTtl: (ttl) => operations.run(() => setTtl(ttl)),
    elicit: (key, params) => operations.run(() => elicit(key, params)),
    sample: (key, params) => operations.run(() => sample(key, params)),
    request: (requests) => operations.run(() => request(requests)),
    suspend: (requests) => operations.run(() => suspend(requests)),
    sleep: (key, duration) => operations.run(() => sleep(key, duration)),
    step: (key, fn) => operations.step(context, key, fn)
  }
}
