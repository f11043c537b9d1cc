/**
 * Telling the waiters of this process what it writes.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { InsertResult, TaskDriver } from "../driver/TaskDriver.ts"
import { AtOnce, isAtOnce } from "../effects/AtOnce.ts"
import type { StoredTask } from "../task/StoredTask.ts"
import type { Audience, TaskHub, WrittenTask } from "./TaskHub.ts"

/**
 * Tells waiters of the writes of this process.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskTelling {
  /**
   * A write after which the waiters of this process are told, once it is committed and however it ends: an interrupted
   * one may have happened. `writtenBy` gives what it has written, so that they need not read it.
   */
  readonly telling: <A, E>(
    taskId: string,
    write: Effect.Effect<A, E>,
    audience: Audience,
    writtenBy?: (answer: A) => WrittenTask | undefined
  ) => Effect.Effect<A, E>
  /**
   * Tells the waiters of this process of a write that has just been made. It is absent where they have to wait for a commit.
   */
  readonly tell: ((taskId: string, audience: Audience, written: WrittenTask | undefined) => void) | undefined
  /** The insertion of a task, so that who waits for it next need not read it. */
  readonly creating: <E>(task: StoredTask, insert: Effect.Effect<InsertResult, E>) => Effect.Effect<InsertResult, E>
}

/**
 * Makes what tells the waiters of a hub.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskTelling = (driver: TaskDriver, hub: TaskHub): TaskTelling => {
  /**
   * Asked as a write ends. Without transactions whoever waits has subscribed by then; with them, somebody may yet do so
   * before the commit and read the old state.
   */
  const told = (taskId: string, audience: Audience, written: WrittenTask | undefined): Effect.Effect<void> =>
    driver.afterCommit === undefined && hub.isIdle
      ? Effect.void
      : afterCommit(() => hub.wake(taskId, audience, written))

  const afterCommit = (note: () => void): Effect.Effect<void> =>
    driver.afterCommit === undefined ? Effect.sync(note) : driver.afterCommit(Effect.sync(note))

  const creating: TaskTelling["creating"] = (task, insert) => {
    // What answers at once is read at once.
    const noteStored = isAtOnce(insert) ? undefined : hub.create(task)
    return noteStored === undefined
      ? insert
      : Effect.tap(insert, ({ _tag }) => _tag === "Inserted" ? afterCommit(noteStored) : Effect.void)
  }

  const tell: TaskTelling["tell"] = driver.afterCommit === undefined
    ? (taskId, audience, written) => {
      if (!hub.isIdle) hub.wake(taskId, audience, written)
    }
    : undefined

  const telling: TaskTelling["telling"] = (taskId, write, audience, writtenBy) => {
    if (!isAtOnce(write) || tell === undefined) {
      return Effect.onExit(
        write,
        (exit) => told(taskId, audience, Exit.isSuccess(exit) ? writtenBy?.(exit.value) : undefined)
      )
    }
    return new AtOnce(() => {
      const answer = write.answer()
      tell(taskId, audience, writtenBy?.(answer))
      return answer
    })
  }

  return { creating, tell, telling }
}
