/**
 * What a tool can do that may be a task and is none in this call.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { TaskContext, TaskFailure } from "../runner/TaskContext.ts"
import { missingCapabilityCode } from "./protocolNames.ts"

const noInput = Effect.die(
  new TaskFailure({
    code: missingCapabilityCode,
    message: "This tool asks for input, which it can do as a task only. Call it as one."
  })
)

/**
 * The context of a call that is answered at once: there is nobody to read progress, steps are simply done, and whoever
 * asks for input ends the call with an error.
 *
 * @since 0.2.0
 * @category constructors
 */
export const inlineTaskContext: TaskContext["Service"] = TaskContext.of({
  taskId: "",
  attempt: 1,
  sessionId: undefined,
  principal: undefined,
  answers: {},
  progress: () => Effect.void,
  setTtl: () => Effect.void,
  elicit: () => noInput,
  sample: () => noInput,
  request: () => noInput,
  suspend: () => noInput,
  step: (_key, _schema, effect) => effect
})
