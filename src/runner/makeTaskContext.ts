/**
 * What a task that runs can do, through its worker.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Json } from "effect/Schema"
import * as Schema from "effect/Schema"
import type { RequireInputOptions, TaskStorageShape } from "../domain/TaskOperations.ts"
import type { TaskRecord } from "../domain/TaskRecord.ts"
import { findRefusal, type InputRefused } from "./InputRefused.ts"
import { ElicitAnswer, type InputRequest, type TaskContextShape } from "./TaskContext.ts"
import type { TaskWorker } from "./TaskWorker.ts"

type Requests = { readonly [key: string]: InputRequest }
type Answers = { readonly [key: string]: Json }

/**
 * Makes the context of one worker.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskContext = (storage: TaskStorageShape, worker: TaskWorker, lease: number): TaskContextShape => {
  const { attempt, latest, taskId, token } = worker
  const first = latest.current

  /** Asks for what nobody was asked for yet. One of these may be an earlier try of this very call that arrived. */
  const ask = (requests: Requests, options: RequireInputOptions) =>
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

  const request = (requests: Requests): Effect.Effect<Answers, InputRefused> =>
    Effect.suspend(() => {
      const keys = Object.keys(requests)
      return Effect.andThen(
        worker.write(ask(requests, { ...token, lease })),
        Effect.flatMap(latest.until((record) => answersOf(record, keys)), unlessRefused)
      )
    })

  const suspend = (requests: Requests): Effect.Effect<Answers, InputRefused> =>
    Effect.suspend(() => {
      const answers = answersOf(latest.current, Object.keys(requests))
      if (answers !== undefined) return unlessRefused(answers)
      const giveUp = Effect.flatMap(
        ask(requests, { ...token, lease: 0 }),
        (record) => isReleased(record) ? Effect.succeed(record) : storage.touchTask(taskId, { ...token, lease: 0 })
      )
      return worker.letGo(giveUp).pipe(
        Effect.andThen(Effect.sync(() => worker.stop("suspended"))),
        Effect.andThen(Effect.never)
      )
    })

  const requestOne = (key: string, method: string, params: unknown): Effect.Effect<Json, InputRefused> =>
    Effect.map(request({ [key]: { method, params } }), (answers) => answers[key] ?? null)

  return {
    taskId,
    attempt,
    sessionId: first.sessionId,
    principal: first.principal,
    answers: first.inputResponses ?? {},
    progress: (statusMessage) => Effect.asVoid(worker.write(storage.touchTask(taskId, { ...token, statusMessage }))),
    setTtl: (ttl) => Effect.asVoid(worker.write(storage.touchTask(taskId, { ...token, ttl }))),
    elicit: (key, params) =>
      requestOne(key, "elicitation/create", params).pipe(
        Effect.map(readElicitAnswer),
        Effect.catchTag("InputRefused", () => Effect.succeed(cancelled))
      ),
    sample: (key, params) => requestOne(key, "sampling/createMessage", params),
    request,
    suspend,
    step: (key, schema, effect) => {
      const stored = latest.current.steps?.[key]
      const codec = Schema.toCodecJson(schema)
      return stored === undefined
        ? Effect.tap(effect, (value) =>
          Effect.flatMap(
            Effect.orDie(Schema.encodeEffect(codec)(value)),
            (encoded) => worker.write(storage.storeTaskStep(taskId, key, encoded, token))
          ))
        : Effect.orDie(Schema.decodeUnknownEffect(codec)(stored))
    }
  }
}

const wasAsked = (record: TaskRecord, key: string): boolean =>
  record.inputRequests?.[key] !== undefined || record.inputResponses?.[key] !== undefined

const isReleased = (record: TaskRecord): boolean => record.leaseExpiresAt?.epochMilliseconds === 0

/** The answers under these keys, when all of them are there. */
const answersOf = (record: TaskRecord, keys: ReadonlyArray<string>): Answers | undefined => {
  const answers: Array<readonly [string, Json]> = []
  for (const key of keys) {
    const answer = record.inputResponses?.[key]
    if (answer === undefined) return undefined
    answers.push([key, answer])
  }
  return Object.fromEntries(answers)
}

const decodeElicitAnswer = Schema.decodeUnknownOption(ElicitAnswer)

const cancelled: ElicitAnswer = { action: "cancel" }

const readElicitAnswer = (answer: Json): ElicitAnswer => Option.getOrElse(decodeElicitAnswer(answer), () => cancelled)

/** Gives the answers, unless the client refused one of the requests. */
const unlessRefused = (answers: Answers): Effect.Effect<Answers, InputRefused> => {
  for (const [key, answer] of Object.entries(answers)) {
    const refusal = findRefusal(key, answer)
    if (refusal !== undefined) return Effect.fail(refusal)
  }
  return Effect.succeed(answers)
}
