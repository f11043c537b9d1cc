/**
 * The operations on tasks, of one session or of all.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { hasSeat } from "../driver/ActiveBounds.ts"
import { boundsFor } from "../driver/boundsFor.ts"
import type { TaskDriver, TaskDriverError } from "../driver/TaskDriver.ts"
import { allOf } from "../effects/allOf.ts"
import { decideClaim, releasedFrom } from "../machine/TaskHold.ts"
import { decideProvideInput, decideReplacement, decideRequireInput, decideStep } from "../machine/TaskMachine.ts"
import { orAbsent, orNull, parseId, parseJson, parseKeyed, parseText } from "../options/ArgumentParsers.ts"
import {
  claimOptions,
  createFields,
  listOptions,
  recordFields,
  requireInputOptions,
  summaryListOptions,
  workerOption
} from "../options/operationOptions.ts"
import { readFields, readOptions } from "../options/optionNames.ts"
import { parseHold, parseNextHold } from "../options/parseHold.ts"
import type { CreateTask } from "../options/TaskOptions.ts"
import { parseRequests, parseRun, parseWriter } from "../options/TaskParsers.ts"
import type { ResolvedOptions } from "../options/TaskStorageOptions.ts"
import type { SessionTasks } from "../service/TaskOperations.ts"
import { FindingKept, type KeptTask } from "../task/KeptTask.ts"
import { withinLimits } from "../task/PayloadLimits.ts"
import { holderOf, isExpired, type StoredSummary, type StoredTask } from "../task/StoredTask.ts"
import {
  ConcurrentModification,
  InvalidInput,
  MaxTasksReached,
  TaskAlreadyExists,
  TaskNotFound,
  type TaskStorageUnavailable
} from "../task/TaskError.ts"
import { uuidV7, uuidV7At } from "../task/TaskId.ts"
import { outcomeFromStored, type TaskRecord } from "../task/TaskRecord.ts"
import { OperationFrom, readMillis, type StorageOperation } from "../telemetry/StorageOperation.ts"
import { makePlannedWrites } from "./makePlannedWrites.ts"
import { makeRerunTask } from "./makeRerunTask.ts"
import { answered, decoded, operate, parsed, toRecord } from "./TaskAccess.ts"
import { draftReplacement, draftTask } from "./TaskDraft.ts"
import { foundSummary, foundTask, TaskOperation, type UseTask } from "./TaskOperation.ts"
import { listSummaries, listTasks } from "./TaskPages.ts"
import type { TaskWatch } from "./TaskWatch.ts"
import { makeTaskWriter } from "./TaskWriter.ts"

/**
 * Makes the operations on the tasks of one session; for `null`, on the tasks that are bound to none; for `undefined`, on all.
 * With an invalid session id each of them fails.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSessionTasks = (
  driver: TaskDriver,
  watch: TaskWatch,
  options: ResolvedOptions,
  parsedSession: Result.Result<string | null | undefined, InvalidInput>
): SessionTasks => {
  // Where there is none, every operation has failed before it asks for it.
  const session = Result.getOrElse(parsedSession, () => null)
  const onTask = (taskId: string): Result.Result<string, InvalidInput> =>
    Result.isFailure(parsedSession) ? Result.fail(parsedSession.failure) : parseId("taskId", taskId)

  const find = <A, E>(
    operation: string,
    taskId: string,
    use: (stored: StoredTask | undefined) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | TaskStorageUnavailable> =>
    operate(
      driver.backendName,
      operation,
      taskId,
      (now) => answered(operation, driver.find(taskId, { now, session }), use)
    )

  type Found = StoredTask | KeptTask | undefined
  type Finding = ReturnType<TaskDriver["find"]>

  const shown = <A>(finding: Finding, show: (found: Found) => A): Effect.Effect<A, TaskStorageUnavailable> =>
    answered("getTask", finding, (stored) => decoded("getTask", stored, show))

  const getTask: UseTask<Found, TaskStorageUnavailable> = (clock, taskId, show) =>
    shown(driver.find(taskId, { now: readMillis(clock), session }), show)

  /**
   * Nothing is kept under an id that is none. So what is found need not be checked, which would take as long as to find it. The time is
   * asked for only where a task may have expired: to read it takes a tenth of all this.
   */
  const getKept: UseTask<Found, InvalidInput | TaskStorageUnavailable> = (clock, taskId, show) => {
    const finding = driver.find(taskId, { now: beforeAll, session })
    if (!(finding instanceof FindingKept)) return parsed(onTask(taskId), (id) => getTask(clock, id, show))
    const kept = finding.kept()
    return kept === undefined || (kept.ttl !== null && isExpired(kept, readMillis(clock)))
      ? parsed(onTask(taskId), () => decoded("getTask", undefined, show))
      : decoded("getTask", kept, show)
  }

  const getSummary: UseTask<StoredSummary | undefined, TaskStorageUnavailable> = (clock, taskId, show) =>
    answered(
      "getTaskSummary",
      driver.findSummary(taskId, { now: readMillis(clock), session }),
      (stored) => decoded("getTaskSummary", stored, show)
    )

  const { execute, executeBriefly, merge } = makeTaskWriter(driver, watch, session, options.active)

  /** Who is not registered, or not any more, is dead as well. */
  const isHolderDead = (stored: StoredTask): Effect.Effect<boolean, TaskDriverError> => {
    const holder = holderOf(stored)
    return holder === null
      ? Effect.succeed(false)
      : Effect.map(driver.workers.find(holder), (worker) => worker === undefined || worker.diedAt !== null)
  }

  type Created = ReturnType<SessionTasks["createTask"]>

  const insert = (
    task: CreateTask,
    sessionId: string | null,
    id: string
  ): StorageOperation<TaskRecord, Effect.Error<Created>, never> =>
    operate(driver.backendName, "createTask", id, (now) => {
      const row = draftTask(task, { taskId: id, sessionId, incarnation: options.nextIncarnation() }, now, options)
      if (Result.isFailure(row)) return Effect.fail(row.failure)
      const waits = options.active?.whenMaxActive === "wait"
      const store = (row: StoredTask): Created =>
        answered(
          "createTask",
          watch.creating(row, driver.insert(row, boundsFor(row, options), now)),
          (result): Created => {
            switch (result._tag) {
              case "Inserted":
                return toRecord("createTask", row)
              case "Exists":
                return Effect.fail(new TaskAlreadyExists({ taskId: id }))
              case "LimitReached": {
                const waiting = waitingFor(row, result, now)
                return waiting === undefined
                  ? Effect.fail(new MaxTasksReached({ scope: result.scope, limit: result.limit }))
                  : store(waiting)
              }
            }
          }
        )

      /** What is held and finds no seat is stored without its holder. What nobody holds has been begun by its creator. */
      const waitingFor = (row: StoredTask, { scope }: { readonly scope: string }, now: number) =>
        waits && row.leaseExpiresAt !== null && row.attempt > 0 && scope.startsWith("active")
          ? { ...row, ...releasedFrom(now, 0), attempt: 0, runTraceparent: null }
          : undefined

      // As by a first claim, so that it keeps its seat when its creator holds or releases it later.
      return store(waits && hasSeat(row.success, "wait") ? { ...row.success, attempt: 1 } : row.success)
    })

  return {
    ...makePlannedWrites(execute, options, onTask),

    withSummary: makePlannedWrites(executeBriefly, options, onTask),

    createTask: (input) =>
      parsed(bindSession(parsedSession, input), ({ sessionId, task }): Created => {
        if (task.taskId !== undefined) {
          return parsed(parseId("taskId", task.taskId), (taskId) => insert(task, sessionId, taskId))
        }
        // Without a generator of somebody else's it needs no fiber, which takes a tenth of a creation in memory.
        return options.generateId === uuidV7
          ? new OperationFrom(driver.backendName, "createTask", (clock) =>
            insert(task, sessionId, uuidV7At(readMillis(clock))))
          : Effect.flatMap(
            options.generateId,
            (id) =>
              parsed(parseId("generateId", id), (taskId) =>
                insert(task, sessionId, taskId))
          )
      }),

    rerunTask: makeRerunTask(driver, options, session, onTask),

    getTask: driver.keepsTasks === true && Result.isSuccess(parsedSession)
      ? (taskId) => new TaskOperation(driver.backendName, "getTask", taskId, getKept, foundTask, onTask)
      : (taskId) =>
        parsed(onTask(taskId), (id) => new TaskOperation(driver.backendName, "getTask", id, getTask, foundTask)),

    getTaskSummary: (taskId) =>
      parsed(
        onTask(taskId),
        (id) => new TaskOperation(driver.backendName, "getTaskSummary", id, getSummary, foundSummary)
      ),

    updateTask: (record) =>
      parsed(
        Result.flatMap(parsedSession, () =>
          Result.flatMap(readFields("record", record, recordFields), (record) => draftReplacement(record, options))),
        (next) =>
          Effect.map(
            merge(
              "updateTask",
              next.taskId,
              (stored, now) =>
                Effect.fromResult(Result.map(decideReplacement(stored, next, now), (patch) => ({ patch }))),
              ({ revision, taskId }) =>
                // Another task of the same id, which has come since the one was read, may be at that revision. It is read then.
                revision === next.revision
                  ? Effect.void
                  : Effect.fail(new ConcurrentModification({ taskId, expected: next.revision, actual: revision }))
            ),
            ({ record }) =>
              record
          )
      ),

    deleteTask: (taskId) =>
      parsed(onTask(taskId), (id) =>
        operate(driver.backendName, "deleteTask", id, (now) =>
          answered(
            "deleteTask",
            watch.telling(id, driver.remove(id, { now, session }), "everybody"),
            Effect.succeed
          ))),

    listTasks: (request) =>
      parsed(
        readOptions(request, listOptions),
        (request) => listTasks("listTasks", parsedSession, request, options.maxPageSize, driver)
      ),

    listTaskSummaries: (request) =>
      parsed(
        readOptions(request, summaryListOptions),
        (request) => listSummaries("listTaskSummaries", parsedSession, request, options.maxPageSize, driver)
      ),

    getTaskResult: (taskId) =>
      parsed(
        onTask(taskId),
        (id) =>
          find("getTaskResult", id, (stored) =>
            parsed(present(id, stored), ({ result }) =>
              decoded("getTaskResult", result, (result) =>
                result === null ? Option.none() : Option.some(outcomeFromStored(result)))))
      ),

    claimTask: (taskId, settings) =>
      parsed(
        readOptions(settings, claimOptions),
        (settings) =>
          parsed(allOf([onTask(taskId), parseHold(settings)]), ([id, hold]) =>
            Effect.map(
              merge(
                "claimTask",
                id,
                (stored, now) =>
                  Effect.flatMap(
                    isHolderDead(stored),
                    (isDead) => Effect.fromResult(decideClaim(stored, hold, isDead, now, options.active))
                  ),
                (_, full) => full === undefined ? Effect.void : Effect.fail(new MaxTasksReached(full))
              ),
              ({ decision, record }) => ({ record, abandoned: decision.abandoned })
            ))
      ),

    storeTaskStep: (taskId, key, value, settings) =>
      parsed(readOptions(settings, workerOption), (settings) =>
        parsed(
          allOf([
            onTask(taskId),
            parseId("key", key),
            parseJson("value", value),
            parseRun(settings),
            parseWriter(settings?.attempt)
          ]),
          ([id, key, stepped, run, writer]) =>
            parsed(withinLimits(options, undefined, stepped), () =>
              Effect.map(
                merge(
                  "storeTaskStep",
                  id,
                  (stored, now) => Effect.fromResult(decideStep(stored, key, stepped, run, writer, now, options)),
                  () => Effect.void,
                  writer
                ),
                ({ record }) => record
              ))
        )),

    requireInput: (taskId, requests, settings) =>
      parsed(readOptions(settings, requireInputOptions), (settings) =>
        parsed(
          allOf([
            onTask(taskId),
            parseRequests(requests),
            orAbsent(settings?.requestState, (value) => parseText("requestState", value)),
            parseNextHold(settings),
            parseRun(settings),
            parseWriter(settings?.attempt)
          ]),
          ([id, asked, requestState, hold, run, writer]) =>
            parsed(withinLimits(options, undefined, asked, requestState), () =>
              Effect.map(
                merge(
                  "requireInput",
                  id,
                  (stored, now) =>
                    Effect.fromResult(Result.map(
                      decideRequireInput(
                        stored,
                        asked,
                        { ...(requestState === null ? {} : { requestState }), ...hold(now), ...run },
                        writer,
                        now,
                        options
                      ),
                      (patch) => ({ patch })
                    )),
                  () => Effect.void,
                  writer
                ),
                ({ record }) => record
              ))
        )),

    provideInput: (taskId, responses) => {
      const input = allOf([onTask(taskId), parseKeyed("responses", responses)])
      return parsed(input, ([id, answers]) =>
        parsed(withinLimits(options, undefined, answers), () =>
          Effect.map(
            merge(
              "provideInput",
              id,
              (stored, now) => Effect.fromResult(decideProvideInput(stored, answers, now, options)),
              () => Effect.void
            ),
            ({ decision, record }) => ({ record, complete: decision.complete })
          )))
    },

    taskCount: () => parsed(parsedSession, (session) => countTasks(driver, session)),

    changes: (taskId) =>
      Result.match(onTask(taskId), {
        onFailure: (error) => Stream.fail(error),
        onSuccess: (id) =>
          Stream.mapEffect(watch.states("changes", id, session), (stored) => toRecord("changes", stored))
      }),

    awaitTask: (taskId) =>
      parsed(
        onTask(taskId),
        (id) =>
          operate(driver.backendName, "awaitTask", id, () =>
            Effect.flatMap(watch.ended("awaitTask", id, session), (stored) =>
              toRecord("awaitTask", stored)))
      )
  }
}

/**
 * Counts the tasks of one session; for `null`, those bound to none; for `undefined`, all.
 *
 * @since 0.1.0
 * @category combinators
 */
export const countTasks = (
  driver: TaskDriver,
  session: string | null | undefined
): Effect.Effect<number, TaskStorageUnavailable> =>
  operate(
    driver.backendName,
    "taskCount",
    undefined,
    (now) => answered("taskCount", driver.count({ now, session }), Effect.succeed)
  )

/** No task has expired by then. */
const beforeAll = 0

/** The session that a new task is bound to: the one of the handle, or the one that is named. */
const bindSession = (
  session: Result.Result<string | null | undefined, InvalidInput>,
  input: CreateTask
): Result.Result<{ readonly sessionId: string | null; readonly task: CreateTask }, InvalidInput> => {
  const read = readFields("task", input, createFields)
  if (Result.isFailure(read)) return Result.fail(read.failure)
  const task = read.success
  const sessions = allOf([session, orNull(task.sessionId, (value) => parseId("sessionId", value))])
  if (Result.isFailure(sessions)) return Result.fail(sessions.failure)
  const [bound, named] = sessions.success
  if (bound === undefined) return Result.succeed({ sessionId: named, task })
  return named === null || named === bound
    ? Result.succeed({ sessionId: bound, task })
    : Result.fail(new InvalidInput({ field: "sessionId", reason: "is not the session of this handle; leave it out" }))
}

const present = (taskId: string, stored: StoredTask | undefined): Result.Result<StoredTask, TaskNotFound> =>
  stored === undefined ? Result.fail(new TaskNotFound({ taskId })) : Result.succeed(stored)
