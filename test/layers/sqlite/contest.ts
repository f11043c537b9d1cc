/** What the contending processes contend for. */
export interface Report {
  readonly won: ReadonlyArray<string>
  readonly busyCalls: number
  /** Those that kept the event loop for 50 ms or longer. A machine that is busy itself may do that to a few. */
  readonly slowBusyCalls: number
}

export const sharedTasks = Array.from({ length: 100 }, (_, index) => `shared-${index}`)

export const ownTasks = 60
