/**
 * Taking over tasks that another storage has kept.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { allOf } from "../effects/allOf.ts"
import type { HoldPatch } from "../machine/TaskHold.ts"
import { orAbsent, parseCount, parseId, parseNatural, parseStatus, parseTime } from "../options/ArgumentParsers.ts"
import type { CreateTask } from "../options/TaskOptions.ts"
import type { ResolvedOptions } from "../options/TaskStorageOptions.ts"
import type { EveryField } from "../task/EveryField.ts"
import { heldByWorker, type StoredTask } from "../task/StoredTask.ts"
import { InvalidInput, type PayloadTooLarge } from "../task/TaskError.ts"
import type { TaskRecordFields } from "../task/TaskRecord.ts"
import { isTerminal, type TaskStatus } from "../task/TaskStatus.ts"
import { draftTask } from "./TaskDraft.ts"

/** What a new task cannot be given. The kind of its outcome follows from the outcome. */
type TakenOver = Exclude<keyof TaskRecordFields, Exclude<keyof CreateTask, "worker"> | "resultKind">

/**
 * Parses a whole task of another storage into a row. Nobody holds it then, so that somebody may claim it.
 *
 * @since 0.2.0
 * @category parsers
 */
export const draftImport = (
  record: TaskRecordFields,
  incarnation: string,
  options: ResolvedOptions
): Result.Result<StoredTask, InvalidInput | PayloadTooLarge> => {
  const { attempt, leaseExpiresAt, rerunAs, rerunOf, resultKind: _, revision, startedAt, worker, ...created } = record
  void ({ attempt, leaseExpiresAt, rerunAs, rerunOf, revision, startedAt, worker } satisfies EveryField<TakenOver>)
  return Result.flatMap(
    allOf([
      parseId("taskId", created.taskId),
      orAbsent(created.sessionId, (value) => parseId("sessionId", value)),
      parseStatus("status", created.status),
      parseTime("createdAt", created.createdAt),
      parseTime("lastUpdatedAt", created.lastUpdatedAt),
      parseCount("revision", revision),
      orAbsent(attempt, (value) => parseNatural("attempt", value)),
      orAbsent(worker, (value) => parseId("worker", value)),
      orAbsent(startedAt, (value) => parseTime("startedAt", value)),
      orAbsent(leaseExpiresAt, parseLease),
      orAbsent(rerunOf, (value) => parseId("rerunOf", value)),
      orAbsent(rerunAs, (value) => parseId("rerunAs", value))
    ]),
    (
      [
        taskId,
        sessionId,
        status,
        createdAt,
        lastUpdatedAt,
        revision,
        attempt,
        worker,
        startedAt,
        lease,
        rerunOf,
        rerunAs
      ]
    ) => {
      // A task that is taken over stays as it is, also where this storage would have given it another ttl.
      const asItIs = { ...options, defaultTtl: null, maxTtl: null, defaultPollInterval: null }
      const draft = draftTask({ ...created, status }, { taskId, sessionId, incarnation }, createdAt, asItIs, true)
      return Result.map(draft, (row): StoredTask => ({
        ...row,
        ...holdOf(row.status, lease, worker, startedAt, lastUpdatedAt),
        revision,
        attempt: attempt ?? 0,
        rerunOf,
        rerunAs
      }))
    }
  )
}

/** A time at which no registered worker holds it. */
const parseLease = (value: unknown): Result.Result<number, InvalidInput> =>
  Result.flatMap(parseTime("leaseExpiresAt", value), (millis) =>
    millis >= 0 && millis < heldByWorker
      ? Result.succeed(millis)
      : Result.fail(
        new InvalidInput({ field: "leaseExpiresAt", reason: "must not be before 1970, or the last moment" })
      ))

/** A record shows no lease where a registered worker has the task. That worker is lost to it. */
const holdOf = (
  status: TaskStatus,
  lease: number | null,
  worker: string | null,
  startedAt: number | null,
  lastUpdatedAt: number
): Required<HoldPatch> => {
  if (isTerminal(status)) return { leaseExpiresAt: null, dueAt: null, worker, startedAt }
  if (lease === null) {
    const leaseExpiresAt = worker === null ? null : Math.max(1, startedAt ?? lastUpdatedAt)
    return { leaseExpiresAt, dueAt: null, worker, startedAt }
  }
  // Nobody has begun what waits on purpose.
  return { leaseExpiresAt: lease, dueAt: lease > 0 && startedAt === null ? lease : null, worker, startedAt }
}

/** What each storage has of its own: who may claim a task changes there without being news. */
const ownFields: ReadonlyArray<keyof StoredTask> = ["incarnation", "leaseExpiresAt", "dueAt", "inputKeys"]

/**
 * Gives the fields in which a stored task differs from one that is to be taken over, by their names in a record.
 *
 * @since 0.2.0
 * @category accessors
 */
export const differingFields = (taken: StoredTask, stored: StoredTask): ReadonlyArray<string> => {
  const fields = Struct.keys(taken).filter((field) =>
    !ownFields.includes(field) && textOf(taken[field]) !== textOf(stored[field])
  )
  return [...new Set(fields.map((field) => field === "failureStack" ? "failure" : field))]
}

const textOf = (value: StoredTask[keyof StoredTask]): string | number | null =>
  typeof value === "object" && value !== null ? value.text : value
