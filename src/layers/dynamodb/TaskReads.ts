/**
 * Reading tasks by their ids. Such a read sees every write before it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { isVisible, type TaskScope } from "../../domain/driver/TaskWrite.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { requireChange, withPayloads } from "./Payloads.ts"
import {
  type Item,
  type PayloadField,
  payloadFields,
  readInteger,
  readPlain,
  readSummary,
  readTask,
  readText,
  summaryAttributes,
  summaryPayloads,
  taskKey
} from "./TaskItem.ts"

/**
 * What is read of a task: which attributes, which of them are payloads, and how.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskShape<Task> {
  readonly attributes: ReadonlyArray<string> | undefined
  readonly payloads: ReadonlyArray<PayloadField>
  readonly read: (item: Item) => Task
}

/**
 * @since 0.1.0
 * @category models
 */
export const wholeTask = { attributes: undefined, payloads: payloadFields, read: readTask } as const

/**
 * @since 0.1.0
 * @category models
 */
export const taskSummary = { attributes: summaryAttributes, payloads: summaryPayloads, read: readSummary } as const

/**
 * Makes the reads of a driver.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeTaskReads = (
  table: DynamoDbTable
): Pick<TaskDriver, "find" | "findSummary"> & Required<Pick<TaskDriver, "findRevisions">> => {
  const find = <Task>(shape: TaskShape<Task>) => (taskId: string, scope: TaskScope) =>
    Effect.suspend(() => {
      let incomplete: Item | undefined
      const once = Effect.gen(function*(): Effect.fn.Return<{ readonly task?: Task } | undefined, TaskDriverError> {
        const item = yield* table.get(taskKey(taskId), { attributes: shape.attributes })
        if (item === undefined) return {}
        if (!isVisible(yield* table.decode(() => readPlain(item)), scope)) return {}
        const whole = yield* withPayloads(table, item, shape.payloads)
        if (whole !== undefined) return { task: yield* table.decode(() => shape.read(whole)) }
        yield* table.decode(() => requireChange(incomplete, item))
        incomplete = item
        return undefined
      })
      return Effect.map(table.untilSettled(once), ({ task }) => task)
    })

  return {
    find: find(wholeTask),
    findSummary: find(taskSummary),
    findRevisions: (taskIds) =>
      Effect.flatMap(
        // This is a hint, so the cheaper read is enough: the next one will see what this one does not see yet.
        table.getAll(taskIds.map(taskKey), {
          attributes: ["taskId", "revision", "incarnation"],
          isConsistent: false
        }),
        (items) =>
          table.decode(() =>
            new Map(items.map((item) => [
              readText(item, "taskId"),
              { revision: readInteger(item, "revision"), incarnation: readText(item, "incarnation") }
            ]))
          )
      )
  }
}
