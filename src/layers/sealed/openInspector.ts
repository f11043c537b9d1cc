/**
 * Looking at a store whose payloads are sealed.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Inspection, StoreInspector } from "../../domain/driver/StoreInspector.ts"
import { counted, mostExamples, type StoreFinding } from "../../domain/driver/StoreReport.ts"
import type { TaskDriverError } from "../../domain/driver/TaskDriverError.ts"
import { keyIdOf } from "../../domain/json/SealedText.ts"
import { sealedFields, type StoredTask } from "../../domain/task/StoredTask.ts"
import type { EveryMember } from "./driverOf.ts"
import { failed, type Keys } from "./KeyRing.ts"
import type { Sealing } from "./Sealing.ts"

/**
 * Lets an inspector see tasks as they were before they were sealed. Where keys have to be asked for, a deep look
 * reads the store twice: first for their ids. What cannot be opened is a finding.
 *
 * @since 0.2.0
 * @category combinators
 */
export const openInspector = (inspector: StoreInspector, sealing: Sealing): StoreInspector => {
  const { engineTime, ...required }: EveryMember<StoreInspector> = {
    engineTime: inspector.engineTime,
    plan: inspector.plan,
    look: (inspection) => {
      const { seen } = inspection
      if (seen === undefined) return inspector.look(inspection)
      return Effect.gen(function*() {
        const keys = sealing.keysAtHand ?? (yield* keysOfStore(inspector, sealing, inspection))
        const unopened = new Unopened()
        const report = yield* inspector.look({ ...inspection, seen: openingRows(seen, sealing, keys, unopened) })
        return { ...report, findings: [...report.findings, ...unopened.findings()] }
      })
    }
  }
  return { ...required, ...(engineTime === undefined ? {} : { engineTime }) }
}

/** Reads the store once for the ids of its keys. */
const keysOfStore = (
  inspector: StoreInspector,
  sealing: Sealing,
  inspection: Inspection
): Effect.Effect<Keys, TaskDriverError> =>
  Effect.gen(function*() {
    const ids = new Set<string>()
    yield* inspector.look({ ...inspection, fix: false, seen: (_, task) => addKeyIds(ids, task) })
    return yield* Effect.mapError(sealing.keysById(ids), failed("no"))
  })

const addKeyIds = (ids: Set<string>, task: StoredTask | undefined): void => {
  for (const field of task === undefined ? [] : sealedFields) {
    const keyId = keyIdOf(task?.[field]?.text ?? "")
    if (keyId !== undefined) ids.add(keyId)
  }
}

const openingRows = (
  seen: NonNullable<Inspection["seen"]>,
  sealing: Sealing,
  keys: Keys,
  unopened: Unopened
): NonNullable<Inspection["seen"]> =>
(taskId, task) => {
  if (task === undefined) return seen(taskId, task)
  const opened = sealing.open(taskId, task, keys)
  if (Result.isSuccess(opened)) seen(taskId, opened.success)
  else unopened.add(taskId, opened.failure.reason)
}

/** Tasks that cannot be opened, by the reason. */
class Unopened {
  readonly #found = new Map<string, { count: number; readonly examples: Array<string> }>()

  add(taskId: string, reason: string): void {
    const found = this.#found.get(reason) ?? { count: 0, examples: [] }
    found.count++
    if (found.examples.length < mostExamples) found.examples.push(taskId)
    this.#found.set(reason, found)
  }

  findings(): ReadonlyArray<StoreFinding> {
    return Array.from(this.#found, ([reason, { count, examples }]) => ({
      code: "rows",
      severity: "error",
      subject: "tasks",
      problem: `${counted(count, "task")} cannot be opened: ${reason}.`,
      advice: "Give the layer the key. If it was thrown away on purpose, delete the tasks.",
      fixable: false,
      count,
      examples
    }))
  }
}
