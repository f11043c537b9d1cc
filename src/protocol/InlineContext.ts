/**
 * What a tool can do in a call that is no task.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { Json } from "effect/Schema"
import * as Schema from "effect/Schema"
import { backgroundSleep } from "../domain/effects/backgroundSleep.ts"
import { asking, type InputAnswers, type InputRequests, unlessRefused } from "../runner/handler/asking.ts"
import { refusedAnswer } from "../runner/handler/InputRefused.ts"
import { parseSleep, requireAmount, requireString } from "../runner/handler/requests.ts"
import { type InputRequest, type TaskContextShape, TaskFailure } from "../runner/handler/TaskContext.ts"
import type { StartTask } from "../runner/service/TaskRunner.ts"
import { CallFacts } from "./CallFacts.ts"
import { toJson } from "./json.ts"
import { internalErrorCode } from "./names.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import type { OwnerLimits } from "./OwnerLimits.ts"
import type { ProgressSender } from "./ProgressSender.ts"
import { type Ask, putQuestion } from "./Questions.ts"
import { boundedTtl, parseTtl, type TasksSettings } from "./TasksOptions.ts"
import { askingOnly } from "./TaskTool.ts"

/**
 * The context of a call, and its way to become that of a task.
 *
 * @since 0.2.0
 * @category models
 */
export interface InlineContext {
  readonly context: TaskContextShape
  /** What the call has done so far, as a new task begins with it. The task is to be entered then. */
  readonly leave: Effect.Effect<Done>
  /** Makes the call a task: what it has done since it left is written there, and what it does from then on. */
  readonly enter: (task: TaskContextShape) => Effect.Effect<void>
}

/** How a call puts its questions: those that it waits for, and those that need no worker while they are open. */
export interface Asking {
  readonly request: (requests: InputRequests) => Effect.Effect<InputAnswers>
  /** By default it waits for them too. */
  readonly suspend?: TaskContextShape["suspend"]
  /** Sleeps. By default the call just waits, because somebody waits for its answer. */
  readonly sleep?: TaskContextShape["sleep"]
}

/** What runs in a request. */
export interface InlineCall {
  readonly clientCapabilities: unknown
  readonly owned: OwnedTasks
  readonly settings: TasksSettings
  /** What came with the call. */
  readonly answers: unknown
  readonly progress: ProgressSender | undefined
  /** Gives the id that it will have as a task; empty if it will be none that its client knows. */
  readonly taskId: () => string
}

/**
 * Makes the context of a call. Progress goes to its client alone, steps are done once, and questions are put as `asks` says,
 * those that the client declares to answer.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeInlineContext = (
  { answers, clientCapabilities, owned, progress, settings, taskId }: InlineCall,
  { request, sleep, suspend }: Asking
): InlineContext => {
  let task: TaskContextShape | undefined
  let done: Done = {}
  /** What the task began with. */
  let left: Done | undefined
  const answered = new Map<string, Json>()
  const steps = new Map<string, Json>()

  const note = (more: Done, inTask: (task: TaskContextShape) => Effect.Effect<void>): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (task !== undefined) return inTask(task)
      done = { ...done, ...more }
      return Effect.void
    })

  const askOnce = (requests: InputRequests): Effect.Effect<InputAnswers> =>
    Effect.suspend(() => {
      const unasked = Object.entries(requests).filter(([key]) => !answered.has(key))
      const asked = unasked.length === 0 ? Effect.succeed<InputAnswers>({}) : request(Object.fromEntries(unasked))
      return Effect.map(asked, (answers) => {
        for (const [key, answer] of Object.entries(answers)) answered.set(key, answer)
        return Object.fromEntries(Object.keys(requests).map((key) => [key, answered.get(key) ?? null]))
      })
    })

  const facts = new CallFacts({ owned, answers, taskId })
  const context: TaskContextShape = {
    get taskId() {
      return facts.taskId
    },
    attempt: facts.attempt,
    sessionId: facts.sessionId,
    principal: facts.principal,
    answers: facts.answers,
    progress: (message, amount) =>
      Effect.suspend(() => {
        requireString("message", message)
        requireAmount(amount)
        return Effect.andThen(
          note({ statusMessage: message }, (task) => task.progress(message, amount)),
          // The request is answered when the call is a task, and nobody hears of it there any more.
          left === undefined ? progress?.report(message, amount) ?? Effect.void : Effect.void
        )
      }),
    setTtl: (ttl) =>
      Result.match(parseTtl("ttl", ttl), {
        onSuccess: (millis) => {
          const bounded = boundedTtl(settings, millis)
          return note({ ttl: bounded }, (task) => task.setTtl(bounded))
        },
        onFailure: (error) => Effect.die(error)
      }),
    ...askingOnly(clientCapabilities, {
      ...asking(askOnce),
      suspend: suspend ?? ((requests) => Effect.flatMap(askOnce(requests), unlessRefused))
    }),
    sleep: (key, duration) =>
      Effect.suspend(() => {
        const millis = parseSleep(key, duration)
        return sleep === undefined ? Effect.sleep(millis) : sleep(key, millis)
      }),
    step: (key, schema, effect) =>
      Effect.suspend(() => {
        if (task !== undefined) return task.step(key, schema, effect)
        const codec = Schema.toCodecJson(schema)
        const found = steps.get(key)
        return found === undefined
          ? Effect.tap(effect, (value) =>
            Effect.flatMap(Effect.orDie(Schema.encodeEffect(codec)(value)), (encoded) =>
              // The call may have become a task meanwhile.
              task === undefined
                ? Effect.sync(() => void steps.set(key, encoded))
                : Effect.asVoid(task.step(key, Schema.Json, Effect.succeed(encoded)))))
          : Effect.orDie(Schema.decodeUnknownEffect(codec)(found))
      })
  }

  return {
    context,
    leave: Effect.suspend(() => {
      const begin = steps.size === 0 ? done : { ...done, steps: Object.fromEntries(steps) }
      left = begin
      return Effect.as(progress?.flush ?? Effect.void, begin)
    }),
    enter: (entered) =>
      Effect.suspend(() => {
        task = entered
        const { statusMessage, ttl } = done
        const late = [...steps].filter(([key]) => !Object.hasOwn(left?.steps ?? {}, key))
        return Effect.forEach(late, ([key, value]) => entered.step(key, Schema.Json, Effect.succeed(value)), {
          discard: true
        }).pipe(
          Effect.andThen(
            statusMessage === undefined || statusMessage === left?.statusMessage
              ? Effect.void
              : entered.progress(statusMessage)
          ),
          Effect.andThen(ttl === undefined || ttl === left?.ttl ? Effect.void : entered.setTtl(ttl))
        )
      })
  }
}

/** What a task can begin with. */
type Done = Pick<StartTask, "steps" | "statusMessage" | "ttl">

/**
 * Asks the client on the stream of its call, and withdraws what it does not answer in time, in milliseconds. Work on a
 * connection that carries no requests to its client ends with an error that says so.
 *
 * @since 0.2.0
 * @category constructors
 */
export const askOnStream =
  (tool: string, ask: Ask | undefined, limits: OwnerLimits, timeout: number) =>
  (requests: InputRequests): Effect.Effect<InputAnswers> =>
    ask === undefined
      ? Effect.die(new TaskFailure({ code: internalErrorCode, message: cannotAsk(tool) }))
      : Effect.map(
        Effect.forEach(Object.entries(requests), ([key, request]) =>
          Effect.map(
            Effect.raceFirst(
              putOnStream(ask, limits, request),
              Effect.as(backgroundSleep(timeout), noAnswer(request.method))
            ),
            (answer) => [key, answer] as const
          ), { concurrency: "unbounded" }),
        (answers) => Object.fromEntries(answers)
      )

const cannotAsk = (tool: string): string =>
  `Tool '${tool}' has to ask its client, and this connection carries no requests to it. Call the tool ` +
  "over stdio, in a session of stateful HTTP, or with revision 2026-07-28."

const putOnStream = (ask: Ask, limits: OwnerLimits, { method, params }: InputRequest): Effect.Effect<Json> =>
  Effect.map(
    putQuestion(ask, limits, { method, params: Predicate.isReadonlyObject(params) ? params : {} }),
    (answer) => (answer === undefined ? undefined : toJson(answer)) ?? noAnswer(method)
  )

const noAnswer = (method: string): Json =>
  refusedAnswer(method, { code: internalErrorCode, message: "The client gave no answer" })
