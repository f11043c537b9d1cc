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
import { parseJson } from "../domain/options/ArgumentParsers.ts"
import type { TaskRecord } from "../domain/task/TaskRecord.ts"
import { TaskContext, type TaskContextShape } from "../runner/handler/TaskContext.ts"
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
  Effect.contextWith((services: Context.Context<TaskContext>) => {
    const operations = new Operations()
    return settling(services, operations, () => start(run, makeContext(Context.get(services, TaskContext), operations)))
  })

/**
 * Work that begins without a fiber, in the turn of its caller.
 *
 * @since 0.2.0
 * @category models
 */
export class BegunWork<A> {
  readonly #operations: Operations
  #result: Promise<A> | undefined
  #giveResult: ((result: Promise<A>) => void) | undefined

  /** When the work asks for anything, `engage` has to run `goOn`, so that there is something to ask. */
  constructor(engage: () => void) {
    this.#operations = new Operations(engage)
  }

  /** Begins it, and gives what it gives. That never settles where `goOn` was interrupted. */
  begin(facts: WorkFacts, run: (context: PromiseTaskContext) => A | Promise<A>): Promise<A> {
    const result = promised(run, makeContext(facts, this.#operations))
    this.#giveResult?.(result)
    return this.#result ??= result
  }

  /** Goes on with the work, as `workInPromises` does. */
  get goOn(): Effect.Effect<A, never, TaskContext> {
    return Effect.contextWith((services: Context.Context<TaskContext>) =>
      settling(services, this.#operations, () => this.#whatItGives())
    )
  }

  /** Ends what is left of the work once it is done. */
  drop(): void {
    this.#operations.drop()
  }

  /** Ends the work, whose signal is aborted. */
  abort(): void {
    this.#operations.abort()
  }

  /** Work may have to go on before it has even given its promise. */
  #whatItGives(): Promise<A> {
    return this.#result ??= new Promise((resolve) => {
      this.#giveResult = resolve
    })
  }
}

/** A function that throws at once is one that rejects. */
const promised = <A>(run: (context: PromiseTaskContext) => A | Promise<A>, context: PromiseTaskContext): Promise<A> => {
  try {
    return Promise.resolve(run(context))
  } catch (error) {
    return Promise.reject(error)
  }
}

const start = <A>(
  run: (context: PromiseTaskContext) => A | Promise<A>,
  context: PromiseTaskContext
): Promise<A> => Promise.resolve().then(() => run(context))

const settling = <A>(
  services: Context.Context<TaskContext>,
  operations: Operations,
  result: () => Promise<A>
): Effect.Effect<A> =>
  Effect.callback<A>((resume) => {
    operations.attach(services, (cause) => resume(Effect.failCause(cause)))
    result().then(
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
 * The caller that waits for an operation. Its methods may be given more than they take: that a step gives again what it gave
 * before is for its user to know.
 */
interface Waiter<A> {
  resolve(value: A): void
  reject(error: unknown): void
}

/** What work and its operations run with. */
interface Attached {
  readonly context: TaskContextShape
  readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  readonly fail: (cause: Cause.Cause<never>) => void
}

/** The operations of one piece of work, each of which runs as a fiber of its own. */
class Operations {
  /** Most work never looks at its signal, and a controller costs as much as a call that ends at once. */
  #controller: AbortController | undefined
  readonly #running = new Set<Fiber.Fiber<unknown, unknown>>()
  readonly #engage: (() => void) | undefined
  #attached: Attached | undefined
  #isOver = false

  constructor(engage?: () => void) {
    this.#engage = engage
  }

  attach(services: Context.Context<TaskContext>, fail: (cause: Cause.Cause<never>) => void): void {
    const fork = Effect.runForkWith(services)
    const findSpan = Context.get(services, CallerSpan)
    const span = Context.getOrUndefined(services, Tracer.ParentSpan)
    this.#attached = {
      context: Context.get(services, TaskContext),
      fork: (effect) => fork(inCallerSpan(findSpan, effect, span)),
      fail
    }
  }

  get signal(): AbortSignal {
    return (this.#controller ??= new AbortController()).signal
  }

  /** Stops the work: nothing that it still waits for settles. */
  abort(): void {
    this.drop()
    this.#controller ??= new AbortController()
    this.#controller.abort()
  }

  /** Ends what is left of a work that is done. */
  drop(): void {
    this.#isOver = true
    for (const fiber of this.#running) fiber.interruptUnsafe()
  }

  /** Runs an operation. Its failure is the caller's; anything else that goes wrong is the runner's. */
  run<A, E>(make: (context: TaskContextShape) => Effect.Effect<A, E>): Promise<A> {
    return this.#promise((waiter) =>
      this.#run((context) => Effect.result(make(context)), {
        resolve: (result) => Result.isSuccess(result) ? waiter.resolve(result.success) : waiter.reject(result.failure),
        reject: waiter.reject
      })
    )
  }

  /** Runs a step. A rejection of `fn` is the caller's; anything else that goes wrong is the runner's. */
  step<A>(key: string, fn: () => A | Promise<A>): Promise<A> {
    const effect = Effect.tryPromise(async () => asJson(await fn()))
    return this.#promise<A>((waiter) => {
      const taker: Waiter<unknown> = waiter
      this.#run((context) => Effect.result(context.step(key, Schema.Json, effect)), {
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

  #run<A>(make: (context: TaskContextShape) => Effect.Effect<A>, waiter: Waiter<A>): void {
    if (this.#isOver) return
    if (this.#attached === undefined) this.#engage?.()
    // There is nothing to ask where the runner has just ended.
    if (this.#attached === undefined) return
    const { context, fail, fork } = this.#attached
    const fiber = fork(Effect.suspend(() => make(context)))
    this.#running.add(fiber)
    fiber.addObserver((exit) => {
      this.#running.delete(fiber)
      if (this.#isOver) return
      if (exit._tag === "Success") return waiter.resolve(exit.value)
      this.abort()
      fail(exit.cause)
    })
  }
}

const asJson = (value: unknown) => Result.getOrThrow(parseJson("step", value === undefined ? null : value)).decode()

/**
 * What work knows from its beginning. It asks for the id when it needs that.
 *
 * @since 0.2.0
 * @category models
 */
export type WorkFacts = Pick<TaskContextShape, "taskId" | "attempt" | "sessionId" | "principal" | "answers">

const makeContext = (facts: WorkFacts, operations: Operations): PromiseTaskContext => ({
  get taskId() {
    return facts.taskId
  },
  attempt: facts.attempt,
  sessionId: facts.sessionId,
  principal: facts.principal,
  answers: facts.answers,
  get signal() {
    return operations.signal
  },
  progress: (message, amount) => operations.run(({ progress }) => progress(message, amount)),
  setTtl: (ttl) => operations.run(({ setTtl }) => setTtl(ttl)),
  elicit: (key, params) => operations.run(({ elicit }) => elicit(key, params)),
  sample: (key, params) => operations.run(({ sample }) => sample(key, params)),
  request: (requests) => operations.run(({ request }) => request(requests)),
  suspend: (requests) => operations.run(({ suspend }) => suspend(requests)),
  sleep: (key, duration) => operations.run(({ sleep }) => sleep(key, duration)),
  step: (key, fn) => operations.step(key, fn)
})
