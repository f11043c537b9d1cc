/**
 * A guarded write as parts of a statement, from which each engine makes its own.
 *
 * @since 0.1.0
 */
import * as Struct from "effect/Struct"
import type { PatchAnswer } from "../../domain/driver/TaskDriver.ts"
import type { PatchField, PlainPatchField, TaskGuard, TaskPatch } from "../../domain/driver/TaskWrite.ts"
import { contentFields, jsonFields } from "../../domain/task/StoredTask.ts"
import { taskStatuses } from "../../domain/task/TaskStatus.ts"
import { bytesOf, notHeldSince, statusIn, waitsForNothing } from "./SqlStatement.ts"
import { columnList, columns, readyWith, summaryColumnList, writeValue } from "./TaskTables.ts"

/** What a patch may write besides JSON. */
const plainFields = Struct.keys(
  {
    status: true,
    lastUpdatedAt: true,
    ttl: true,
    pollInterval: true,
    resultKind: true,
    attempt: true,
    leaseExpiresAt: true,
    dueAt: true,
    worker: true,
    startedAt: true
  } satisfies { readonly [Field in PlainPatchField]: true }
)

const patchFields: ReadonlyArray<PatchField> = [...plainFields, ...jsonFields]

/**
 * The clauses of a patch, whose texts are the same for every patch of one `key`.
 *
 * @since 0.1.0
 * @category models
 */
export interface PatchClauses {
  readonly key: number
  /** The fields whose values `assigned` begins with; behind them are integers. */
  readonly fields: () => ReadonlyArray<PatchField>
  /** What is set in the table, whose name goes before the columns that are read. */
  readonly assignments: (table: string) => string
  readonly assigned: ReadonlyArray<string | number | null>
  readonly condition: () => string
  readonly compared: ReadonlyArray<string | number>
  /**
   * The whole row, with null for the JSON that the patch wrote: the caller has it. For a summary, with null for all that is
   * no part of one.
   */
  readonly returned: () => string
}

/**
 * Makes the clauses of a patch.
 *
 * @since 0.1.0
 * @category constructors
 */
export const patchClauses = (guard: TaskGuard, patch: TaskPatch, answer: PatchAnswer): PatchClauses => {
  const { expiry } = patch
  const assigned: Array<string | number | null> = []
  let written = expiry === undefined ? 0 : 1
  let bit = 1
  for (const field of patchFields) {
    bit *= 2
    const value = patch[field]
    if (value === undefined) continue
    written += bit
    assigned.push(writeValue(value))
  }
  if (patch.leaseExpiresAt !== undefined) assigned.push(readyWith(patch.leaseExpiresAt))
  if (expiry !== undefined) assigned.push(expiry.at, expiry.at - expiry.maxTtl, expiry.maxTtl, expiry.at)
  const isWritten = (field: PatchField): boolean => patch[field] !== undefined
  return {
    // More bits than bitwise operators take.
    key: (guardKey(guard) * 2 ** (patchFields.length + 1) + written) * 2 + (answer === "summary" ? 1 : 0),
    fields: () => patchFields.filter(isWritten),
    assignments: (table) =>
      [
        ...patchFields.filter(isWritten).map((field) => `${columns[field]} = ?`),
        ...(patch.leaseExpiresAt === undefined ? [] : ["ready = ?"]),
        ...(expiry === undefined ? [] : [`${columns.ttl} = ${ttlUntil(`${table}.${columns.createdAt}`)}`]),
        `revision = ${table}.revision + 1`
      ].join(", "),
    assigned,
    condition: () => guardCondition(guard, contentFields.filter((field) => !isWritten(field))),
    compared: guardParams(guard, patch),
    returned: () => {
      // The method is read, so that no column is read as null which cannot be that.
      const gone = jsonFields.filter((field) => field !== "originalMethod" && isWritten(field))
        .map((field): string => columns[field])
      const isGone = (column: string): boolean =>
        gone.includes(column) || (answer === "summary" && !summaryColumnList.includes(column))
      return columnList.map((column) => isGone(column) ? `NULL AS ${column}` : column).join(", ")
    }
  }
}

/** The ttl that `applyPatch` gives, of a time, of that time less the longest ttl, of the longest ttl, and of the time again. */
const ttlUntil = (createdAt: string): string =>
  `CASE WHEN ${createdAt} >= ? THEN 1 WHEN ${createdAt} <= ? THEN ? ELSE ? - ${createdAt} END`

/** Everything of a guard that its text depends on, in bits. */
const guardKey = (guard: TaskGuard): number => {
  let key = 0
  if (guard.statuses !== undefined) {
    key |= 1
    for (const status of guard.statuses) key |= 2 << taskStatuses.indexOf(status)
  }
  if (guard.result !== undefined) key |= guard.result === "absent" ? 64 : 128
  if (guard.unchanged !== undefined) key |= 256
  if (guard.updatedBefore !== undefined) key |= 512
  if (guard.contentAtMost !== undefined) key |= 1024
  if (guard.attempt !== undefined) key |= 2048
  if (guard.leaseExpiredBy !== undefined) key |= 4096
  if (guard.freeSince !== undefined) key |= 8192
  return key
}

const guardCondition = (guard: TaskGuard, kept: ReadonlyArray<(typeof contentFields)[number]>): string =>
  [
    ...(guard.statuses === undefined ? [] : [statusIn(guard.statuses)]),
    ...(guard.result === undefined ? [] : [`result IS ${guard.result === "absent" ? "" : "NOT "}NULL`]),
    ...(guard.unchanged === undefined ? [] : ["revision = ? AND incarnation = ?"]),
    ...(guard.updatedBefore === undefined ? [] : ["last_updated_at < ?"]),
    ...(guard.attempt === undefined ? [] : ["attempt = ?"]),
    ...(guard.leaseExpiredBy === undefined
      ? []
      : [`lease_expires_at <= ? AND ${waitsForNothing}`]),
    ...(guard.freeSince === undefined ? [] : [notHeldSince]),
    ...(guard.contentAtMost === undefined ? [] : [`${bytesOf(kept.map((field) => columns[field]))} <= ?`])
  ].join(" AND ") || "1 = 1"

const guardParams = (guard: TaskGuard, patch: TaskPatch): ReadonlyArray<string | number> => {
  const params: Array<string | number> = []
  if (guard.unchanged !== undefined) params.push(guard.unchanged.revision, guard.unchanged.incarnation)
  if (guard.updatedBefore !== undefined) params.push(guard.updatedBefore)
  if (guard.attempt !== undefined) params.push(guard.attempt)
  if (guard.leaseExpiredBy !== undefined) params.push(guard.leaseExpiredBy)
  if (guard.freeSince !== undefined) params.push(guard.freeSince)
  if (guard.contentAtMost !== undefined) {
    let bytes = 0
    for (const field of contentFields) bytes += patch[field]?.bytes ?? 0
    params.push(guard.contentAtMost - bytes)
  }
  return params
}
