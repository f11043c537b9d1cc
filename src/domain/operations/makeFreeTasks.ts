/**
 * Listing and claiming free tasks, in turns between sessions.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { isHarmless, keptClaims } from "../driver/keptClaims.ts"
import type { StoredKinds } from "../driver/KindDriver.ts"
import { releaseDead } from "../driver/releaseWorkers.ts"
import type {
  FreeQuery,
  FreeTask,
  FreeTime,
  StoredKind,
  TakenTask,
  TaskDriver,
  TaskDriverError
} from "../driver/TaskDriver.ts"
import { isAbandoned, type TaskPatch } from "../driver/TaskWrite.ts"
import { allOf } from "../effects/allOf.ts"
import { isPlainObject } from "../json/isPlainObject.ts"
import { holdFrom } from "../machine/TaskHold.ts"
import { orAbsent, parseCount, parseId, parseNatural } from "../options/ArgumentParsers.ts"
import { claimableOptions, claimTasksOptions } from "../options/operationOptions.ts"
import { readOptions } from "../options/optionNames.ts"
import { parseHold } from "../options/parseHold.ts"
import { parseKind } from "../options/parseKind.ts"
import type { ClaimableOptions, TaskKind } from "../options/TaskOptions.ts"
import type { ResolvedOptions } from "../options/TaskStorageOptions.ts"
import type { ClaimedTask, TaskStorageShape } from "../service/TaskOperations.ts"
import type { StoredTask } from "../task/StoredTask.ts"
import { InvalidInput, type TaskStorageUnavailable } from "../task/TaskError.ts"
import { FreeKinds } from "./FreeKinds.ts"
import { answered, failUnavailable, operate, parsed, toRecord } from "./TaskAccess.ts"
import type { TaskWatch } from "./TaskWatch.ts"

type Parsed<A> = Result.Result<A, InvalidInput>

/** How many tasks are given if nobody says how many. */
const defaultLimit = 50

/** From one round to the next a session may have so many times the tasks. */
const growth = 4

/** How many tasks are claimed side by side where the driver claims no tasks together. */
const claimsAtOnce = 8

/**
 * Makes the operations on free tasks.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeFreeTasks = (
  driver: TaskDriver,
  watch: TaskWatch,
  { active }: Pick<ResolvedOptions, "active">
): Pick<TaskStorageShape, "claimableTasks" | "claimTasks"> => {
  const kindsOf = (wanted: Wanted, time: FreeTime) => new FreeKinds(driver.freeKinds, wanted, time)

  /** Claims a task, if it is still as it was listed. */
  const takeOne = (query: FreeQuery, patch: TaskPatch, before: FreeTask) =>
    Effect.map(
      driver.patch(
        before.taskId,
        { now: query.now, session: undefined },
        {
          statuses: ["working"],
          attempt: before.attempt,
          freeSince: query.freeBy,
          ...(typeof query.seats === "object" ? { seats: query.seats } : {})
        },
        { ...patch, attempt: before.attempt + 1 }
      ),
      (result): ReadonlyArray<TakenTask> => result._tag === "Patched" ? [{ task: result.task, before }] : []
    )

  /** Claims the tasks of a query, one by one. */
  const takeEach = (query: FreeQuery, patch: TaskPatch) =>
    Effect.flatMap(driver.free(query), (tasks) =>
      Effect.flatMap(
        Effect.forEach(tasks, (before) => Effect.result(takeOne(query, patch, before)), { concurrency: claimsAtOnce }),
        keptClaims
      ))

  const take = driver.take ?? takeEach

  /** Where tasks wait for seats, those that have one come first. */
  const inTurns = <Task>(
    turns: Turns<Task>,
    kinds: FreeKinds,
    get: (query: FreeQuery) => Effect.Effect<ReadonlyArray<Task>, TaskDriverError>
  ): Effect.Effect<ReadonlyArray<Task>, TaskDriverError> =>
    active?.whenMaxActive !== "wait"
      ? turns.run(kinds, get)
      : Effect.andThen(
        turns.run(kinds, (query) => get({ ...query, seats: "taken" })),
        turns.run(kinds, (query) => get({ ...query, seats: active }))
      )

  /** Others than the one who claims may watch the tasks. */
  const tell = (taken: ReadonlyArray<TakenTask>) =>
    Effect.forEach(taken, ({ task }) => watch.telling(task.taskId, Effect.void, "waiters"), { discard: true })

  return {
    claimableTasks: (options) =>
      parsed(
        Result.flatMap(readOptions(options, claimableOptions), parseWanted),
        (wanted) =>
          operate(driver.backendName, "claimableTasks", undefined, (now) => {
            const time = { freeBy: freeBy(wanted, now), now }
            const turns = new Turns<FreeTask>(wanted, time, "list", (task) => task)
            return answered(
              "claimableTasks",
              Effect.andThen(releaseDead(driver.workers, now), inTurns(turns, kindsOf(wanted, time), driver.free)),
              (found) => Effect.succeed(found.map(({ taskId }) => taskId))
            )
          })
      ),

    claimTasks: (options) =>
      parsed(
        readOptions(options, claimTasksOptions),
        (options) =>
          parsed(allOf([parseWanted(options), parseHold(options)]), ([wanted, hold]) =>
            operate(driver.backendName, "claimTasks", undefined, (now) => {
              const time = { freeBy: freeBy(wanted, now), now }
              const turns = new Turns<TakenTask>(wanted, time, "take", ({ task }) =>
                task)
              const patch = { lastUpdatedAt: now, ...holdFrom(now, hold) }
              return answered(
                "claimTasks",
                Effect.andThen(
                  releaseDead(driver.workers, now),
                  inTurns(turns, kindsOf(wanted, time), (query) => Effect.tap(take(query, patch), tell))
                ),
                readable
              )
            }))
      )
  }
}

/** Gives what can be read of the claimed tasks. A row that cannot be read does not keep the others from the one who has claimed them. */
const readable = (
  taken: ReadonlyArray<TakenTask>
): Effect.Effect<ReadonlyArray<ClaimedTask>, TaskStorageUnavailable> =>
  Effect.flatMap(
    Effect.partition(taken, ({ before, fault, task }) =>
      Effect.map(
        fault === undefined ? toRecord("claimTasks", task, "unknown") : failUnavailable("claimTasks", fault),
        (record): ClaimedTask => ({ record, abandoned: isAbandoned(before) })
      )),
    ([claimed, [corrupt]]) =>
      corrupt === undefined || claimed.length > 0 ? Effect.succeed(claimed) : Effect.fail(corrupt)
  )

/**
 * Goes round the sessions until there are no more tasks, or enough. In the first round each session may have one task of each
 * kind, later more, so that one with many does not take many rounds.
 */
class Turns<Task> {
  readonly #wanted: Wanted
  readonly #time: FreeTime
  /** A task that was taken is not found again, and one that was listed is. */
  readonly #way: "list" | "take"
  readonly #taskOf: (task: Task) => Pick<StoredTask, "taskId" | "sessionId">
  readonly #found = new Map<string, Task>()
  readonly #counts: Map<string, number>
  readonly #full: Set<string>

  constructor(
    wanted: Wanted,
    time: FreeTime,
    way: "list" | "take",
    taskOf: (task: Task) => Pick<StoredTask, "taskId" | "sessionId">
  ) {
    this.#wanted = wanted
    this.#time = time
    this.#way = way
    this.#taskOf = taskOf
    this.#counts = new Map(wanted.running)
    this.#full = new Set(wanted.except)
    for (const [session, count] of this.#counts) if (count >= wanted.perSession) this.#full.add(session)
  }

  run(
    kinds: FreeKinds,
    get: (query: FreeQuery) => Effect.Effect<ReadonlyArray<Task>, TaskDriverError>
  ): Effect.Effect<ReadonlyArray<Task>, TaskDriverError> {
    const all = Effect.gen({ self: this }, function*() {
      let left = yield* this.#round((index) => kinds.at(index), 1, get)
      for (let had = 1, may = growth; left.length > 0; had = may, may *= growth) {
        const round = left
        left = yield* this.#round((index) => Effect.succeed(round[index]), this.#way === "take" ? may - had : may, get)
      }
      return [...this.#found.values()]
    })
    return this.#way === "list" ?
      all :
      Effect.catch(
        all,
        (error) => isHarmless(error, this.#found.size) ? Effect.succeed([...this.#found.values()]) : Effect.fail(error)
      )
  }

  /** Gives the kinds of which it has found anything, as long as there is room. */
  #round(
    kindAt: (index: number) => Effect.Effect<StoredKind | undefined, TaskDriverError>,
    perSession: number,
    get: (query: FreeQuery) => Effect.Effect<ReadonlyArray<Task>, TaskDriverError>
  ): Effect.Effect<ReadonlyArray<StoredKind>, TaskDriverError> {
    const { behind } = this.#wanted
    return Effect.gen({ self: this }, function*() {
      const served = new Map<StoredKind, Set<string>>()
      const more = new Set<StoredKind>()
      const all: Array<StoredKind> = []
      // Behind the last session the first one has its turn: of no kind before those behind have had theirs of each.
      for (const from of behind === undefined ? [undefined] : [behind, undefined]) {
        for (let index = 0;; index++) {
          if (this.#room === 0) return []
          const kind = yield* kindAt(index)
          if (kind === undefined) break
          if (from === undefined) all.push(kind)
          const before = this.#found.size
          const tasks = yield* get(this.#query(kind, from, perSession, served.get(kind) ?? new Set()))
          this.#note(tasks)
          if (this.#found.size > before) more.add(kind)
          // A task that was taken is not found again. So a session behind would have a second turn.
          if (this.#way === "take") {
            const sessions = tasks.flatMap((task) => this.#taskOf(task).sessionId ?? [])
            served.set(kind, new Set(sessions))
          }
        }
      }
      return all.filter((kind) => more.has(kind))
    })
  }

  #query(
    kind: StoredKind,
    behind: string | undefined,
    perSession: number,
    served: ReadonlySet<string>
  ): FreeQuery {
    const { limit } = this.#wanted
    const isTaking = this.#way === "take"
    return {
      ...this.#time,
      kind,
      behind,
      except: [...new Set([...this.#full, ...served])],
      perSession: isTaking ? Math.min(perSession, this.#leastRoom) : perSession,
      limit: isTaking ? this.#room : limit
    }
  }

  get #room(): number {
    return this.#wanted.limit - this.#found.size
  }

  /** How many tasks any session that is not full may have. */
  get #leastRoom(): number {
    let most = 0
    for (const [session, count] of this.#counts) if (!this.#full.has(session)) most = Math.max(most, count)
    return this.#wanted.perSession - most
  }

  #note(tasks: ReadonlyArray<Task>): void {
    const { limit, perSession } = this.#wanted
    for (const task of tasks) {
      const { sessionId, taskId } = this.#taskOf(task)
      // A claim for a dead worker may find a task again, since others release what such a worker has.
      if (this.#found.has(taskId)) {
        this.#found.set(taskId, task)
        continue
      }
      if (this.#found.size >= limit) continue
      if (sessionId !== null && perSession !== Infinity) {
        if (this.#full.has(sessionId)) continue
        const count = (this.#counts.get(sessionId) ?? 0) + 1
        this.#counts.set(sessionId, count)
        if (count >= perSession) this.#full.add(sessionId)
      }
      this.#found.set(taskId, task)
    }
  }
}

/** Which free tasks a caller wants. */
interface Wanted {
  readonly kinds: ReadonlyArray<StoredKinds> | null
  readonly released: boolean
  readonly except: ReadonlyArray<string>
  readonly perSession: number
  readonly running: ReadonlyMap<string, number>
  readonly behind: string | undefined
  readonly behindKind: StoredKind | undefined
  readonly limit: number
}

const freeBy = ({ released }: Wanted, now: number): number => released ? 0 : now

const parseWanted = (options: ClaimableOptions | undefined): Parsed<Wanted> =>
  Result.map(
    allOf([
      orAbsent(options?.kinds, parseKinds),
      parseReleased(options?.leases),
      orAbsent(options?.exceptSessions, (sessions) => parseList("exceptSessions", sessions, parseId)),
      orAbsent(options?.perSession, (value) => parseCount("perSession", value)),
      orAbsent(options?.running, parseRunning),
      orAbsent(options?.behindSession, (value) => value === null ? behindNone : parseId("behindSession", value)),
      orAbsent(options?.behindKind, (value) => parseKind("behindKind", value)),
      orAbsent(options?.limit, (value) => parseCount("limit", value))
    ]),
    ([kinds, released, except, perSession, running, behind, behindKind, limit]) => ({
      kinds,
      released,
      except: except ?? [],
      perSession: perSession ?? Infinity,
      running: running ?? new Map(),
      behind: behind ?? undefined,
      // Behind a method without a name are its names.
      behindKind: behindKind ? { ...behindKind, name: behindKind.name ?? null } : undefined,
      limit: limit ?? defaultLimit
    })
  )

/** Tasks that are bound to no session count as those of a session with the empty id. */
const behindNone: Parsed<string> = Result.succeed("")

const parseList = <A>(
  field: string,
  values: unknown,
  parse: (field: string, value: unknown) => Parsed<A>
): Parsed<ReadonlyArray<A>> =>
  Array.isArray(values)
    ? Result.all(values.map((value, index) => parse(`${field}[${index}]`, value)))
    : Result.fail(new InvalidInput({ field, reason: "must be an array" }))

const parseKinds = (kinds: ReadonlyArray<TaskKind>): Parsed<ReadonlyArray<StoredKinds>> =>
  Array.isArray(kinds)
    ? Result.all(kinds.map((kind: TaskKind, index) => parseKind(`kinds[${index}]`, kind)))
    : Result.fail(new InvalidInput({ field: "kinds", reason: "must be an array" }))

const parseReleased = (leases: unknown): Parsed<boolean> =>
  leases === undefined || leases === "released"
    ? Result.succeed(leases === "released")
    : Result.fail(new InvalidInput({ field: "leases", reason: "must be \"released\" or left out" }))

const parseRunning = (running: NonNullable<ClaimableOptions["running"]>): Parsed<ReadonlyMap<string, number>> =>
  isPlainObject(running)
    ? Result.map(
      Result.all(
        Object.entries(running).map(([session, count]) =>
          allOf([parseId("running", session), parseNatural(`running.${session}`, count)])
        )
      ),
      (entries) => new Map(entries)
    )
    : Result.fail(new InvalidInput({ field: "running", reason: "must be an object" }))
