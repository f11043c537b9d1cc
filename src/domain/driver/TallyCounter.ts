/**
 * Counting tasks one by one.
 *
 * @since 0.2.0
 */
import type { StoredSummary } from "../task/StoredTask.ts"
import { isFailure, type TallyGroup, type TallyQuery } from "./TaskTally.ts"

/**
 * What is counted of a task.
 *
 * @since 0.2.0
 * @category models
 */
export type CountedTask = Pick<
  StoredSummary,
  "taskId" | "status" | "originalMethod" | "name" | "createdAt" | "lastUpdatedAt" | "resultKind"
>

/**
 * Counts tasks, and remembers the latest failures.
 *
 * @since 0.2.0
 * @category models
 */
export class TallyCounter<Task extends CountedTask> {
  waitingSince: number | null = null
  readonly #groups = new Map<string, { -readonly [Field in keyof TallyGroup]: TallyGroup[Field] }>()
  readonly #query: Pick<TallyQuery, "failedSince" | "failureLimit">
  #failed: Array<Task> = []

  constructor(query: Pick<TallyQuery, "failedSince" | "failureLimit">) {
    this.#query = query
  }

  add(task: Task): void {
    const { createdAt, lastUpdatedAt, name, originalMethod, status } = task
    // Texts of JSON end where their quotes do, so that no two groups share a key.
    const key = `${status}${originalMethod.text}${name?.text ?? ""}`
    const group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, { originalMethod, name, status, count: 1, oldest: createdAt })
    else {
      group.count += 1
      group.oldest = Math.min(group.oldest, createdAt)
    }
    if (status === "input_required") this.waitingSince = Math.min(this.waitingSince ?? Infinity, lastUpdatedAt)
    if (!isFailure(task) || lastUpdatedAt < this.#query.failedSince) return
    this.#failed.push(task)
    // The earliest are forgotten now and then, so that they take little room.
    if (this.#failed.length >= 2 * this.#query.failureLimit) this.#failed = this.failed
  }

  get groups(): ReadonlyArray<TallyGroup> {
    return [...this.#groups.values()]
  }

  /** The failures, the latest first. */
  get failed(): Array<Task> {
    return this.#failed
      .toSorted((left, right) => right.lastUpdatedAt - left.lastUpdatedAt)
      .slice(0, this.#query.failureLimit)
  }
}
