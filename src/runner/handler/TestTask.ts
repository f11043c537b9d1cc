/**
 * A task to test tools with, in memory and without a runner.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type { Json } from "effect/Schema"
import * as Schema from "effect/Schema"
import { ownValue } from "../../domain/json/ownValue.ts"
import { orNull, parseMillis } from "../../domain/options/ArgumentParsers.ts"
import { asking, type InputAnswers, type InputRequests, unlessRefused } from "./asking.ts"
import { keysOfRequests, parseSleep, requireAmount, requireString } from "./requests.ts"
import { type InputRequest, type ProgressAmount, TaskContext, type TaskContextShape } from "./TaskContext.ts"

/**
 * The task of a test.
 *
 * @since 0.2.0
 * @category options
 */
export interface TestTaskOptions extends Partial<Pick<TaskContextShape, "taskId" | "attempt" | "sessionId">> {
  readonly principal?: Json | undefined
  /** The answers by the key of the question, or functions from the question to the answer. */
  readonly answers?: Readonly<Record<string, Json | ((request: InputRequest) => Json)>> | undefined
  /** The steps that an earlier worker has done, by key. They are not done again. */
  readonly steps?: { readonly [key: string]: Json } | undefined
}

/**
 * What a tool has done with its task, in order.
 *
 * @since 0.2.0
 * @category models
 */
export interface TestTaskShape {
  readonly progress: Effect.Effect<ReadonlyArray<{ readonly message: string; readonly amount?: ProgressAmount }>>
  readonly questions: Effect.Effect<ReadonlyArray<{ readonly key: string; readonly request: InputRequest }>>
  /** The results of its steps, as they are stored. */
  readonly steps: Effect.Effect<{ readonly [key: string]: Json }>
  /** Its sleeps, of which a test waits for none. */
  readonly sleeps: Effect.Effect<ReadonlyArray<{ readonly key: string; readonly millis: number }>>
  /** Milliseconds, or `null`, as they were set. */
  readonly ttls: Effect.Effect<ReadonlyArray<number | null>>
}

/**
 * Tells a test what its tool has done.
 *
 * @since 0.2.0
 * @category services
 */
export class TestTask extends Context.Service<TestTask, TestTaskShape>()("mcp-task-storage/TestTask") {}

/**
 * Provides a `TaskContext` for tests. It records progress, steps and questions, and answers the questions as you say. A
 * question without an answer dies, and names its key.
 *
 * **Example** (Testing a tool that asks)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { layerTestContext, TaskContext, TestTask } from "mcp-task-storage/runner"
 *
 * const publish = Effect.gen(function*() {
 *   const { elicit, progress } = yield* TaskContext
 *   yield* progress("Asking")
 *   const { action } = yield* elicit("sure", { message: "Publish?", requestedSchema: {} })
 *   return action === "accept" ? "published" : "kept"
 * })
 *
 * const test = Effect.gen(function*() {
 *   const result = yield* publish
 *   const { progress } = yield* TestTask
 *   return { result, reports: yield* progress }
 * }).pipe(Effect.provide(layerTestContext({ answers: { sure: { action: "accept" } } })))
 *
 * console.log(JSON.stringify(await Effect.runPromise(test))) // {"result":"published","reports":[{"message":"Asking"}]}
 * ```
 *
 * @since 0.2.0
 * @category layers
 */
export const layerTestContext = (options: TestTaskOptions = {}): Layer.Layer<TaskContext | TestTask> =>
  Layer.effectContext(Effect.sync(() => {
    const reports: Array<{ readonly message: string; readonly amount?: ProgressAmount }> = []
    const questions: Array<{ readonly key: string; readonly request: InputRequest }> = []
    const steps = new Map(Object.entries(options.steps ?? {}))
    const ttls: Array<number | null> = []
    const sleeps: Array<{ readonly key: string; readonly millis: number }> = []

    const answerTo = (key: string, request: InputRequest): Json => {
      const answer = ownValue(options.answers, key)
      if (answer === undefined) throw new Error(`The test has no answer to the question ${JSON.stringify(key)}`)
      return typeof answer === "function" ? answer(request) : answer
    }

    const ask = (requests: InputRequests): Effect.Effect<InputAnswers> =>
      Effect.sync(() => {
        for (const [key, request] of Object.entries(requests)) questions.push({ key, request })
        return Object.fromEntries(Object.entries(requests).map(([key, request]) => [key, answerTo(key, request)]))
      })

    const context: TaskContextShape = {
      taskId: options.taskId ?? "test-task",
      attempt: options.attempt ?? 1,
      sessionId: options.sessionId,
      principal: options.principal,
      answers: {},
      progress: (message, amount) =>
        Effect.sync(() => {
          requireString("message", message)
          requireAmount(amount)
          reports.push(amount === undefined ? { message } : { message, amount })
        }),
      setTtl: (ttl) =>
        Result.match(orNull(ttl, (value) => parseMillis("ttl", value, 1)), {
          onSuccess: (millis) => Effect.sync(() => void ttls.push(millis)),
          onFailure: (error) => Effect.die(error)
        }),
      ...asking(ask),
      suspend: (requests) =>
        Effect.suspend(() => {
          keysOfRequests(requests)
          return Effect.flatMap(ask(requests), unlessRefused)
        }),
      sleep: (key, duration) => Effect.sync(() => void sleeps.push({ key, millis: parseSleep(key, duration) })),
      step: (key, schema, effect) =>
        Effect.suspend(() => {
          const stored = steps.get(key)
          const codec = Schema.toCodecJson(schema)
          return stored === undefined
            ? Effect.tap(effect, (value) =>
              Effect.map(
                Effect.orDie(Schema.encodeEffect(codec)(value)),
                (encoded) => steps.set(key, encoded)
              ))
            : Effect.orDie(Schema.decodeUnknownEffect(codec)(stored))
        })
    }

    return Context.make(TaskContext, context).pipe(Context.add(TestTask, {
      progress: Effect.sync(() => [...reports]),
      questions: Effect.sync(() => [...questions]),
      steps: Effect.sync(() => Object.fromEntries(steps)),
      sleeps: Effect.sync(() => [...sleeps]),
      ttls: Effect.sync(() => [...ttls])
    }))
  }))
