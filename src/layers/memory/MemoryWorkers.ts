/**
 * Registered workers in memory.
 *
 * @since 0.2.0
 */
import { BTreeEx } from "sorted-btree/extended/index.js"
import type { StoredWorker, WorkerDriver } from "../../domain/driver/WorkerDriver.ts"
import { holderOf, type StoredTask } from "../../domain/task/StoredTask.ts"
import { sortKey } from "../../domain/task/TaskId.ts"
import type { TaskEntry } from "./TaskOrder.ts"

/**
 * The workers of a store, what each holds, and the news that wait for it.
 */
export class MemoryWorkers {
  readonly #workers = new BTreeEx<string, StoredWorker>()
  readonly #held = new Map<string, Set<TaskEntry>>()
  readonly #news = new Map<string, Set<string>>()

  insert(worker: StoredWorker): void {
    this.#workers.set(sortKey(worker.workerId), worker)
  }

  find(workerId: string): StoredWorker | undefined {
    return this.#workers.get(sortKey(workerId))
  }

  renew(workerId: string, leaseExpiresAt: number): StoredWorker | undefined {
    const worker = this.find(workerId)
    if (worker === undefined || worker.diedAt !== null) return undefined
    const renewed = { ...worker, leaseExpiresAt }
    this.insert(renewed)
    return renewed
  }

  declareDead({ at, except, expiredBy, limit }: DeathQuery): ReadonlyArray<string> {
    const dead: Array<StoredWorker> = []
    for (const worker of this.#workers.values()) {
      if (worker.diedAt !== null || worker.leaseExpiresAt > expiredBy || worker.workerId === except) continue
      dead.push(worker)
      if (dead.length === limit) break
    }
    for (const worker of dead) this.insert({ ...worker, diedAt: at })
    return dead.map(({ workerId }) => workerId)
  }

  /** Walks the workers behind an id, with how many tasks each holds. */
  *list(behind: string | undefined): Generator<{ readonly worker: StoredWorker; readonly tasks: number }> {
    for (const worker of this.#workers.values(behind === undefined ? undefined : sortKey(behind))) {
      if (worker.workerId !== behind) yield { worker, tasks: this.#held.get(worker.workerId)?.size ?? 0 }
    }
  }

  /** Declares a worker dead that ends. */
  end(workerId: string, at: number): void {
    const worker = this.find(workerId)
    if (worker !== undefined && worker.diedAt === null) this.insert({ ...worker, diedAt: at })
  }

  /** Removes up to `limit` workers that died before a time and hold no task, and gives how many. */
  removeDead(diedBefore: number, limit: number): number {
    const dead: Array<string> = []
    for (const { diedAt, workerId } of this.#workers.values()) {
      if (diedAt === null || diedAt >= diedBefore || this.#held.has(workerId)) continue
      dead.push(workerId)
      if (dead.length === limit) break
    }
    for (const workerId of dead) {
      this.#workers.delete(sortKey(workerId))
      this.#news.delete(workerId)
    }
    return dead.length
  }

  /** Gives up to `limit` tasks that a worker holds, or for `undefined` those that dead ones hold. */
  held(workerId: string | undefined, limit: number): ReadonlyArray<TaskEntry> {
    const entries: Array<TaskEntry> = []
    for (const holder of workerId === undefined ? this.#held.keys() : [workerId]) {
      if (workerId === undefined && (this.find(holder)?.diedAt ?? null) === null) continue
      for (const entry of this.#held.get(holder) ?? []) {
        if (entries.length === limit) return entries
        entries.push(entry)
      }
    }
    return entries
  }

  /** Notes that a worker holds a task. */
  hold(entry: TaskEntry): void {
    const holder = holderOf(entry.task)
    if (holder === null) return
    const held = this.#held.get(holder)
    if (held === undefined) this.#held.set(holder, new Set([entry]))
    else held.add(entry)
  }

  /** Forgets that a worker holds a task. */
  drop(entry: TaskEntry): void {
    const holder = holderOf(entry.task)
    const held = holder === null ? undefined : this.#held.get(holder)
    if (holder !== null && held?.delete(entry) === true && held.size === 0) this.#held.delete(holder)
  }

  /** Leaves news of a task for the worker that holds it. */
  note(task: StoredTask): void {
    const holder = holderOf(task)
    if (holder !== null && this.find(holder) !== undefined) this.#leave(holder, task.taskId)
  }

  /** Leaves news for all workers that live. */
  tellAll(item: string): void {
    for (const { diedAt, workerId } of this.#workers.values()) if (diedAt === null) this.#leave(workerId, item)
  }

  #leave(workerId: string, item: string): void {
    const news = this.#news.get(workerId)
    if (news === undefined) this.#news.set(workerId, new Set([item]))
    else news.add(item)
  }

  /** Gives the news of a worker, and forgets them. */
  takeNews(workerId: string): ReadonlyArray<string> {
    const news = this.#news.get(workerId)
    this.#news.delete(workerId)
    return news === undefined ? [] : [...news]
  }
}

/** Which workers are to be declared dead. */
type DeathQuery = Parameters<WorkerDriver["declareDead"]>[0]
