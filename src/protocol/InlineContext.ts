/**
 * What a tool can do in a call that is no task.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { Json } from "effect/Schema"
import * as Schema from "effect/Schema"
import { backgroundSleep } from "../domain/backgroundSleep.ts"
import { asking, type InputAnswers, type InputRequests, unlessRefused } from "../runner/asking.ts"
import { refusedAnswer } from "../runner/InputRefused.ts"
import { requireAmount, requireString } from "../runner/requests.ts"
import { type InputRequest, type TaskContextShape, TaskFailure } from "../runner/TaskContext.ts"
import { isJsonObject, toJson } from "./json.ts"
import { internalErrorCode } from "./names.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import type { ProgressSender } from "./ProgressSender.ts"
import { type Ask, putQuestion } from "./Questions.ts"
import { askingOnly } from "./TaskTool.ts"

/**
 * The context of a call, and its way to become that of a task.
 *
 * @since 0.2.0
 * @category models
 */
export interface InlineContext {
  readonly context: TaskContextShape
  /** Makes the call a task: what it has done is written there, and what it does from then on. */
  readonly enter: (task: TaskContextShape) => Effect.Effect<void>
}

/** What runs in a request. */
export interface InlineCall {
  readonly clientCapabilities: unknown
  readonly owned: OwnedTasks
  /** What came with the call. */
  readonly answers: unknown
  readonly progress: ProgressSender | undefined
}

/**
 * Makes the context of a call. Progress goes to its client alone, steps are done once, and questions are put as `ask` says,
 * those that the client declares to answer.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeInlineContext = (
  { answers, clientCapabilities, owned, progress }: InlineCall,
  ask: (requests: InputRequests) => Effect.Effect<InputAnswers>
): InlineContext => {
  let task: TaskContextShape | undefined
  const answered = new Map<string, Json>()
  const steps = new Map<string, Json>()
  const inTask = (use: (task: TaskContextShape) => Effect.Effect<void>): Effect.Effect<void> =>
    Effect.suspend(() => task === undefined ? Effect.void : use(task))

  const askOnce = (requests: InputRequests): Effect.Effect<InputAnswers> =>
    Effect.suspend(() => {
      const unasked = Object.entries(requests).filter(([key]) => !answered.has(key))
      const asked = unasked.length === 0 ? Effect.succeed<InputAnswers>({}) : ask(Object.fromEntries(unasked))
      return Effect.map(asked, (answers) => {
        for (const [key, answer] of Object.entries(answers)) answered.set(key, answer)
        return Object.fromEntries(Object.keys(requests).map((key) => [key, answered.get(key) ?? null]))
      })
    })

  const plain: TaskContextShape = {
    taskId: "",
    attempt: 1,
    sessionId: owned.id ?? undefined,
    principal: toJson(owned.principal),
    answers: toAnswers(answers),
    progress: (message, amount) =>
      Effect.suspend(() => {
        requireString("message", message)
        requireAmount(amount)
        return Effect.andThen(
          inTask((task) => task.progress(message, amount)),
          progress?.report(message, amount) ?? Effect.void
        )
      }),
    setTtl: (ttl) => inTask((task) => task.setTtl(ttl)),
    ...asking(askOnce),
    suspend: (requests) => Effect.flatMap(askOnce(requests), unlessRefused),
    step: (key, schema, effect) =>
      Effect.suspend(() => {
        if (task !== undefined) return task.step(key, schema, effect)
        const codec = Schema.toCodecJson(schema)
        const done = steps.get(key)
        return done === undefined
          ? Effect.tap(effect, (value) =>
            Effect.map(Effect.orDie(Schema.encodeEffect(codec)(value)), (encoded) =>
              void steps.set(key, encoded)))
          : Effect.orDie(Schema.decodeUnknownEffect(codec)(done))
      })
  }
  return {
    context: askingOnly(clientCapabilities, plain),
    enter: (entered) =>
      Effect.suspend(() => {
        task = entered
        return Effect.forEach(steps, ([key, value]) => entered.step(key, Schema.Json, Effect.succeed(value)), {
          discard: true
        })
      })
  }
}

/**
 * Asks the client on the stream of its call, and withdraws what it does not answer in time, in milliseconds. Work on a
 * connection that carries no requests to its client ends with an error that says so.
 *
 * @since 0.2.0
 * @category constructors
 */
export const askOnStream =
  (tool: string, ask: Ask | undefined, timeout: number) => (requests: InputRequests): Effect.Effect<InputAnswers> =>
    ask === undefined
      ? Effect.die(new TaskFailure({ code: internalErrorCode, message: cannotAsk(tool) }))
      : Effect.map(
        Effect.forEach(Object.entries(requests), ([key, request]) =>
          Effect.map(
            Effect.raceFirst(putOnStream(ask, request), Effect.as(backgroundSleep(timeout), noAnswer(request.method))),
            (answer) => [key, answer] as const
          ), { concurrency: "unbounded" }),
        (answers) => Object.fromEntries(answers)
      )

const cannotAsk = (tool: string): string =>
  `Tool '${tool}' has to ask its client, and this connection carries no requests to it. Call the tool ` +
  "over stdio, in a session of stateful HTTP, or with revision 2026-07-28."

const putOnStream = (ask: Ask, { method, params }: InputRequest): Effect.Effect<Json> =>
  Effect.map(
    putQuestion(ask, { method, params: Predicate.isReadonlyObject(params) ? params : {} }),
    (answer) => (answer === undefined ? undefined : toJson(answer)) ?? noAnswer(method)
  )

const noAnswer = (method: string): Json =>
  refusedAnswer(method, { code: internalErrorCode, message: "The client gave no answer" })

const toAnswers = (value: unknown): InputAnswers => {
  const answers = toJson(value)
  return isJsonObject(answers) ? answers : {}
}
