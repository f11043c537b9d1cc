/**
 * Which sessions tasks are of, where the key of a write depends on it.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"

const capacity = 10_000

/**
 * Remembers the sessions of the last tasks. That of a task never changes, but another task may have its id later: who relies on
 * what is remembered makes it a condition of the write.
 *
 * @since 0.2.0
 * @category models
 */
export class SessionsOfTasks {
  readonly #driver: Pick<TaskDriver, "findSummary">
  readonly #known = new Map<string, string | null>()

  constructor(driver: Pick<TaskDriver, "findSummary">) {
    this.#driver = driver
  }

  isRemembered(taskId: string): boolean {
    return this.#known.has(taskId)
  }

  remember({ sessionId, taskId }: Pick<StoredTask, "sessionId" | "taskId">): void {
    this.#known.set(taskId, sessionId)
    if (this.#known.size <= capacity) return
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest)
      return
    }
  }

  forget(taskId: string): void {
    this.#known.delete(taskId)
  }

  /** Gives the session of a task, `null` being none; `undefined` if there is no such task. */
  find(taskId: string, now: number): Effect.Effect<string | null | undefined, TaskDriverError> {
    const known = this.#known.get(taskId)
    return known !== undefined
      ? Effect.succeed(known)
      : Effect.map(this.#driver.findSummary(taskId, { now, session: undefined }), (task) => {
        if (task !== undefined) this.remember(task)
        return task?.sessionId
      })
  }
}
