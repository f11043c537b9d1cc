/**
 * Calls of several steps, and those steps: each is atomic, and the call as a whole is not.
 *
 * @since 0.2.0
 */
import { type Answer, fieldOf } from "../model/Answer.ts"
import type { Call } from "../model/Call.ts"
import { taskIds } from "../model/Command.ts"
import { takeTask } from "../model/modelFree.ts"
import { releaseDead } from "../model/modelHold.ts"
import type { ModelState, Step } from "../model/ModelState.ts"
import { modelStep } from "../model/modelStep.ts"
import { declareDead, takeNewsOf } from "../model/modelWorkers.ts"

/**
 * A call that is atomic, or a step of one that is not.
 *
 * @since 0.2.0
 * @category models
 */
export type Part =
  | Call
  | { readonly _tag: "releaseDead"; readonly taskId: string }
  | {
    readonly _tag: "takeTask"
    readonly call: Extract<Call, { readonly _tag: "claimTasks" }>
    readonly taskId: string
  }
  | { readonly _tag: "takeAndLose"; readonly take: Extract<Part, { readonly _tag: "takeTask" }> }
  | { readonly _tag: "declareDead"; readonly workerId: string; readonly except: string | undefined }
  | { readonly _tag: "takeNewsOf"; readonly workerId: string; readonly taskId: string }

/**
 * Makes a step of the model, one after the other.
 *
 * @since 0.2.0
 * @category running
 */
export const partStep = (state: ModelState, part: Part, given: Answer): Step => {
  switch (part._tag) {
    case "releaseDead":
      return [{ value: undefined }, releaseDead(state, part.taskId)]
    case "takeTask":
      return takeTask(state, part.call, part.taskId)
    case "takeAndLose": {
      const [, next] = partStep(state, part.take, given)
      return next === state ? [{ value: "there was nothing to lose" }, state] : [given, next]
    }
    case "declareDead":
      return declareDead(state, part.workerId, part.except)
    case "takeNewsOf":
      return takeNewsOf(state, part.workerId, part.taskId, given)
    default:
      return modelStep(state, part, given)
  }
}

/**
 * A step, and what it answered.
 *
 * @since 0.2.0
 * @category models
 */
export interface AnsweredPart {
  readonly call: Part
  readonly answer: Answer
  /** It may have been left out. If not, it came before the next one. */
  readonly isOptional?: true
}

/**
 * Gives the steps of a call with what each answered; of an atomic one, the call.
 *
 * @since 0.2.0
 * @category converting
 */
export const partsOf = (
  initial: ModelState,
  call: Call,
  answer: Answer
): ReadonlyArray<AnsweredPart> => {
  const whole = [{ call, answer }]
  if (!("value" in answer) || !Array.isArray(answer.value)) return whole
  const values: ReadonlyArray<unknown> = answer.value
  switch (call._tag) {
    case "claimTasks": {
      const claims = values.flatMap((value): ReadonlyArray<AnsweredPart> => {
        const take = { _tag: "takeTask", call, taskId: taskIdOf(value) } as const
        // Somebody may release what was claimed in one round, so that another round of the same call claims it again.
        return [{ call: { _tag: "takeAndLose", take }, answer: done, isOptional: true }, {
          call: take,
          answer: { value }
        }]
      })
      // Without a worker that is dead or may be declared so there is nothing to release.
      const isMortal = initial.workers.some(({ diedAt, leaseExpiresAt }) =>
        diedAt !== null || leaseExpiresAt <= initial.now
      )
      return isMortal
        ? [...taskIds.map((taskId) => ({ call: { _tag: "releaseDead", taskId } as const, answer: done })), ...claims]
        : claims
    }
    case "declareDeadWorkers":
      return initial.workers.map(({ workerId }) => ({
        call: { _tag: "declareDead", workerId, except: call.except } as const,
        answer: { value: values.includes(workerId) }
      }))
    case "takeNews":
      return taskIds.map((taskId) => ({
        call: { _tag: "takeNewsOf", workerId: call.worker, taskId } as const,
        answer: { value: values.includes(taskId) }
      }))
    default:
      return whole
  }
}

const done: Answer = { value: undefined }

/** The id of the task of a claim. */
const taskIdOf = (claim: unknown): string => {
  const taskId = fieldOf(fieldOf(claim, "record"), "taskId")
  return typeof taskId === "string" ? taskId : ""
}
