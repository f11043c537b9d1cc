/**
 * What work knows of its call from its beginning.
 *
 * @since 0.2.0
 */
import type { Json } from "effect/Schema"
import type { InputAnswers } from "../runner/handler/asking.ts"
import type { TaskContextShape } from "../runner/handler/TaskContext.ts"
import { isJsonObject, toJson } from "./json.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"

/** Whose call it is, what came with it, and what gives the id that it will have as a task. */
interface Known {
  readonly owned: OwnedTasks
  readonly answers: unknown
  readonly taskId: () => string
}

/**
 * What work can be told before there is a task. The id is made when the work asks for it: that costs as much as a call which ends at
 * once.
 *
 * @since 0.2.0
 * @category models
 */
export class CallFacts implements Pick<TaskContextShape, "taskId" | "attempt" | "sessionId" | "principal" | "answers"> {
  readonly attempt = 1
  readonly sessionId: string | undefined
  readonly principal: Json | undefined
  readonly answers: InputAnswers
  readonly #taskId: () => string

  constructor({ answers, owned, taskId }: Known) {
    this.sessionId = owned.id ?? undefined
    this.principal = toJson(owned.principal)
    this.answers = toAnswers(answers)
    this.#taskId = taskId
  }

  get taskId(): string {
    return this.#taskId()
  }
}

const toAnswers = (value: unknown): InputAnswers => {
  const answers = toJson(value)
  return isJsonObject(answers) ? answers : {}
}
