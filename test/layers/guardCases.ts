/** Random guards, patches and rows, which a driver must treat as plain code does. */
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { TaskBounds, TaskDriver } from "../../src/domain/driver/TaskDriver.ts"
import { applyPatch, isVisible, permits, type TaskGuard, type TaskPatch } from "../../src/domain/driver/TaskWrite.ts"
import { contentBytes, type StoredSummary, type StoredTask } from "../../src/domain/task/StoredTask.ts"
import { ResultKind } from "../../src/domain/task/TaskOutcome.ts"
import { TaskStatus } from "../../src/domain/task/TaskStatus.ts"
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
    attempt: Schema.Literals([0, 1, 2]),
    leaseExpiresAt: Schema.NullOr(Schema.Literals([0, 8, 9, 10])),
    resultKind: Schema.NullOr(ResultKind),
    message: Schema.NullOr(Schema.Literals(["", "some", "longer text"])),
    steps: Schema.NullOr(Schema.Literals(["", "some"]))
  })),
  ({ message, steps, ...fields }): Partial<StoredTask> => ({
    ...fields,
    createdAt: 0,
    result: fields.resultKind === null ? null : text("result"),
    statusMessage: message === null ? null : text(message),
    steps: steps === null ? null : text(steps)
  })
)

const scopes = Schema.Struct({
  now: Schema.Literals([9, 10]),
  session: Schema.UndefinedOr(Schema.NullOr(Schema.Literals(["s", "other"])))
})

const guards = Schema.Struct({
  statuses: optional(Schema.Array(TaskStatus).check(Schema.isMaxLength(3))),
  unchanged: optional(Schema.Struct({
    revision: Schema.Literals([1, 2]),
    incarnation: Schema.Literals(["first", "second"])
  })),
  result: optional(Schema.Literals(["absent", "present"])),
  updatedBefore: optional(Schema.Literals([8, 9, 10])),
  attempt: optional(Schema.Literals([0, 1, 2])),
  leaseExpiredBy: optional(Schema.Literals([8, 9, 10])),
  freeSince: optional(Schema.Literals([8, 9, 10])),
  room: optional(Schema.Literals([0, 5, 7, 14]))
})

const patches = Arbitrary.map(
  Arbitrary.schema(Schema.Struct({
    status: optional(TaskStatus),
    ttl: optional(Schema.NullOr(Schema.Literals([20]))),
    attempt: optional(Schema.Literals([3])),
    leaseExpiresAt: optional(Schema.NullOr(Schema.Literals([0, 30]))),
    message: optional(Schema.NullOr(Schema.Literals(["", "some", "longer text"]))),
    lastUpdatedAt: optional(Schema.Literals([9, 11])),
    expiry: optional(
      Schema.Struct({ at: Schema.Literals([1, 20, 30]), maxTtl: Schema.Literals([10, 25, 2 ** 53 - 1]) })
    ),
    name: optional(Schema.NullOr(Schema.Literals(["", "some"]))),
    failure: optional(Schema.NullOr(Schema.Literals(["", "some"]))),
    principal: optional(Schema.NullOr(Schema.Literals(["", "some"]))),
    steps: optional(Schema.NullOr(Schema.Literals(["", "some"])))
  })),
  ({ failure, message, name, principal, steps, ttl, ...patch }): TaskPatch => ({
    ...patch,
    // Of the two only one is written.
    ...(ttl === undefined || patch.expiry !== undefined ? {} : { ttl }),
    ...(name === undefined ? {} : { name: name === null ? null : text(name) }),
    ...(failure === undefined ? {} : { failure: failure === null ? null : text(failure) }),
    ...(message === undefined ? {} : { statusMessage: message === null ? null : text(message) }),
    ...(principal === undefined ? {} : { principal: principal === null ? null : text(principal) }),
    ...(steps === undefined ? {} : { steps: steps === null ? null : text(steps) })
  })
)

const plain = (value: unknown) => JSON.stringify(value, (_, part) => part?.text ?? part)

const byField = (result: object, isBrief: boolean) =>
  "task" in result && typeof result.task === "object"
    ? plain(
      Object.entries({ ...result.task })
        .filter(([field]) => !isBrief || !largeFields.includes(field))
        .sort(([left], [right]) => left < right ? -1 : 1)
    )
    : ""

/**
 * Writes a task whose summary is all that the caller wants, and gives which of its payloads were read. All of them are there.
 */
export const readForSummary = Effect.fnUntraced(function*(driver: TaskDriver) {
  const payload = text("payload")
  const payloads = Object.fromEntries(largeFields.map((field) => [field, payload]))
  yield* driver.insert(storedTask("brief", payloads), unlimited, 0)
  const change = { lastUpdatedAt: 2000, statusMessage: text("here") }
  const result = yield* driver.patch("brief", { now: 0, session: undefined }, {}, change, "summary")
  return result._tag === "Patched" ? largeFields.filter((field) => Reflect.get(result.task, field) !== null) : ["none"]
})

/** What is no part of a summary. */
const largeFields: ReadonlyArray<string> = [
  "originalParams",
  "inputRequests",
  "inputResponses",
  "requestState",
  "inputKeys",
  "principal",
  "steps",
  "failureStack",
  "result"
] satisfies ReadonlyArray<Exclude<keyof StoredTask, keyof StoredSummary>>

const unlimited: TaskBounds = { maxTasks: null, maxTasksPerSession: null }

/**
 * Gives what is wrong with the guards and patches of a driver; `undefined` when nothing is. Every row has the fields
 * besides its random ones, and is created within the bounds.
 */
export const wrongGuards = Effect.fnUntraced(function*(
  driver: TaskDriver,
  options: { readonly runs: number; readonly fields?: Partial<StoredTask>; readonly bounds?: TaskBounds }
) {
  const { bounds = unlimited, fields = {}, runs } = options
  let count = 0
  const result = yield* Arbitrary.checkEffect(
    Arbitrary.all({
      row: rows,
      scope: Arbitrary.schema(scopes),
      guard: Arbitrary.schema(guards),
      patch: patches,
      answer: Arbitrary.schema(Schema.Literals(["task", "summary"]))
    }),
    ({ answer, guard: { room, ...others }, patch, row, scope }) =>
      Effect.gen(function*() {
        const task = storedTask(`t${count++}`, { ...fields, ...row })
        const guard: TaskGuard = room === undefined
          ? others
          : { ...others, contentAtMost: contentBytes(storedTask("t", fields)) + room }
        yield* driver.insert(task, bounds, 0)
        const expected = !isVisible(task, scope)
          ? { _tag: "Missing" }
          : permits(guard, task, patch)
          ? { _tag: "Patched", task: applyPatch(task, patch) }
          : { _tag: "Rejected", task }
        const actual = yield* driver.patch(task.taskId, scope, guard, patch, answer)
        const isBrief = answer === "summary" && expected._tag === "Patched"
        return actual._tag === expected._tag && byField(actual, isBrief) === byField(expected, isBrief)
      }),
    { runs }
  )
  return Arbitrary.formatCheckFailure(result)
})
