/**
 * Tasks that wait in a process.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { FairQueue, type WaitingTask } from "../queue/FairQueue.ts"
import type { Pauses } from "../queue/Pauses.ts"
import type { RunnerSlots } from "../queue/RunnerSlots.ts"
import { TurnOfOthers } from "../queue/TurnOfOthers.ts"
import type { TaskWorker } from "../worker/TaskWorker.ts"

/**
 * What the queue of a process needs.
 *
 * @since 0.2.0
 * @category models
 */
export interface LocalQueueParts {
  readonly slots: RunnerSlots
  readonly pauses: Pauses
  /** Whether tasks may begin. */
  readonly isOpen: () => boolean
  /** Whether this process hears of pauses, so that it need not read them. */
  readonly hearsPauses: () => boolean
  /** Whether the storage gives seats to tasks, which they may have to wait for. */
  readonly hasSeats: boolean
  /** Whether no look finds a task: there is none, or the work is of this process alone. */
  readonly isOnlyHere: (task: WaitingTask) => boolean
  /** The worker that has a task here. */
  readonly workerOf: (taskId: string) => TaskWorker | undefined
  /** Begins a task whose turn it is. It takes a slot for it at once. */
  readonly begin: (task: WaitingTask) => void
  /** Hears how many more tasks wait for a slot. */
  readonly onCount: (change: 1 | -1) => void
  /** Starts what runs until the runner ends. */
  readonly start: (effect: Effect.Effect<void>) => void
  /** Calls back after so many milliseconds, unless the runner ends before. */
  readonly later: (millis: number, call: () => void) => void
}

/**
 * Tasks that wait in a process: for a slot, for a seat, or until their kind is resumed.
 *
 * Other tasks wait in the storage alone, and a look finds them. So that neither side takes all, the queue and the looks take turns at
 * each slot and at each seat that becomes free.
 *
 * @since 0.2.0
 * @category models
 */
export class LocalQueue {
  readonly #parts: LocalQueueParts
  /** Wait for a slot. */
  readonly #ready = new FairQueue()
  /** Could not be claimed: there was no seat, or the storage did not answer. */
  readonly #unclaimed = new FairQueue()
  /** Their kinds are paused. */
  readonly #paused = new Map<string, WaitingTask>()
  #onRoom: (() => void) | undefined
  #onSeat: (() => void) | undefined
  /** Whether the next slot is for a look, because the queue had the last one. */
  #isSlotOfLooks = false
  /** The same of the next seat. */
  #isSeatOfLooks = false
  #seatsFreed = 0
  /** Whether tasks are known to wait for seats. */
  #haveToWait = false
  #isSeatPromised = false
  readonly #turnOfOthers: TurnOfOthers

  constructor(parts: LocalQueueParts) {
    this.#parts = parts
    this.#turnOfOthers = new TurnOfOthers(parts.later)
    parts.pauses.whenResumed(Effect.sync(() => this.#takeBack()))
  }

  /** How many tasks wait for a slot. */
  get size(): number {
    return this.#ready.size
  }

  /** How often a task may have left a seat here. */
  get seatsFreed(): number {
    return this.#seatsFreed
  }

  /** Whether the next seat is for those that have waited longer than a new task: one was left, and a look comes soon that gives it to them. */
  get isSeatPromised(): boolean {
    return this.#isSeatPromised
  }

  /** Begins a task as soon as there is room for it. */
  add(task: WaitingTask): void {
    const { hearsPauses, pauses, start, workerOf } = this.#parts
    const worker = workerOf(task.taskId)
    // If the last answer arrives while its worker stops, the task waits until that worker is gone.
    if (worker !== undefined) start(Effect.andThen(worker.gone, Effect.sync(() => this.add(task))))
    else if (hearsPauses()) this.#addReady(task)
    else start(Effect.andThen(Effect.ignore(pauses.refresh), Effect.sync(() => this.#addReady(task))))
  }

  #addReady(task: WaitingTask): void {
    if (this.#ready.add(task)) this.#parts.onCount(1)
    // A slot may have become free since there was none.
    this.fill()
  }

  /** Takes a task out, wherever it waits. */
  remove(taskId: string): WaitingTask | undefined {
    const ready = this.#ready.remove(taskId)
    if (ready !== undefined) {
      this.#parts.onCount(-1)
      return ready
    }
    const kept = this.#unclaimed.remove(taskId) ?? this.#paused.get(taskId)
    this.#paused.delete(taskId)
    return kept
  }

  /** Begins tasks that wait for a slot, as many as there is room for. */
  fill(): void {
    const { begin, isOpen, onCount, pauses, slots } = this.#parts
    while (isOpen() && !slots.isFull) {
      const next = this.#ready.next((sessionId) => slots.overrun(sessionId) === undefined)
      if (next === undefined) return
      onCount(-1)
      if (pauses.covers(next)) this.#setAside(next)
      else begin(next)
    }
  }

  /** Gives a slot that a session has left to the queue or to a look, in turns. */
  slotFreed(sessionId: string | undefined): void {
    this.#ready.wake(sessionId)
    const look = this.#onRoom
    if (look === undefined || (this.#ready.size > 0 && !this.#isSlotOfLooks)) {
      this.#isSlotOfLooks = true
      this.fill()
    } else {
      this.#isSlotOfLooks = false
      this.#onRoom = undefined
      look()
    }
  }

  /** Calls back once, when the next slot is free that the queue does not need. */
  onRoom(call: () => void): void {
    this.#onRoom = call
  }

  /** Notes that a task may have left a seat here. From time to time others may take it first. */
  seatFreed(): void {
    this.#noteSeat((give) => this.#turnOfOthers.seatFreed(give))
  }

  /** Notes that there may be a seat that was left elsewhere. */
  seatHeard(): void {
    this.#noteSeat((give) => this.#turnOfOthers.seatHeard(give))
  }

  #noteSeat(share: (give: () => void) => void): void {
    if (!this.#parts.hasSeats) return
    this.#seatsFreed++
    this.promiseSeat()
    share(() => this.#giveSeat())
  }

  /** Gives a seat to the queue or to a look, in turns. Behind a look the queue gets its try too. */
  #giveSeat(): void {
    this.#onSeat?.()
    this.#isSeatOfLooks = this.#onSeat !== undefined && !this.#isSeatOfLooks
    if (!this.#isSeatOfLooks) this.tryUnclaimed()
  }

  /** Keeps new tasks behind those that wait, until a look that comes soon. */
  promiseSeat(): void {
    this.#isSeatPromised = this.#haveToWait && this.#onSeat !== undefined
  }

  /** Notes how many tasks a look has begun; `undefined` if it failed. For seats that were left since it started another look comes. */
  looked(begun: number | undefined, seatsFreed: number): void {
    if (this.#seatsFreed !== seatsFreed) return
    // Only of a seat that was left and is not taken it is known that nobody waits.
    if (begun !== undefined && this.#isSeatPromised) this.#haveToWait = begun > 0 || this.#unclaimed.size > 0
    this.#isSeatPromised = false
  }

  /** Keeps a new task behind those that wait, and looks once more, as the look to come may be too early to find it. */
  keepBehind(task: WaitingTask): void {
    this.#keepUnclaimed(task)
    this.#onSeat?.()
  }

  /** Calls back whenever a seat may have become free. */
  onSeat(call: () => void): void {
    this.#onSeat = call
  }

  #keepUnclaimed(task: WaitingTask): void {
    if (this.#parts.isOnlyHere(task)) this.#unclaimed.add(task)
  }

  /** Keeps a task that had its turn and could not be claimed. It is the next one of its session. */
  putBack(task: WaitingTask): void {
    if (this.#parts.isOnlyHere(task)) this.#unclaimed.putBack(task)
  }

  /** Keeps a task that found no seat when this many had become free. If there was one since, a look may have been too early to find it. */
  keepUntilSeat(task: WaitingTask, seatsFreed: number): void {
    this.#haveToWait = true
    this.#keepUnclaimed(task)
    if (this.#seatsFreed !== seatsFreed) this.seatHeard()
  }

  /** Tries to begin the next one of those that could not be claimed. */
  tryUnclaimed(): void {
    for (let task = this.#unclaimed.next(always); task !== undefined; task = this.#unclaimed.next(always)) {
      if (!this.#parts.pauses.covers(task)) return this.add(task)
      this.#setAside(task)
    }
  }

  /** Keeps a task until its kind is resumed. */
  #setAside(task: WaitingTask): void {
    if (this.#parts.isOnlyHere(task)) this.#paused.set(task.taskId, task)
  }

  #takeBack(): void {
    const resumed = [...this.#paused.values()].filter((task) => !this.#parts.pauses.covers(task))
    for (const { taskId } of resumed) this.#paused.delete(taskId)
    for (const task of resumed) this.add(task)
  }
}

const always = (): boolean => true
