/**
 * What runs tasks that do nothing, whoever made it.
 */

/** A system that is told to run tasks. */
export interface System {
  readonly name: string
  /** Creates a task that does nothing. It is durable when this resolves. */
  readonly create: () => Promise<void>
  /** Waits until all tasks that were created have ended, and their ends are durable. */
  readonly ended: () => Promise<void>
  readonly close: () => Promise<void>
}

/** A system whose callers can wait for one task. */
export interface AwaitingSystem extends System {
  /** Creates a task and waits for its end. */
  readonly run: () => Promise<void>
}

/** Makes a system of what creates a task and gives what waits for its end. */
export const awaiting = (
  name: string,
  start: () => Promise<() => Promise<unknown>>,
  close: () => Promise<void>
): AwaitingSystem => {
  let ends: Array<Promise<unknown>> = []
  return {
    name,
    create: async () => {
      const end = await start()
      ends.push(end())
    },
    ended: async () => {
      const waited = ends
      ends = []
      await Promise.all(waited)
    },
    run: async () => {
      const end = await start()
      await end()
    },
    close
  }
}
