/** That every task begins though the limits of active tasks have changed since it was created, and none is stuck behind its own seat. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { CreateTask } from "../../src/domain/options/TaskOptions.ts"
import type { TaskStorageOptions } from "../../src/domain/options/TaskStorageOptions.ts"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import { TaskStorage } from "../../src/domain/TaskStorage.ts"
import { backends } from "../admin/backends.ts"

const success = { _tag: "Success", value: null } as const

const waits = { lease: 0 }
/** Whoever has it is gone. */
const abandoned = { lease: 1 }

type Limits = Pick<TaskStorageOptions, "maxActive" | "maxActivePerSession" | "whenMaxActive">

/** Tasks as they are stored under the first limits; under the others all of them end, and one more. */
const changes: ReadonlyArray<
  readonly [name: string, before: Limits, after: Limits, tasks: ReadonlyArray<Partial<CreateTask>>]
> = [
  ["refused ones wait from now on", { maxActive: 3 }, { maxActive: 3, whenMaxActive: "wait" }, [waits, waits, waits]],
  [
    "refused ones wait from now on, and their processes are gone",
    { maxActive: 2 },
    { maxActive: 2, whenMaxActive: "wait" },
    [abandoned, abandoned]
  ],
  ["a lower limit of sessions", { maxActivePerSession: 3 }, { maxActivePerSession: 1, whenMaxActive: "wait" }, [
    abandoned,
    abandoned,
    waits
  ]],
  ["a lower limit", { maxActive: 3, whenMaxActive: "wait" }, { maxActive: 1, whenMaxActive: "wait" }, [
    abandoned,
    abandoned,
    abandoned,
    waits
  ]],
  ["a first limit", {}, { maxActive: 1, whenMaxActive: "wait" }, [abandoned, waits, abandoned]],
  ["a limit of sessions", { maxActive: 2, whenMaxActive: "wait" }, { maxActivePerSession: 1, whenMaxActive: "wait" }, [
    abandoned,
    abandoned,
    waits
  ]],
  ["waiting ones are refused from now on", { maxActive: 2, whenMaxActive: "wait" }, { maxActive: 2 }, [
    abandoned,
    abandoned,
    waits
  ]]
]

/** Claims and ends tasks until there are no more, and gives the most that were claimed by one look. */
const drain = Effect.fnUntraced(function*(storage: TaskStorageShape) {
  const ended: Array<string> = []
  for (let look = 0; look < 20; look++) {
    for (const { record } of yield* storage.claimTasks({ lease: "1 hour" })) {
      yield* storage.settleTask(record.taskId, success, { attempt: record.attempt })
      ended.push(record.taskId)
    }
  }
  return ended
})

for (const backend of backends) {
  backend.describe(`tasks under changed limits, ${backend.name}`, () => {
    for (const isMended of [false, true]) {
      it.live.each(changes)(
        `end: %s${isMended ? ", with doctor" : ""}`,
        ([, before, after, tasks]) =>
          Effect.gen(function*() {
            const { openDriver } = yield* backend.freshStore
            const open = (limits: Limits) =>
              Effect.flatMap(
                openDriver({}),
                (driver) => TaskStorage.fromDriver(driver, { maintenance: false, ...limits })
              )
            const earlier = yield* open(before)
            const create = (storage: TaskStorageShape, taskId: string, fields: Partial<CreateTask>) =>
              storage.createTask({ originalMethod: "tools/call", sessionId: "s", ...fields, taskId })
            for (const [index, fields] of tasks.entries()) yield* create(earlier, `task ${index}`, fields)
            yield* Effect.sleep(10)
            const later = yield* open(after)
            if (isMended) yield* later.inspectStore({ deep: true, fix: true })
            if (after.whenMaxActive === "wait") yield* create(later, "one more", waits)
            if (isMended) yield* later.inspectStore({ deep: true, fix: true })
            const ended = yield* drain(later)
            expect(ended.toSorted()).toEqual([
              ...(after.whenMaxActive === "wait" ? ["one more"] : []),
              ...tasks.map((_, index) => `task ${index}`)
            ])
            const { findings } = yield* later.inspectStore({ deep: true })
            expect(findings.filter(({ code }) => code === "counters")).toEqual([])
            const { record } = yield* Effect.andThen(
              create(later, "last", waits),
              later.claimTask("last", { lease: 1 })
            )
            expect(record.attempt).toBe(1)
          })
      )
    }
  })
}
