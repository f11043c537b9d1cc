/**
 * A driver whose payloads are sealed before they reach the engine.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { DriverPage, PatchResult, TakenTask, TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { TaskPatch, TaskScope } from "../../domain/driver/TaskWrite.ts"
import { isOver } from "../../domain/effects/isOver.ts"
import { thenAtOnce } from "../../domain/effects/thenAtOnce.ts"
import { StoredJson } from "../../domain/json/StoredJson.ts"
import {
  type JsonField,
  type SealedField,
  sealedFields,
  type StoredSummary,
  type StoredTask,
  type SummaryJsonField
} from "../../domain/task/StoredTask.ts"
import { driverOf } from "./driverOf.ts"
import { failed, type KeyFault } from "./KeyRing.ts"
import { openInspector } from "./openInspector.ts"
import { passKinds } from "./passKinds.ts"
import { passWorkers } from "./passWorkers.ts"
import { resealPage } from "./resealPage.ts"
import type { Known, Payloads, Sealing } from "./Sealing.ts"
import { sealMessages } from "./sealMessages.ts"
import { SessionsOfTasks } from "./SessionsOfTasks.ts"

/**
 * Wraps a driver so that the payloads of tasks and messages are sealed where it stores them.
 *
 * @since 0.2.0
 * @category combinators
 */
export const sealDriver = (driver: TaskDriver, sealing: Sealing): TaskDriver => {
  const { isPerSession, payloadBytes } = sealing
  const sessions = new SessionsOfTasks(driver)
  const warn = makeWarning()

  /** Where the keys differ by session, a write to a task has to know whose it is. */
  const sessionOf = (taskId: string, scope: TaskScope): Effect.Effect<string | null | undefined, TaskDriverError> =>
    scope.session !== undefined
      ? Effect.succeed(scope.session)
      : isPerSession
      ? sessions.find(taskId, scope.now)
      : Effect.succeed(null)

  const open = (row: StoredTask | undefined): Effect.Effect<StoredTask | undefined, TaskDriverError> =>
    row === undefined ? Effect.succeed(row) : orFailed("no", sealing.openRow(row))

  /** Opens what is listed. A summary goes on without the payloads that cannot be opened. */
  const openOrHide = <Row extends Listed>(
    rows: ReadonlyArray<Row>,
    known?: Known,
    applied: TaskDriverError["applied"] = "no"
  ): Effect.Effect<ReadonlyArray<Row>, TaskDriverError> =>
    thenAtOnce(orFailed(applied, sealing.keysOf(rows)), (keys) => {
      const reasons: Array<string> = []
      const opened = rows.map((row) =>
        Result.getOrElse(sealing.open(row.taskId, row, keys, known), ({ reason }) => {
          reasons.push(reason)
          return withoutPayloads(row, reason)
        })
      )
      return reasons.length === 0 ? Effect.succeed(opened) : Effect.as(warn(reasons), opened)
    })

  const insertInto = <A extends { readonly _tag: string }>(
    task: StoredTask,
    insert: (task: StoredTask) => Effect.Effect<A, TaskDriverError>
  ) =>
    Effect.suspend(() => {
      const inserted = thenAtOnce(orFailed("no", sealing.seal(task.taskId, task.sessionId, task)), insert)
      return isPerSession
        ? Effect.map(inserted, (result) => {
          if (result._tag === "Inserted") sessions.remember(task)
          return result
        })
        : inserted
    })

  /** What the patch has written need not be opened. */
  const openAnswer = (
    result: PatchResult,
    written: TaskPatch,
    plain: TaskPatch,
    isBrief: boolean
  ): Effect.Effect<PatchResult, TaskDriverError> => {
    if (result._tag === "Missing") return Effect.succeed(result)
    const known = (field: SealedField, stored: StoredJson) => {
      const [json, text] = [plain[field], written[field]?.text]
      return json !== undefined && json !== null && text === stored.text
        ? json.storedAs(stored.text.length)
        : undefined
    }
    const applied = result._tag === "Patched" ? "unknown" : "no"
    return isBrief && result._tag === "Patched"
      ? thenAtOnce(
        openOrHide([{ ...result.task, ...withoutLargeParts }], known, applied),
        ([task = result.task]) => Effect.succeed<PatchResult>({ ...result, task })
      )
      : thenAtOnce(
        orFailed(applied, sealing.openRow(result.task, known)),
        (task) => Effect.succeed<PatchResult>({ ...result, task })
      )
  }

  const patchIn = (
    session: string | null | undefined,
    [taskId, scope, guard, patch, answer]: Parameters<TaskDriver["patch"]>
  ): Effect.Effect<PatchResult, TaskDriverError> =>
    thenAtOnce(
      orFailed("no", sealing.seal(taskId, session ?? null, patch)),
      (written) =>
        Effect.flatMap(
          driver.patch(taskId, isPerSession ? { ...scope, session } : scope, guard, written, answer),
          (result) => openAnswer(result, written, patch, answer === "summary")
        )
    )

  const patch: TaskDriver["patch"] = (...write) =>
    Effect.suspend(() => {
      const [taskId, scope, , change] = write
      if (!isPerSession || !sealedFields.some((field) => change[field] !== undefined)) {
        return patchIn(scope.session, write)
      }
      const isRemembered = scope.session === undefined && sessions.isRemembered(taskId)
      return Effect.flatMap(sessionOf(taskId, scope), (session) => {
        if (session === undefined) return Effect.succeed<PatchResult>({ _tag: "Missing" })
        return Effect.flatMap(patchIn(session, write), (result) => {
          if (result._tag !== "Missing" || !isRemembered) return Effect.succeed(result)
          // Another task of the same id may be of another session.
          sessions.forget(taskId)
          return patch(...write)
        })
      })
    })

  const page: TaskDriver["page"] = (query) =>
    Effect.flatMap(
      driver.page(query),
      ({ more, tasks }) =>
        thenAtOnce(orFailed("no", sealing.keysOf(tasks)), (keys) => {
          const opened = Result.all(tasks.map((task) => sealing.open(task.taskId, task, keys)))
          return Result.isSuccess(opened)
            ? Effect.succeed<DriverPage<StoredTask>>({ more, tasks: opened.success })
            : Effect.fail(failed("no")(opened.failure))
        })
    )

  const pageSummaries: TaskDriver["pageSummaries"] = (query) =>
    Effect.flatMap(
      driver.pageSummaries(query),
      ({ more, tasks }) => Effect.map(openOrHide(tasks), (tasks) => ({ more, tasks }))
    )

  const tally = (tally: NonNullable<TaskDriver["tally"]>): NonNullable<TaskDriver["tally"]> => (query) =>
    Effect.flatMap(
      tally(query),
      ({ failures, ...rest }) => Effect.map(openOrHide(failures), (failures) => ({ ...rest, failures }))
    )

  /** A task that was claimed and cannot be opened does not keep the others from the one who has them. */
  const openTaken = (taken: ReadonlyArray<TakenTask>): Effect.Effect<ReadonlyArray<TakenTask>> =>
    Effect.map(
      Effect.result(sealing.keysOf(taken.map(({ task }) => task))),
      (keys) =>
        taken.map((one) =>
          Result.match(Result.flatMap(keys, (keys) => sealing.open(one.task.taskId, one.task, keys)), {
            onFailure: (fault) => ({ ...one, fault: failed("unknown")(fault) }),
            onSuccess: (task) => ({ ...one, task })
          })
        )
    )

  const take = (take: NonNullable<TaskDriver["take"]>): NonNullable<TaskDriver["take"]> => (query, patch) =>
    Effect.flatMap(
      // Nothing is claimed while the key is not to be had that has sealed most of it.
      isPerSession ? take(query, patch) : Effect.andThen(requireCurrent(null), take(query, patch)),
      (taken) => {
        if (isPerSession) { for (const { task } of taken) sessions.remember(task) }
        return openTaken(taken)
      }
    )

  const requireCurrent = (session: string | null) => Effect.mapError(sealing.current(session), failed("no"))

  return driverOf({
    backendName: driver.backendName,
    maxPayloadBytes: driver.maxPayloadBytes,
    payloadBytes,
    insert: (task, bounds, now) => insertInto(task, (task) => driver.insert(task, bounds, now)),
    rerun: (task, bounds, now, source) => insertInto(task, (task) => driver.rerun(task, bounds, now, source)),
    find: (taskId, scope) => Effect.flatMap(driver.find(taskId, scope), open),
    findSummary: (taskId, scope) =>
      Effect.flatMap(
        driver.findSummary(taskId, scope),
        (row) => row === undefined ? Effect.succeed(row) : Effect.map(openOrHide([row]), ([row]) => row)
      ),
    patch,
    remove: (taskId, scope) => driver.remove(taskId, scope),
    page,
    pageSummaries,
    pagesByName: driver.pagesByName,
    findsSeats: driver.findsSeats,
    keepsTasks: driver.keepsTasks,
    stale: (query) => driver.stale(query),
    abandoned: (query) => driver.abandoned(query),
    freeKinds: (query) => driver.freeKinds(query),
    free: (query) => driver.free(query),
    take: driver.take === undefined ? undefined : take(driver.take),
    removeExpired: (now, limit) => driver.removeExpired(now, limit),
    count: (scope) => driver.count(scope),
    messages: sealMessages(
      driver.messages,
      sealing,
      (queue, now) => Effect.map(sessionOf(queue, { now, session: undefined }), (session) => session ?? null)
    ),
    tally: driver.tally === undefined ? undefined : tally(driver.tally),
    findEnding: driver.findEnding,
    forget: driver.forget,
    workers: passWorkers(driver.workers),
    kinds: passKinds(driver.kinds),
    transaction: driver.transaction,
    afterCommit: driver.afterCommit,
    foreignWrites: driver.foreignWrites,
    findRevisions: driver.findRevisions,
    maintain: driver.maintain,
    inspector: driver.inspector === undefined ? undefined : openInspector(driver.inspector, sealing),
    reseal: (query) => resealPage(driver, sealing, query)
  })
}

/** Fails as a primitive does that has been done, has not been done, or may have been. */
const orFailed = <A>(
  applied: TaskDriverError["applied"],
  keyed: Effect.Effect<A, KeyFault>
): Effect.Effect<A, TaskDriverError> =>
  isOver(keyed) && Exit.isSuccess(keyed) ? Effect.succeed(keyed.value) : Effect.mapError(keyed, failed(applied))

const withoutLargeParts = {
  originalParams: null,
  inputRequests: null,
  inputResponses: null,
  requestState: null,
  inputKeys: null,
  principal: null,
  steps: null,
  failureStack: null,
  result: null
} satisfies { readonly [Field in Exclude<JsonField, SummaryJsonField>]: null }

/** What a list shows of a task, and has been sealed. */
type Listed = Pick<StoredSummary, "taskId" | "statusMessage" | "failure" | "lastUpdatedAt"> & Payloads

/** The operator sees why where the failure of a task stands. */
const withoutPayloads = <Row extends Listed>(row: Row, reason: string): Row => ({
  ...row,
  ...("meta" in row ? { meta: null } : {}),
  ...("result" in row ? { result: null } : {}),
  statusMessage: row.statusMessage === null ? null : hidden,
  failure: row.failure === null
    ? null
    : StoredJson.fromJson({ name: "Sealed", message: reason, at: row.lastUpdatedAt })
})

const hidden = StoredJson.fromJson("This message is sealed and cannot be shown.")

/** How many reasons are told. With keys for each session there may be many. */
const mostReasons = 100

/** Tells the operator of each reason once. */
const makeWarning = (): (reasons: ReadonlyArray<string>) => Effect.Effect<void> => {
  const told = new Set<string>()
  return (reasons) =>
    Effect.forEach(new Set(reasons), (reason) => {
      if (told.has(reason) || told.size >= mostReasons) return Effect.void
      told.add(reason)
      return Effect.logWarning(`Some tasks are listed without their payloads: ${reason}`)
    }, { discard: true })
}
