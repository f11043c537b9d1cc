/**
 * The states of a task and the one table that says which may follow which.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Describes the status of a task; `completed`, `failed` and `cancelled` are terminal.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TaskStatus = Schema.Literals(["working", "input_required", "completed", "failed", "cancelled"])

/**
 * @since 0.1.0
 * @category models
 */
export type TaskStatus = typeof TaskStatus.Type

/**
 * Lists every status, in the order in which a task may meet them.
 *
 * @since 0.1.0
 * @category constants
 */
export const taskStatuses: ReadonlyArray<TaskStatus> = TaskStatus.literals

/**
 * Maps each status to the statuses that may follow it. Every guard and every refusal is derived from this table.
 *
 * @since 0.1.0
 * @category constants
 */
export const transitions: { readonly [From in TaskStatus]: ReadonlyArray<TaskStatus> } = {
  working: ["input_required", "completed", "failed", "cancelled"],
  input_required: ["working", "completed", "failed", "cancelled"],
  completed: [],
  failed: [],
  cancelled: []
}

/**
 * Tells whether a task in this status has ended for good.
 *
 * @since 0.1.0
 * @category guards
 */
export const isTerminal = (status: TaskStatus): boolean => transitions[status].length === 0

/**
 * Tells whether the table allows a task to go from one status to the other.
 *
 * @since 0.1.0
 * @category guards
 */
export const canTransition = (from: TaskStatus, to: TaskStatus): boolean => transitions[from].includes(to)

/**
 * Lists the statuses that a task can still leave.
 *
 * @since 0.1.0
 * @category constants
 */
export const activeStatuses: ReadonlyArray<TaskStatus> = taskStatuses.filter((status) => !isTerminal(status))

const predecessorTable = {
  working: taskStatuses.filter((from) => canTransition(from, "working")),
  input_required: taskStatuses.filter((from) => canTransition(from, "input_required")),
  completed: taskStatuses.filter((from) => canTransition(from, "completed")),
  failed: taskStatuses.filter((from) => canTransition(from, "failed")),
  cancelled: taskStatuses.filter((from) => canTransition(from, "cancelled"))
} satisfies { readonly [To in TaskStatus]: ReadonlyArray<TaskStatus> }

/**
 * Gives the statuses that may lead to `status`: the guard of a transition.
 *
 * @since 0.1.0
 * @category accessors
 */
export const predecessors = (status: TaskStatus): ReadonlyArray<TaskStatus> => predecessorTable[status]
