/**
 * Fibers whose first turns are taken at once.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"

/** How many turns are taken at once. Work that forks a fiber, which hands it a result through a queue, takes two. */
const mostTurns = 4

/**
 * Runs an effect in a fiber of its own, as `Effect.runForkWith` does. What it schedules for its next turn, such as a fiber that it
 * forks, begins before this returns. Otherwise it would wait for a turn of the event loop, and short work would have to be watched
 * meanwhile. Only the first turns are taken like that. So long work lets others run, as always.
 *
 * @since 0.2.0
 * @category combinators
 */
export const forkAhead = <A, E, R>(context: Context.Context<R>, effect: Effect.Effect<A, E, R>): Fiber.Fiber<A, E> => {
  const turns = new FirstTurns(Context.get(context, Scheduler.Scheduler))
  const fiber = Effect.runForkWith(context)(effect, { scheduler: turns })
  turns.take(fiber)
  return fiber
}

interface Scheduled {
  readonly task: () => void
  readonly priority: number
}

/** Keeps what is scheduled, until the first turns have been taken. Then it leaves all to the scheduler of the context. */
class FirstTurns implements Scheduler.Scheduler, Scheduler.SchedulerDispatcher {
  readonly #scheduler: Scheduler.Scheduler
  #kept: Array<Scheduled> = []
  /** What comes after the first turns. */
  #later: Scheduler.SchedulerDispatcher | undefined

  constructor(scheduler: Scheduler.Scheduler) {
    this.#scheduler = scheduler
  }

  get executionMode(): "sync" | "async" {
    return this.#scheduler.executionMode
  }

  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return this.#scheduler.shouldYield(fiber)
  }

  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return this.#later === undefined ? this : this.#scheduler.makeDispatcher()
  }

  scheduleTask(task: () => void, priority: number): void {
    if (this.#later === undefined) this.#kept.push({ task, priority })
    else this.#later.scheduleTask(task, priority)
  }

  flush(): void {
    this.#later?.flush()
  }

  /** Takes turns as long as the fiber runs, and leaves what is due then. */
  take(fiber: Fiber.Fiber<unknown, unknown>): void {
    for (let turn = 0; turn < mostTurns && this.#kept.length > 0 && fiber.pollUnsafe() === undefined; turn++) {
      const due = this.#kept
      this.#kept = []
      for (const { task } of due.sort(byPriority)) task()
    }
    const later = this.#scheduler.makeDispatcher()
    this.#later = later
    for (const { priority, task } of this.#kept) later.scheduleTask(task, priority)
  }
}

const byPriority = (left: Scheduled, right: Scheduled): number => left.priority - right.priority
