/**
 * Tasks that this process gave up for a time.
 *
 * @since 0.2.0
 */
import { BTreeEx } from "sorted-btree/extended/index.js"
import type { WaitingTask } from "./FairQueue.ts"

/**
 * Tasks by the moment at which they are due, in milliseconds since the epoch. Their cost does not grow with how many sleep.
 *
 * @since 0.2.0
 * @category models
 */
export class SleepingTasks {
  readonly #tasks = new BTreeEx<Place, WaitingTask>(undefined, byTime)

  add(at: number, task: WaitingTask): void {
    this.#tasks.set({ at, taskId: task.taskId }, task)
  }

  /** When the first one is due, if one sleeps. */
  get nextAt(): number | undefined {
    return this.#tasks.minKey()?.at
  }

  /** Takes the tasks that are due by now. */
  takeDue(now: number): ReadonlyArray<WaitingTask> {
    const due: Array<WaitingTask> = []
    const places: Array<Place> = []
    for (const [place, task] of this.#tasks.entries()) {
      if (place.at > now) break
      places.push(place)
      due.push(task)
    }
    this.#tasks.deleteKeys(places)
    return due
  }
}

interface Place {
  readonly at: number
  readonly taskId: string
}

const byTime = (left: Place, right: Place): number =>
  left.at - right.at || (left.taskId < right.taskId ? -1 : left.taskId > right.taskId ? 1 : 0)
