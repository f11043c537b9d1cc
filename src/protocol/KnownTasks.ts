/**
 * Which tasks a client knows of.
 *
 * @since 0.2.0
 */
import { isTerminal, type TaskStatus } from "../domain/task/TaskStatus.ts"
import { ownProperty } from "./TaskClient.ts"

/** Of how many tasks of one client it is noted. Those of the longest ago are forgotten: a client need not ask when they have ended. */
const mostTasks = 10_000

/**
 * Notes which tasks clients get to know. What it holds of a client goes with that one, and of a task when it has ended.
 *
 * @since 0.2.0
 * @category models
 */
export class KnownTasks {
  readonly #clients = new WeakMap<object, Set<string>>()
  readonly #isAsked: boolean

  /** `isAsked` says whether anybody asks for it. If not, nothing is held. */
  constructor(isAsked: boolean) {
    this.#isAsked = isAsked
  }

  /** Notes that a client gets to know a task, and tells whether it knew it before. */
  note(client: object, { status, taskId }: { readonly status: TaskStatus; readonly taskId: string }): boolean {
    if (!this.#isAsked) return false
    const known = this.#clients.get(client) ?? new Set()
    this.#clients.set(client, known)
    const isKnown = known.delete(taskId)
    if (isTerminal(status)) return isKnown
    for (const oldest of known.size < mostTasks ? [] : known) {
      known.delete(oldest)
      break
    }
    known.add(taskId)
    return isKnown
  }

  /** Notes the task that a call became, by the answer to the call. */
  created(client: object, answer: unknown): void {
    const task = ownProperty(answer, "task")
    const taskId = ownProperty(task, "taskId")
    if (typeof taskId === "string") this.note(client, { taskId, status: "working" })
  }
}
