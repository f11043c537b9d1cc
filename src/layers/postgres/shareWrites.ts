/**
 * Writes of several callers in one statement. Each stands or falls alone.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import type { InsertResult, PatchResult, TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { isNewsForWorker, type TaskPatch } from "../../domain/driver/TaskWrite.ts"
import type { StoredTask } from "../../domain/task/StoredTask.ts"
import { type PatchClauses, patchClauses } from "../sql/patchClauses.ts"
import { type SqlRunner, unreadable } from "../sql/SqlRunner.ts"
import { scoped } from "../sql/SqlStatement.ts"
import { readIds } from "../sql/SqlWrites.ts"
import { columns, insertColumns, readText, type Row, type TaskTables, writeTask } from "../sql/TaskTables.ts"
import { isUnlimited, patchText, readDecided } from "./PostgresWrites.ts"
import type { JoinOthers, SharableWrite, SharedAnswers, ShareStatements } from "./SharedStatements.ts"

type Writes = Pick<TaskDriver, "insert" | "patch">

type Value = string | number | null

type ArrayType = "bigint[]" | "text[]"

interface Insert extends SharableWrite {
  readonly values: ReadonlyArray<Value>
}

interface Patch extends Insert {
  readonly change: TaskPatch
}

/** What an insert waits for a lock, in milliseconds: for somebody whose task of the same id is not committed. */
const lockTimeout = 100

/**
 * Lets writes share statements. An insert within limits does not, because it locks the count of all tasks.
 *
 * @since 0.2.0
 * @category combinators
 */
export const shareWrites = (
  alone: Writes,
  tables: TaskTables,
  runner: SqlRunner,
  { aloneOr, makeKind }: ShareStatements
): Writes => {
  const joinInserts = makeKind(makeInserts(tables, runner))
  const kindsOfPatches = new Map<number, JoinOthers<Patch, PatchResult>>()
  return {
    insert: (task, bounds, now) => {
      const insertAlone = () => alone.insert(task, bounds, now)
      return isUnlimited(bounds)
        ? aloneOr(insertAlone, () => {
          const values = writeTask(task)
          return joinInserts({ taskId: task.taskId, bytes: sizeOf(values), values }, insertAlone)
        })
        : insertAlone()
    },
    patch: (taskId, scope, guard, change, answer = "task") => {
      const patchAlone = () => alone.patch(taskId, scope, guard, change, answer)
      return guard.seats !== undefined ? patchAlone() : aloneOr(patchAlone, () => {
        const clauses = patchClauses(guard, change, answer)
        const visible = scoped(scope)
        const key = clauses.key * 3 + visible.key
        let joinPatches = kindsOfPatches.get(key)
        if (joinPatches === undefined) {
          joinPatches = makeKind(makePatches(tables, runner, clauses, isNewsForWorker(guard, change), visible))
          kindsOfPatches.set(key, joinPatches)
        }
        const values = [taskId, ...clauses.compared, ...visible.params, ...clauses.assigned]
        return joinPatches({ taskId, bytes: sizeOf(values), values, change }, patchAlone)
      })
    }
  }
}

/** A task of the same id is left to who writes alone: it may be expired, or not be committed. */
const makeInserts = (tables: TaskTables, runner: SqlRunner) => {
  const list = insertColumns.join(", ")
  const text =
    `WITH added AS (INSERT INTO ${tables.tasks} (${list}) SELECT ${list} FROM ${arrays(insertTypes, insertColumns)} ` +
    "ON CONFLICT DO NOTHING RETURNING task_id) " +
    "SELECT task_id FROM added WHERE (SELECT set_config('lock_timeout', ?, true)) IS NOT NULL"
  const inserted = Effect.succeed<InsertResult>({ _tag: "Inserted" })
  return (writes: ReadonlyArray<Insert>): Effect.Effect<SharedAnswers<InsertResult>, TaskDriverError> => {
    // In one order, so that no two statements wait for each other.
    const sorted = writes.toSorted((left, right) => left.taskId < right.taskId ? -1 : 1)
    return runner.write(
      { text, params: [...toArrays(sorted, insertTypes), lockTimeout] },
      (rows) => new Map(readIds(rows).map((taskId) => [taskId, inserted]))
    )
  }
}

/** A task that somebody has locked is left to who writes alone, and so is one that is not there. */
const makePatches = (
  tables: TaskTables,
  runner: SqlRunner,
  clauses: PatchClauses,
  isNews: boolean,
  { condition, params }: ReturnType<typeof scoped>
) => {
  const fields = clauses.fields()
  const types: ReadonlyArray<ArrayType> = [
    "text[]",
    ...[...clauses.compared, ...params].map((value): ArrayType => typeof value === "number" ? "bigint[]" : "text[]"),
    ...clauses.assigned.map((_, index): ArrayType => {
      const field = fields[index]
      return field === undefined ? "bigint[]" : typeOf(field)
    })
  ]
  const names = types.map((_, index) => `v${index}`)
  let next = 1
  const filled = (clause: string, from: string) => clause.replaceAll("?", () => `${from}.v${next++}`)
  const permitted = filled(clauses.condition(), "input")
  const visible = filled(condition, "input")
  const text = patchText(tables, {
    old: `SELECT stored.*, input.*, (${permitted}) AS permitted FROM ${arrays(types, names)} ` +
      `JOIN ${tables.tasks} AS stored ON stored.task_id = input.v0 WHERE ${visible} ` +
      "FOR NO KEY UPDATE OF stored SKIP LOCKED",
    assignments: filled(clauses.assignments("task"), "old"),
    returned: clauses.returned(),
    isNews
  })
  return (writes: ReadonlyArray<Patch>): Effect.Effect<SharedAnswers<PatchResult>, TaskDriverError> => {
    const changes = new Map(writes.map(({ change, taskId }) => [taskId, change]))
    return runner.write({ text, params: toArrays(writes, types) }, (rows) => readAnswers(rows, changes))
  }
}

/** A row that somebody else has damaged is the failure of one. */
const readAnswers = (
  rows: ReadonlyArray<Row>,
  changes: ReadonlyMap<string, TaskPatch>
): SharedAnswers<PatchResult> => {
  const answers = new Map<string, Effect.Effect<PatchResult, TaskDriverError>>()
  for (const row of rows) {
    const taskId = readText(row[0])
    const change = changes.get(taskId)
    if (change === undefined) continue
    try {
      answers.set(taskId, Effect.succeed(readDecided(row, change)))
    } catch (cause) {
      answers.set(taskId, Effect.fail(unreadable(cause, true)))
    }
  }
  return answers
}

/** Whose values are integers. */
const integers = {
  createdAt: true,
  lastUpdatedAt: true,
  ttl: true,
  pollInterval: true,
  revision: true,
  attempt: true,
  leaseExpiresAt: true,
  dueAt: true,
  startedAt: true
} as const satisfies {
  readonly [Field in keyof StoredTask as number extends StoredTask[Field] ? Field : never]: true
}

const typeOf = (field: keyof StoredTask): ArrayType => Object.hasOwn(integers, field) ? "bigint[]" : "text[]"

/** Behind the fields there is the integer `ready`. */
const fieldTypes = Struct.keys(columns).map(typeOf)

const insertTypes = insertColumns.map((_, index): ArrayType => fieldTypes[index] ?? "bigint[]")

/** Rows of the values that the parameters list, one for each column. */
const arrays = (types: ReadonlyArray<ArrayType>, names: ReadonlyArray<string>): string =>
  `unnest(${types.map((type) => `?::${type}`).join(", ")}) AS input (${names.join(", ")})`

const toArrays = (writes: ReadonlyArray<Insert>, types: ReadonlyArray<ArrayType>): Array<Value> =>
  types.map((_, index) => toArray(writes.map(({ values }) => values[index] ?? null)))

/** An array in which nothing is set need not be there: `unnest` fills it up. */
const toArray = (values: ReadonlyArray<Value>): string | null =>
  values.every((value) => value === null)
    ? null
    : `{${values.map((value) => typeof value === "string" ? quoted(value) : value ?? "NULL").join(",")}}`

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`

const sizeOf = (values: ReadonlyArray<Value>): number => {
  let size = 0
  for (const value of values) if (typeof value === "string") size += value.length
  return size
}
