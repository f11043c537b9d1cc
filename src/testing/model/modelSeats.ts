/**
 * Which tasks of the reference model have seats, and for which there is one.
 *
 * @since 0.2.0
 */
import type { Refusal } from "./Answer.ts"
import type { ModelState, ModelTask } from "./ModelState.ts"

type Counted = Pick<ModelTask, "attempt" | "leaseExpiresAt" | "sessionId" | "status">

/**
 * Tells whether tasks wait until there are seats for them.
 *
 * @since 0.2.0
 * @category guards
 */
export const tasksWait = ({ options }: ModelState): boolean =>
  options.whenMaxActive === "wait" && (options.maxActive !== undefined || options.maxActivePerSession !== undefined)

/**
 * Tells whether somebody has ever had a task. Without a lease it is its creator's.
 *
 * @since 0.2.0
 * @category guards
 */
export const hasBegun = ({ attempt, leaseExpiresAt }: Counted): boolean => attempt > 0 || leaseExpiresAt === null

/**
 * Tells whether a task has a seat.
 *
 * @since 0.2.0
 * @category guards
 */
export const hasSeat = (state: ModelState, task: Counted): boolean =>
  (task.status === "working" || task.status === "input_required") && (!tasksWait(state) || hasBegun(task))

/** How many seats are left, of all or of a session, where these tasks are stored: those that have expired too. */
const seatsLeft = (
  state: ModelState,
  sessionId: string | null | undefined,
  tasks: ReadonlyArray<ModelTask>
): number => {
  const { maxActive = Infinity, maxActivePerSession = Infinity } = state.options
  const seated = tasks.filter((task) => hasSeat(state, task))
  if (sessionId === undefined) return maxActive - seated.length
  if (sessionId === null) return Infinity
  return maxActivePerSession - seated.filter((task) => task.sessionId === sessionId).length
}

/**
 * Refuses a task that wants a seat where there is none.
 *
 * @since 0.2.0
 * @category guards
 */
export const refusedSeat = (
  state: ModelState,
  { sessionId }: Counted,
  tasks: ReadonlyArray<ModelTask> = state.tasks
): Refusal | undefined => {
  const { maxActive, maxActivePerSession } = state.options
  if (seatsLeft(state, undefined, tasks) <= 0) return { _tag: "MaxTasksReached", limit: maxActive, scope: "active" }
  return seatsLeft(state, sessionId, tasks) <= 0
    ? { _tag: "MaxTasksReached", limit: maxActivePerSession, scope: "activePerSession" }
    : undefined
}
