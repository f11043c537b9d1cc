/**
 * Work in two parts, with a person in between.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { Json } from "effect/Schema"
import { unlessRefused } from "./asking.ts"
import type { InputRefused } from "./InputRefused.ts"
import { type InputRequest, TaskContext } from "./TaskContext.ts"

/**
 * Asks first, and goes on with the answers. No worker waits in between: weeks and deploys may pass. Both parts get the same
 * input. `ask` does not run again once its requests were answered.
 *
 * @since 0.2.0
 * @category constructors
 */
export const twoPart = <Input, E1, R1, A, E2, R2>(parts: {
  readonly ask: (input: Input) => Effect.Effect<{ readonly [key: string]: InputRequest }, E1, R1>
  readonly answer: (answers: { readonly [key: string]: Json }, input: Input) => Effect.Effect<A, E2, R2>
}) =>
(input: Input): Effect.Effect<A, E1 | E2 | InputRefused, R1 | R2 | TaskContext> =>
  Effect.flatMap(TaskContext, ({ answers, suspend }) =>
    Effect.flatMap(
      Object.keys(answers).length > 0 ? unlessRefused(answers) : Effect.flatMap(parts.ask(input), suspend),
      (given) => parts.answer(given, input)
    ))
