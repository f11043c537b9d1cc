/**
 * Tasks that stay in this process.
 *
 * @since 0.2.0
 */
import { Answering } from "../effects/AtOnce.ts"
import { copyPlainTask, plainFromStored } from "./plainTask.ts"
import { type StoredTask, taskBytes } from "./StoredTask.ts"
import type { PlainTask } from "./TaskRecord.ts"

/** How large a task may be, in bytes, of which a second copy is kept. */
const largestShown = 65_536

/**
 * A stored task with what was made of it, so that nobody who reads it next has to make that again. A row is much larger, and to go
 * through all of it takes longer than all the rest of a read from memory.
 *
 * @since 0.2.0
 * @category models
 */
export class KeptTask {
  /** With the ttl it tells until when the task is visible, so that a read need not go to the row for it. */
  readonly createdAt: number
  ttl: number | null
  #task: StoredTask
  #plain: PlainTask | undefined = undefined

  constructor(task: StoredTask) {
    this.createdAt = task.createdAt
    this.ttl = task.ttl
    this.#task = task
  }

  get task(): StoredTask {
    return this.#task
  }

  /** Puts another row in the place of the task. */
  replace(task: StoredTask): void {
    this.#task = task
    this.ttl = task.ttl
    this.#plain = undefined
  }

  /** Gives the task as plain data of the caller's own. Throws when the row cannot be one. */
  toPlain(): PlainTask {
    if (this.#plain === undefined) {
      const plain = plainFromStored(this.#task)
      if (taskBytes(this.#task, "bytesAtMost") > largestShown) return plain
      this.#plain = plain
    }
    return copyPlainTask(this.#plain)
  }
}

/**
 * Finds a task that stays in this process.
 *
 * @since 0.2.0
 * @category models
 */
export abstract class FindingKept extends Answering<StoredTask | undefined> {
  /** Gives the task, if it is visible. */
  abstract kept(): KeptTask | undefined

  override answer(): StoredTask | undefined {
    return this.kept()?.task
  }
}
