/**
 * Cases that say which free tasks are found, and in which order.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { ClaimableOptions, CreateTask } from "../../domain/options/TaskOptions.ts"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { equal } from "./check.ts"
import { type ContractCase, contractCase } from "./ContractCase.ts"

/** Both ways to get free tasks: their ids, in the order in which they came. */
const ways: ReadonlyArray<
  readonly [
    name: string,
    get: (
      tasks: TaskStorageShape,
      options: ClaimableOptions
    ) => Effect.Effect<ReadonlyArray<string>, Effect.Error<ReturnType<TaskStorageShape["claimTasks"]>>>
  ]
> = [
  ["claimableTasks", (tasks, options) => tasks.claimableTasks(options)],
  [
    "claimTasks",
    (tasks, options) =>
      Effect.map(
        tasks.claimTasks({ ...options, lease: "1 hour" }),
        (claimed) => claimed.map(({ record }) => record.taskId)
      )
  ]
]

/** The name of a case, what is created for it, and which tasks are found with which options, in this order or in any. */
export interface FreeTasksRow {
  readonly name: string
  readonly tasks: ReadonlyArray<readonly [taskId: string, fields: Partial<CreateTask>]>
  readonly found: ReadonlyArray<
    readonly [options: ClaimableOptions, taskIds: ReadonlyArray<string>, order?: "of any order"]
  >
}

/** Makes a case of each way. What was claimed waits anew for the next options. */
export const bothWays = ({ found, name, tasks }: FreeTasksRow): ReadonlyArray<ContractCase> =>
  ways.map(([way, get]) =>
    contractCase(`${way} ${name}`, function*({ first, second }) {
      const create = ([taskId, fields]: FreeTasksRow["tasks"][number]) =>
        first.createTask({ originalMethod: "tools/call", lease: 0, ...fields, taskId })
      yield* Effect.forEach(tasks, create)
      for (const [index, [options, taskIds, order]] of found.entries()) {
        const got = yield* get(second, options)
        const wanted = order === undefined ? [got, taskIds] as const : [got.toSorted(), taskIds.toSorted()] as const
        yield* equal(`options ${index}`, ...wanted)
        if (way !== "claimTasks") continue
        for (const task of tasks.filter(([taskId]) => got.includes(taskId))) {
          yield* first.deleteTask(task[0])
          yield* create(task)
        }
      }
    })
  )
