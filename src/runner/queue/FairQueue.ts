/**
 * The order of tasks that wait.
 *
 * @since 0.2.0
 */
import type { TaskOfKind } from "../handler/HandlerRegistry.ts"
import type { BoundHandler } from "./BoundHandler.ts"

/**
 * A task that waits.
 *
 * @since 0.2.0
 * @category models
 */
export interface WaitingTask extends TaskOfKind {
  readonly taskId: string
  readonly sessionId: string | undefined
  readonly handler: BoundHandler
}

/**
 * A queue for each session; the sessions take turns. A session that may run no more tasks has no turn until it may again. Each
 * step takes the same time, however many tasks wait.
 *
 * @since 0.2.0
 * @category models
 */
export class FairQueue {
  readonly #tasks = new Map<string, WaitingTask>()
  readonly #sessions = new Map<string | undefined, SessionQueue>()
  /** The sessions that have a turn, in order. */
  readonly #turns = new Fifo<SessionQueue>()

  get size(): number {
    return this.#tasks.size
  }

  /** Tells whether the task is new here. */
  add(task: WaitingTask): boolean {
    const { taskId } = task
    if (this.#tasks.has(taskId)) return false
    this.#tasks.set(taskId, task)
    const session = this.#sessionOf(task)
    session.queue.push(task)
    this.#giveTurn(session)
    return true
  }

  /** Puts a task that had its turn in vain before the others of its session. */
  putBack(task: WaitingTask): void {
    if (this.#tasks.has(task.taskId)) return
    this.#tasks.set(task.taskId, task)
    const session = this.#sessionOf(task)
    session.queue.unshift(task)
    this.#giveTurn(session)
  }

  #sessionOf({ sessionId }: WaitingTask): SessionQueue {
    return this.#sessions.get(sessionId) ?? this.#open(sessionId)
  }

  #open(sessionId: string | undefined): SessionQueue {
    const session = { sessionId, queue: new Fifo<WaitingTask>(), hasTurn: false }
    this.#sessions.set(sessionId, session)
    return session
  }

  #giveTurn(session: SessionQueue): void {
    if (session.hasTurn) return
    session.hasTurn = true
    this.#turns.push(session)
  }

  /** Takes a task out of its turn. Its place in the queue is passed by later. */
  remove(taskId: string): WaitingTask | undefined {
    const task = this.#tasks.get(taskId)
    this.#tasks.delete(taskId)
    return task
  }

  /** Takes the next task of the next session that has room. */
  next(hasRoom: (sessionId: string | undefined) => boolean): WaitingTask | undefined {
    for (let session = this.#turns.shift(); session !== undefined; session = this.#turns.shift()) {
      session.hasTurn = false
      if (!hasRoom(session.sessionId)) continue
      const task = this.#nextOf(session)
      if (task === undefined) {
        this.#sessions.delete(session.sessionId)
        continue
      }
      this.#tasks.delete(task.taskId)
      this.#giveTurn(session)
      return task
    }
    return undefined
  }

  #nextOf({ queue }: SessionQueue): WaitingTask | undefined {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
      if (this.#tasks.get(task.taskId) === task) return task
    }
    return undefined
  }

  /** Gives a session its turns again. */
  wake(sessionId: string | undefined): void {
    const session = this.#sessions.get(sessionId)
    if (session !== undefined) this.#giveTurn(session)
  }
}

interface SessionQueue {
  readonly sessionId: string | undefined
  readonly queue: Fifo<WaitingTask>
  hasTurn: boolean
}

/** First in, first out. A `Map` would pass by the places of those that are gone. */
class Fifo<A> {
  #items: Array<A> = []
  #head = 0

  push(item: A): void {
    this.#items.push(item)
  }

  unshift(item: A): void {
    if (this.#head === 0) this.#items.unshift(item)
    else this.#items[--this.#head] = item
  }

  shift(): A | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#head++
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
