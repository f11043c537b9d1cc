/**
 * Looking at a store: what its driver finds, and what can be told through the primitives that every driver has.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { releaseDead } from "../driver/releaseWorkers.ts"
import type { InspectorReport } from "../driver/StoreInspector.ts"
import { asCheck, counted, mended, mostExamples, type StoreFinding, type StoreReport } from "../driver/StoreReport.ts"
import type { TaskDriver, TaskPosition } from "../driver/TaskDriver.ts"
import type { TaskDriverError } from "../driver/TaskDriverError.ts"
import { wholeRange } from "../driver/TaskRange.ts"
import type { StoredWorker } from "../driver/WorkerDriver.ts"
import { allOf } from "../effects/allOf.ts"
import { parseFlag } from "../options/ArgumentParsers.ts"
import { inspectOptions } from "../options/operationOptions.ts"
import { readOptions } from "../options/optionNames.ts"
import type { ResolvedOptions } from "../options/TaskStorageOptions.ts"
import type { TaskStorageShape } from "../service/TaskOperations.ts"
import { skewOf } from "./skewOf.ts"
import { answered, operate, parsed, withNow } from "./TaskAccess.ts"
import { TaskFaults } from "./TaskFaults.ts"

/** How many tasks, or workers, one step reads. */
const batchSize = 200

/** How many bytes of tasks one step reads. */
const maxBytes = 4 * 1024 * 1024

/** Milliseconds after the end of its lease at which a worker should have been declared dead by another one. */
const longOverdue = 300_000

/** Milliseconds by which clocks may differ. The time of an engine is not told more exactly than that. */
const smallSkew = 3_000

/** Milliseconds: a third of the shortest leases that make sense. */
const largeSkew = 30_000

type Findings = Effect.Effect<ReadonlyArray<StoreFinding>, TaskDriverError>

/**
 * Makes the operation that looks at the store of a driver.
 *
 * @since 0.2.0
 * @category constructors
 */
export const inspectStore = (
  driver: TaskDriver,
  limits: ResolvedOptions
): TaskStorageShape["inspectStore"] =>
(options) =>
  parsed(
    Result.flatMap(readOptions(options, inspectOptions), (options) =>
      allOf([parseFlag("fix", options?.fix), parseFlag("deep", options?.deep)])),
    ([fix, deep]) =>
      operate(driver.backendName, "inspectStore", undefined, () =>
        answered("inspectStore", inspect(driver, limits, fix, deep), Effect.succeed))
  )

const inspect = Effect.fnUntraced(function*(
  driver: TaskDriver,
  limits: ResolvedOptions,
  fix: boolean,
  deep: boolean
): Effect.fn.Return<StoreReport, TaskDriverError> {
  const { engineTime, look } = driver.inspector ?? {}
  const faults = new TaskFaults(limits)
  const seen = deep ? faults.add.bind(faults) : undefined
  const report: InspectorReport = look === undefined
    ? { findings: [], checked: [], isUsable: true }
    : yield* withNow((now) => look({ now, fix, seen }))
  const { findings: own, checked, isUsable, ...rest } = report

  const made: Array<string> = [...checked]
  const findings: Array<StoreFinding> = [...own]
  const check = (code: "rows" | "workers" | "clock", subject: string, check: Findings) =>
    Effect.map(asCheck(code, subject, check), (found) => {
      made.push(code)
      findings.push(...found)
    })

  if (engineTime !== undefined) yield* check("clock", "clock", checkClock(engineTime))
  if (isUsable) yield* check("workers", "workers", checkWorkers(driver, fix))
  if (deep && isUsable) {
    const read = made.includes("rows") ? Effect.void : readAll(driver, faults)
    yield* check("rows", "tasks", Effect.map(read, () => faults.findings()))
  }
  return {
    backend: driver.backendName,
    ...rest,
    findings: findings.toSorted((left, right) => rank[left.severity] - rank[right.severity]),
    checked: Array.from(new Set(made))
  }
})

const rank = { error: 0, warning: 1, note: 2 } as const satisfies {
  readonly [Severity in StoreFinding["severity"]]: number
}

/** Reads all tasks, a page at a time. */
const readAll = (driver: TaskDriver, faults: TaskFaults): Effect.Effect<void, TaskDriverError> =>
  Effect.gen(function*() {
    let after: TaskPosition | undefined
    while (true) {
      const { more, tasks } = yield* withNow((now) =>
        driver.page({ ...wholeRange, scope: { now, session: undefined }, after, limit: batchSize, maxBytes })
      )
      for (const task of tasks) faults.add(task.taskId, task)
      after = tasks.at(-1)
      if (!more || after === undefined) return
      yield* Effect.yieldNow
    }
  })

const checkClock = (engineTime: Effect.Effect<number | undefined, TaskDriverError>): Findings =>
  withNow((before) =>
    Effect.flatMap(engineTime, (engine) =>
      withNow((after) => {
        if (engine === undefined) return Effect.succeed([])
        const skew = skewOf(engine, before, after)
        const size = Math.abs(skew)
        if (size <= smallSkew) return Effect.succeed([])
        return Effect.succeed([{
          code: "clock" as const,
          severity: size > largeSkew ? "error" as const : "warning" as const,
          subject: "clock",
          problem:
            `The clock of the engine is ${(size / 1000).toFixed(1)} s ${
              skew > 0 ? "ahead of" : "behind"
            } the clock of ` +
            "this process.",
          advice:
            "Let NTP set the clocks of all machines: tasks expire, and leases run out, by the clock of the process that " +
            "looks. A process whose clock is off by more than a third of a lease declares no worker dead.",
          fixable: false
        }])
      }))
  )

const checkWorkers = (driver: TaskDriver, fix: boolean): Findings =>
  Effect.gen(function*() {
    const now = yield* withNow(Effect.succeed)
    const dead: Array<Holder> = []
    const overdue: Array<Holder> = []
    let behind: string | undefined
    while (true) {
      const listed = yield* driver.workers.list({ behind, limit: batchSize })
      for (const holder of listed) {
        if (holder.tasks === 0) continue
        if (holder.worker.diedAt !== null) dead.push(holder)
        else if (holder.worker.leaseExpiresAt < now - longOverdue) overdue.push(holder)
      }
      behind = listed.at(-1)?.worker.workerId
      if (listed.length < batchSize) break
      yield* Effect.yieldNow
    }
    const findings: Array<StoreFinding> = []
    if (dead.length > 0) {
      const finding: StoreFinding = {
        code: "workers",
        severity: "warning",
        ...described(dead),
        problem: `${counted(dead.length, "dead worker")} ${dead.length === 1 ? "holds" : "hold"} ${held(dead)}.`,
        advice: "Any runner takes them over as soon as it lives; start one, or free them with fix.",
        fixable: true
      }
      findings.push(
        yield* mended(finding, fix, Effect.as(withNow((now) => releaseDead(driver.workers, now)), true))
      )
    }
    if (overdue.length > 0) {
      findings.push({
        code: "workers",
        severity: "warning",
        ...described(overdue),
        problem: `${counted(overdue.length, "worker")} ${overdue.length === 1 ? "has" : "have"} not renewed ` +
          `${overdue.length === 1 ? "its" : "their"} lease for more than ${
            longOverdue / 60_000
          } minutes, and nobody has declared ` +
          `${overdue.length === 1 ? "it" : "them"} dead: ${held(overdue)} wait.`,
        advice:
          "Start a runner: after one lease it declares them dead and takes their tasks over. If runners live, look into " +
          "their logs for a clock that is off.",
        fixable: false
      })
    }
    return findings
  })

interface Holder {
  readonly worker: StoredWorker
  readonly tasks: number
}

const tasksOf = (holders: ReadonlyArray<Holder>): number => holders.reduce((sum, { tasks }) => sum + tasks, 0)

const held = (holders: ReadonlyArray<Holder>): string => counted(tasksOf(holders), "task")

const described = (holders: ReadonlyArray<Holder>) => ({
  subject: holders.length === 1 && holders[0] !== undefined ? holders[0].worker.workerId : "workers",
  count: tasksOf(holders),
  examples: holders.slice(0, mostExamples).map(({ worker }) => worker.workerId)
})
