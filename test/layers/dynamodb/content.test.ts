/** That the content of a task is measured as in plain code, whatever was written of it before. */
import { expect, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { applyPatch, type TaskPatch } from "../../../src/domain/driver/TaskWrite.ts"
import { contentBytes, type StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { storedTask, text } from "../storedTask.ts"
import { describeWithEngine, freshTable } from "./engine.ts"
import { anyone, driverOn, unlimited } from "./storages.ts"

const written = Schema.optionalKey(Schema.NullOr(Schema.Literals(["", "twelve bytes", "x".repeat(40)])))

const writes = Schema.Array(Schema.Struct({
  isWhole: Schema.Boolean,
  fields: Schema.Struct({
    statusMessage: written,
    requestState: written,
    inputResponses: written,
    principal: written,
    steps: written
  })
})).check(Schema.isMinLength(3), Schema.isMaxLength(8))

/** What a full replacement writes in any case. */
const others = {
  originalMethod: text("m"),
  statusMessage: null,
  meta: null,
  originalParams: null,
  inputRequests: null,
  inputResponses: null,
  requestState: null,
  principal: null,
  steps: null
}

describeWithEngine("the content", () => {
  it.live("is measured to the byte after any number of writes", () =>
    Effect.gen(function*() {
      const driver = yield* driverOn(yield* freshTable)
      let count = 0
      const result = yield* Arbitrary.checkEffect(
        Arbitrary.schema(writes),
        (writes) =>
          Effect.gen(function*() {
            let task: StoredTask = storedTask(`t${count++}`, { createdAt: 0 })
            yield* driver.insert(task, unlimited, 0)
            /** Writes a message of three bytes where that is as much as the limit leaves, or a byte more. */
            const isMeasured = Effect.fnUntraced(function*(isRoom: boolean) {
              const bytes = contentBytes({ ...task, statusMessage: null }) + 3
              const guard = { contentAtMost: isRoom ? bytes : bytes - 1 }
              const answer = yield* driver.patch(task.taskId, anyone(0), guard, {
                lastUpdatedAt: 1,
                statusMessage: text("x")
              })
              return answer._tag === (isRoom ? "Patched" : "Rejected")
            })
            for (const { fields, isWhole } of writes) {
              const texts = Object.entries(fields).map(([name, value]) => [name, value === null ? null : text(value)])
              const patch: TaskPatch = { lastUpdatedAt: 1, ...(isWhole ? others : {}), ...Object.fromEntries(texts) }
              task = applyPatch(task, patch)
              yield* driver.patch(task.taskId, anyone(0), {}, patch)
              // What is refused leaves the item as it is, with all that was counted wrongly.
              if (!(yield* isMeasured(false))) return false
            }
            return yield* isMeasured(true)
          }),
        { runs: 60 }
      )
      expect(Arbitrary.formatCheckFailure(result)).toBeUndefined()
    }), 120_000)
})
