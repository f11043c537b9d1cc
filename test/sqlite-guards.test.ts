/** That a guard in SQL permits what it permits in plain code, and that a patch leaves the same row. */
import { expect, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { contentBytes, type StoredTask } from "../src/domain/StoredTask.ts"
import { ResultKind } from "../src/domain/TaskOutcome.ts"
import { TaskStatus } from "../src/domain/TaskStatus.ts"
import { applyPatch, isVisible, permits, type TaskGuard, type TaskPatch } from "../src/domain/TaskWrite.ts"
import { makeDriver } from "../src/layers/SqliteTaskStorage.ts"
import { unlimited } from "./sqlite/database.ts"
import { storedTask, text } from "./storedTask.ts"

const optional = <S extends Schema.Top>(schema: S) => Schema.optionalKey(schema)

const rows = Arbitrary.map(
  Arbitrary.schema(Schema.Struct({
    sessionId: Schema.NullOr(Schema.Literals(["s", "other"])),
    status: TaskStatus,
    lastUpdatedAt: Schema.Literals([8, 9, 10]),
    ttl: Schema.NullOr(Schema.Literals([9, 10, 11])),
    revision: Schema.Literals([1, 2]),
    incarnation: Schema.Literals(["first", "second"]),
    resultKind: Schema.NullOr(ResultKind),
    message: Schema.NullOr(Schema.Literals(["", "some", "longer text"]))
  })),
  ({ message, ...fields }): StoredTask =>
    storedTask("t", {
      ...fields,
      createdAt: 0,
      result: fields.resultKind === null ? null : text("result"),
      statusMessage: message === null ? null : text(message)
    })
)

const scopes = Schema.Struct({
  now: Schema.Literals([9, 10]),
  session: Schema.UndefinedOr(Schema.NullOr(Schema.Literals(["s", "other"])))
})

const guards: Arbitrary.Arbitrary<TaskGuard> = Arbitrary.map(
  Arbitrary.schema(Schema.Struct({
    statuses: optional(Schema.Array(TaskStatus).check(Schema.isMaxLength(3))),
    unchanged: optional(Schema.Struct({
      revision: Schema.Literals([1, 2]),
      incarnation: Schema.Literals(["first", "second"])
    })),
    result: optional(Schema.Literals(["absent", "present"])),
    updatedBefore: optional(Schema.Literals([8, 9, 10])),
    room: optional(Schema.Literals([0, 5, 7, 14]))
  })),
  ({ room, ...guard }) => room === undefined ? guard : { ...guard, contentAtMost: contentBytes(storedTask("t")) + room }
)

const patches = Arbitrary.map(
  Arbitrary.schema(Schema.Struct({
    status: optional(TaskStatus),
    ttl: optional(Schema.NullOr(Schema.Literals([20]))),
    message: optional(Schema.NullOr(Schema.Literals(["", "some", "longer text"])))
  })),
  ({ message, ...patch }): TaskPatch => ({
    ...patch,
    lastUpdatedAt: 9,
    ...(message === undefined ? {} : { statusMessage: message === null ? null : text(message) })
  })
)

const plain = (value: unknown) => JSON.stringify(value, (_, part) => part?.text ?? part)

it.effect("guards and patches mean the same in SQL and in plain code", () =>
  Effect.gen(function*() {
    const driver = yield* makeDriver({ filename: ":memory:" })
    const result = yield* Arbitrary.checkEffect(
      Arbitrary.all({ row: rows, scope: Arbitrary.schema(scopes), guard: guards, patch: patches }),
      ({ guard, patch, row, scope }) =>
        Effect.gen(function*() {
          yield* driver.removeExpired(Number.MAX_SAFE_INTEGER, 1)
          yield* driver.remove("t", { now: -1, session: undefined })
          yield* driver.insert(row, unlimited, 0)
          const task = row
          const expected = !isVisible(task, scope)
            ? { _tag: "Missing" }
            : permits(guard, task, patch)
            ? { _tag: "Patched", task: applyPatch(task, patch) }
            : { _tag: "Rejected", task }
          const actual = yield* driver.patch("t", scope, guard, patch)
          const byField = (result: object) =>
            "task" in result && typeof result.task === "object"
              ? plain(Object.entries({ ...result.task }).sort(([left], [right]) => left < right ? -1 : 1))
              : ""
          return actual._tag === expected._tag && byField(actual) === byField(expected)
        }),
      { runs: 3000 }
    )
    expect(Arbitrary.formatCheckFailure(result)).toBeUndefined()
  }))
