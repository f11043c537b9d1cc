/**
 * The context of a task that runs, through its worker.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Json } from "effect/Schema"
import * as Schema from "effect/Schema"
import { ownValue } from "../../domain/json/ownValue.ts"
import type { RequireInputOptions } from "../../domain/options/TaskOptions.ts"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { asking, type InputAnswers, type InputRequests, unlessRefused } from "../handler/asking.ts"
import type { InputRefused } from "../handler/InputRefused.ts"
import { sleepStep } from "../handler/ownSteps.ts"
import { keysOfRequests, parseSleep, requireAmount, requireString } from "../handler/requests.ts"
import type { TaskContextShape } from "../handler/TaskContext.ts"
import { inQuestionSpan, inSleepSpan, inStepSpan } from "../tracing/taskSpans.ts"
import type { TaskWorker } from "./TaskWorker.ts"

/**
 * Makes the context of one worker.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskContext = (storage: TaskStorageShape, worker: TaskWorker): TaskContextShape => {
  const { attempt, latest, taskId } = worker
  const first = latest.current

  /** Asks only the questions that were not asked yet. An earlier try of this very call may have asked them. */
  const ask = (requests: InputRequests, options: RequireInputOptions) =>
    Effect.suspend(() => {
      const record = latest.current
      const unasked = Object.entries(requests).filter(([key]) => !wasAsked(record, key))
      if (unasked.length === 0) return Effect.succeed(record)
      return storage.requireInput(taskId, Object.fromEntries(unasked), options).pipe(
        Effect.catchTag("InputKeyReused", (error) =>
          Effect.flatMap(storage.getTask(taskId), (found) => {
            const known = Option.filter(found, (record) => Object.keys(requests).every((key) => wasAsked(record, key)))
            return Option.isSome(known) ? Effect.succeed(known.value) : Effect.fail(error)
          }))
      )
    })

  const request = (requests: InputRequests): Effect.Effect<InputAnswers> =>
    Effect.suspend(() => {
      const keys = Object.keys(requests)
      const asked = worker.flushProgress.pipe(
        Effect.andThen(worker.write((token) => ask(requests, { ...token, ...worker.keeping }))),
        Effect.andThen(worker.waitForInput(latest.until((record) => answersOf(record, keys))))
      )
      // An answer from before is no news.
      return answersOf(latest.current, keys) === undefined ? inQuestionSpan(taskId, requests, asked) : asked
    })

  const suspend = (requests: InputRequests): Effect.Effect<InputAnswers, InputRefused> =>
    Effect.suspend(() => {
      const answers = answersOf(latest.current, keysOfRequests(requests))
      if (answers !== undefined) return unlessRefused(answers)
      const giveUp = Effect.flatMap(
        worker.write((token) => ask(requests, { ...token, lease: 0 })),
        (record) => isReleased(record) ? Effect.void : Effect.asVoid(worker.touch({ lease: 0 }))
      )
      return inQuestionSpan(
        taskId,
        requests,
        worker.flushProgress.pipe(
          Effect.andThen(worker.giveUp(giveUp)),
          Effect.andThen(Effect.sync(() => worker.stop("suspended"))),
          Effect.andThen(Effect.never)
        )
      )
    })

  return {
    taskId,
    attempt,
    sessionId: first.sessionId,
    principal: first.principal,
    answers: first.inputResponses ?? {},
    progress: (statusMessage, amount) =>
      Effect.suspend(() => {
        requireString("message", statusMessage)
        requireAmount(amount)
        return worker.report(statusMessage)
      }),
    setTtl: (ttl) => Effect.asVoid(worker.touch({ ttl })),
    ...asking(request),
    suspend,
    sleep: (key, duration) =>
      Effect.suspend(() => {
        const millis = parseSleep(key, duration)
        const step = sleepStep(key)
        const wakeTime = () => ownValue(latest.current.steps, step)
        return Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const sleepOn = Effect.suspend(() => {
            const at = wakeTime()
            return typeof at !== "number" || at <= now ? Effect.void : worker.sleepUntil(at)
          })
          const at = wakeTime()
          if (at === undefined) {
            return inSleepSpan(taskId, millis, Effect.andThen(worker.storeStep(step, now + millis), sleepOn))
          }
          return typeof at === "number" && at > now ? inSleepSpan(taskId, at - now, sleepOn) : Effect.void
        })
      }),
    step: (key, schema, effect) =>
      Effect.suspend(() => {
        const stored = ownValue(latest.current.steps, key)
        const codec = Schema.toCodecJson(schema)
        return stored === undefined
          ? inStepSpan(
            taskId,
            Effect.tap(effect, (value) =>
              Effect.flatMap(
                Effect.orDie(Schema.encodeEffect(codec)(value)),
                (encoded) => worker.storeStep(key, encoded)
              ))
          )
          : Effect.orDie(Schema.decodeUnknownEffect(codec)(stored))
      })
  }
}

const wasAsked = (record: TaskRecord, key: string): boolean =>
  ownValue(record.inputRequests, key) !== undefined || ownValue(record.inputResponses, key) !== undefined

const isReleased = (record: TaskRecord): boolean => record.leaseExpiresAt?.epochMilliseconds === 0

/** The answers under these keys, when all of them are there. */
const answersOf = (record: TaskRecord, keys: ReadonlyArray<string>): InputAnswers | undefined => {
  const answers: Array<readonly [string, Json]> = []
  for (const key of keys) {
    const answer = ownValue(record.inputResponses, key)
    if (answer === undefined) return undefined
    answers.push([key, answer])
  }
  return Object.fromEntries(answers)
}
