/**
 * A store that never had a limit, and then meets one whose tasks wait for seats: whichever operation looks for a seat first, those that are
 * taken count already.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../src/domain/task/TaskError.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { backends } from "../admin/backends.ts"

const call = { originalMethod: "tools/call" }

/** Each gives the ids of what it finds a seat for. */
const looks: ReadonlyArray<
  readonly [name: string, look: (storage: TaskStorageShape) => Effect.Effect<ReadonlyArray<string>, TaskStorageError>]
> = [
  ["claimableTasks", (storage) => storage.claimableTasks()],
  [
    "claimTasks",
    (storage) =>
      Effect.map(storage.claimTasks({ lease: 1_000 }), (claimed) => claimed.map(({ record }) => record.taskId))
  ],
  [
    "claimTask",
    (storage) =>
      storage.claimTask("waits", { lease: 1_000 }).pipe(
        Effect.as(["waits"]),
        Effect.catchTag("MaxTasksReached", () => Effect.succeed([]))
      )
  ]
]

const nothingSeated: readonly [seated: number, found: ReadonlyArray<string>] = [0, ["waits"]]
const oneSeated: typeof nothingSeated = [1, []]

for (const { describe, freshStore, name } of backends) {
  describe(`the first look for a seat, ${name}`, () => {
    for (const [operation, look] of looks) {
      // DynamoDB counts the tasks that were created under a limit, as docs/dynamodb.md says.
      it.live.each(name === "dynamodb" ? [nothingSeated] : [nothingSeated, oneSeated])(
        `${operation}, where %i tasks have seats`,
        ([seated, found]) =>
          Effect.gen(function*() {
            const { openDriver } = yield* freshStore
            const unlimited = yield* TaskStorage.fromDriver(yield* openDriver({}), { maintenance: false })
            if (seated > 0) yield* unlimited.createTask({ ...call, taskId: "seated" })
            yield* unlimited.createTask({ ...call, taskId: "waits", lease: 0 })
            const limited = yield* TaskStorage.fromDriver(yield* openDriver({}), {
              maintenance: false,
              whenMaxActive: "wait",
              maxActive: 1
            })
            assert.deepStrictEqual(yield* look(limited), found)
          })
      )
    }
  })
}
