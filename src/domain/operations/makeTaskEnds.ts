/**
 * Waiting for tasks to end.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriver } from "../driver/TaskDriver.ts"
import { isVisible, type TaskScope } from "../driver/TaskWrite.ts"
import { isAtOnce } from "../effects/AtOnce.ts"
import { callAfter } from "../effects/callAfter.ts"
import type { Following } from "../effects/Following.ts"
import { HoldsProcess, startHolding } from "../effects/holdProcess.ts"
import { expiresAt, isExpired, type StoredTask } from "../task/StoredTask.ts"
import { isTerminal } from "../task/TaskStatus.ts"
import { millisOf } from "./TaskAccess.ts"
import type { AwaitedState, TaskChanges } from "./TaskChanges.ts"
import type { TaskHub } from "./TaskHub.ts"

/**
 * Gives the state in which a task ends.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskEnds = (
  operation: string,
  taskId: string,
  session: string | null | undefined
) => AwaitedState

/**
 * Makes the waiting for the ends of a driver's tasks.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskEnds = (
  driver: TaskDriver,
  hub: TaskHub,
  following: Following,
  endAfter: TaskChanges["endAfter"]
): TaskEnds => {
  /** The present state of a task that is known, or that is read at once. */
  const known = (taskId: string, scope: TaskScope): StoredTask | undefined => {
    const created = hub.takeCreated(taskId)
    if (created !== undefined) return isVisible(created, scope) ? created : undefined
    const found = driver.find(taskId, scope)
    return isAtOnce(found) ? found.answer() : undefined
  }

  /**
   * Most tasks are waited for where they were created, and end by a write of this process. So they are never read. Anything else
   * that may have happened is read. A scope, a latch and a race would take fifty steps of the runtime; this callback takes three.
   */
  return (operation, taskId, session) =>
    Effect.withFiber((fiber) => {
      const otherwise = (seen?: StoredTask): AwaitedState => endAfter(operation, taskId, session, seen)
      if (!fiber.getRef(HoldsProcess)) return otherwise()
      return Effect.callback((resume) => {
        const first = known(taskId, { now: millisOf(fiber), session })
        if (first === undefined) return resume(otherwise())
        if (isTerminal(first.status)) return resume(Effect.succeed(first))
        const end = expiresAt(first)
        const isKnown = (task: StoredTask | undefined): task is StoredTask =>
          task !== undefined && expiresAt(task) === end && !isExpired(task, millisOf(fiber))
        const stops: Array<() => void> = []
        let isOver = false
        const leave = (): void => {
          isOver = true
          for (const stop of stops.splice(0)) stop()
        }
        const leaveWith = (state: AwaitedState): void => {
          leave()
          resume(state)
        }
        const waiter = hub.subscribe(taskId, () => {
          const { seen, written } = waiter
          if (!isKnown(written)) return leaveWith(otherwise(seen))
          waiter.seen = written
          waiter.written = undefined
          if (isTerminal(written.status)) leaveWith(Effect.succeed(written))
        })
        waiter.seen = first
        stops.push(() => hub.unsubscribe(taskId, waiter), startHolding(), following.hold())
        if (end !== null) {
          stops.push(callAfter(fiber.context, end - millisOf(fiber), () => leaveWith(otherwise(waiter.seen))))
        }
        // The first signal of others may have come at once.
        if (isOver) leave()
        return Effect.sync(leave)
      })
    })
}
