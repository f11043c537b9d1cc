/**
 * Which tasks `createTask` and `updateTask` refuse with `InvalidInput`.
 *
 * @since 0.2.0
 */
import { badDurations, badIds, badMaps, badOutcomes, badStatuses, badTexts, badTimes } from "./badValues.ts"
import { equalRecord, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, mustGet, tool } from "./fixtures.ts"
import { refusesEach } from "./refusesEach.ts"
import { call } from "./untyped.ts"

/** Each field of a new task, with what is wrong for it. */
const createFields: ReadonlyArray<readonly [field: string, bads: ReadonlyArray<unknown>]> = [
  ["taskId", badIds.filter((id) => id !== undefined && id !== null)],
  ["sessionId", badIds.filter((id) => id !== undefined && id !== null)],
  ["ttl", [...badDurations, 0]],
  ["pollInterval", badDurations],
  ["lease", [...badDurations, null]],
  ["worker", badIds.filter((id) => id !== undefined)],
  ["delay", [...badDurations, null]],
  ["status", badStatuses.filter((status) => status !== null)],
  ["createdAt", badTimes.filter((time) => time !== null)],
  ["lastUpdatedAt", badTimes.filter((time) => time !== null)],
  ["originalMethod", [...badTexts, undefined, null]],
  ["statusMessage", badTexts],
  ["requestState", badTexts],
  ["meta", badMaps],
  ["inputRequests", badMaps],
  ["inputResponses", badMaps]
]

/**
 * @since 0.2.0
 * @category suite
 */
export const badTasksGroup: ContractGroup = {
  subject: "bad input: tasks",
  cases: [
    ...createFields.map(([field, bads]) =>
      refusesEach(
        `createTask refuses a wrong ${field}`,
        field,
        bads,
        (tasks, bad) => call(tasks.createTask, { ...tool, [field]: bad })
      )
    ),

    refusesEach(
      "createTask refuses what is no task",
      undefined,
      [undefined, null, 1, "x", []],
      (tasks, bad) => call(tasks.createTask, bad)
    ),

    refusesEach(
      "createTask refuses what cannot be read",
      "task",
      [{
        get originalMethod(): never {
          throw new Error("secret")
        }
      }],
      (tasks, bad) => call(tasks.createTask, bad)
    ),

    refusesEach(
      "createTask refuses a wrong result",
      undefined,
      badOutcomes.slice(2),
      (tasks, bad) => call(tasks.createTask, { ...tool, result: bad })
    ),

    refusesEach(
      "updateTask refuses what is no record",
      "record",
      [undefined, null, 1, "x", {
        get taskId(): never {
          throw new Error("secret")
        }
      }],
      (tasks, bad) => call(tasks.updateTask, bad)
    ),

    ...([
      ["taskId", badIds],
      ["sessionId", badIds.filter((id) => id !== undefined && id !== null)],
      ["status", badStatuses],
      ["createdAt", badTimes],
      ["revision", [0, -1, 1.5, "1", NaN, null, undefined]],
      ["ttl", [...badDurations, 0]],
      ["originalMethod", [...badTexts, undefined]],
      ["result", [1, "x", { _tag: "Success" }]],
      ["steps", badMaps]
    ] as const).map(([field, bads]) =>
      contractCase(`updateTask refuses a wrong ${field}`, function*({ first }) {
        const created = yield* createIn(first, "one", "working")
        for (const [index, bad] of bads.entries()) {
          yield* refused(`value ${index}`, call(first.updateTask, { ...created, [field]: bad }), {
            _tag: "InvalidInput"
          })
        }
        yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
      })
    )
  ]
}
