/**
 * How work asks, and reads the answers.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Json } from "effect/Schema"
import * as Schema from "effect/Schema"
import { findRefusal, type InputRefused } from "./InputRefused.ts"
import { keysOfRequests, requireElicitParams, requireString } from "./requests.ts"
import { ElicitAnswer, type InputRequest, type TaskContextShape } from "./TaskContext.ts"

/**
 * Requests by key.
 *
 * @since 0.2.0
 * @category models
 */
export type InputRequests = { readonly [key: string]: InputRequest }

/**
 * Answers by key.
 *
 * @since 0.2.0
 * @category models
 */
export type InputAnswers = { readonly [key: string]: Json }

/**
 * Gives the answers, unless the client refused one of the requests.
 *
 * @since 0.2.0
 * @category combinators
 */
export const unlessRefused = (answers: InputAnswers): Effect.Effect<InputAnswers, InputRefused> => {
  for (const [key, answer] of Object.entries(answers)) {
    const refusal = findRefusal(key, answer)
    if (refusal !== undefined) return Effect.fail(refusal)
  }
  return Effect.succeed(answers)
}

/**
 * Makes the questions of a context from `ask`, which gives all answers as they came.
 *
 * @since 0.2.0
 * @category constructors
 */
export const asking = (
  ask: (requests: InputRequests) => Effect.Effect<InputAnswers>
): Pick<TaskContextShape, "elicit" | "sample" | "request"> => {
  const askOne = (key: string, method: string, params: unknown): Effect.Effect<Json> =>
    Effect.suspend(() => {
      requireString("key", key)
      return Effect.map(ask({ [key]: { method, params } }), (answers) => answers[key] ?? null)
    })
  return {
    elicit: (key, params) =>
      Effect.suspend(() => {
        requireElicitParams(params)
        return Effect.map(askOne(key, "elicitation/create", params), readElicitAnswer)
      }),
    sample: (key, params) =>
      Effect.flatMap(askOne(key, "sampling/createMessage", params), (answer) => {
        const refusal = findRefusal(key, answer)
        return refusal === undefined ? Effect.succeed(answer) : Effect.fail(refusal)
      }),
    request: (requests) =>
      Effect.suspend(() => {
        keysOfRequests(requests)
        return Effect.flatMap(ask(requests), unlessRefused)
      })
  }
}

const decodeElicitAnswer = Schema.decodeUnknownOption(ElicitAnswer)

const readElicitAnswer = (answer: Json): ElicitAnswer =>
  Option.getOrElse(decodeElicitAnswer(answer), (): ElicitAnswer => ({ action: "cancel" }))
