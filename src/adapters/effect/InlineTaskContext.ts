/**
 * What a tool can do that may be a task and is none in this call.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { TaskContext, type TaskFailure } from "../../runner/TaskContext.ts"

/**
 * Makes the context of a call that is answered at once: there is nobody to read progress, steps are simply done, and
 * whoever asks for input ends the call with this error.
 *
 * @since 0.2.0
 * @category constructors
 */
export const inlineTaskContext = (onInput: TaskFailure): TaskContext["Service"] => {
  const refuse = () => Effect.die(onInput)
  return TaskContext.of({
    taskId: "",
    attempt: 1,
    sessionId: undefined,
    principal: undefined,
    answers: {},
    progress: () => Effect.void,
    setTtl: () => Effect.void,
    elicit: refuse,
    sample: refuse,
    request: refuse,
    suspend: refuse,
    step: (_key, _schema, effect) => effect
  })
}
