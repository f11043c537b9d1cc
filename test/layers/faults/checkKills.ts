/** Processes that are killed while they write. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { startProgram } from "./childProcess.ts"
import type { FaultStore } from "./FaultTarget.ts"
import { BrokenPromise, type Fate, Journal, verifyJournal } from "./Journal.ts"
import { verifyStage } from "./stages.ts"

const fates: ReadonlyArray<Fate> = ["sent", "nothing", "unknown", "done"]

/** What a process said that it did. */
class Testimony {
  readonly journal = new Journal()
  readonly stages = new Map<string, number>()

  hear(line: string): void {
    const [what, taskId = "", value = ""] = line.split(" ")
    const fate = fates.find((fate) => fate === value)
    if ((what === "created" || what === "settled") && fate !== undefined) this.journal.note(what, taskId, fate)
    else if (what === "reached") this.stages.set(taskId, Number(value))
    else throw new Error(`not a line of a mortal: ${line}`)
  }

  get acknowledged(): number {
    return [...this.stages.values()].reduce((sum, stage) => sum + stage, this.journal.acknowledged)
  }
}

const mortal = new URL("mortal.ts", import.meta.url)

export interface Kills {
  readonly kills: number
  /** Each is killed when it has said so many lines at most, some two for each write. */
  readonly mostLines: number
}

/**
 * Kills one process after the other on one store, each of which opens what the one before it has left. Gives how many
 * writes were acknowledged.
 */
export const checkKills = Effect.fnUntraced(function*<E>(store: FaultStore<E>, { kills, mostLines }: Kills) {
  const storage = yield* TaskStorage.fromDriver(yield* store.openDriver(), { maintenance: false })
  const testimonies: Array<Testimony> = []
  for (let run = 0; run < kills; run++) {
    const testimony = yield* Effect.scoped(killed(store.url, String(run), mostLines))
    yield* verify(storage, testimony)
    testimonies.push(testimony)
  }
  // Nor does what comes later take anything away.
  const other = yield* TaskStorage.fromDriver(yield* store.openDriver(), { maintenance: false })
  yield* Effect.forEach(testimonies, (testimony) => verify(other, testimony))
  return testimonies.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
})

const killed = Effect.fnUntraced(function*(url: string, run: string, mostLines: number) {
  const lines = yield* Random.nextIntBetween(1, mostLines)
  const milliseconds = yield* Random.nextBetween(0, 4)
  const testimony = new Testimony()
  const child = yield* startProgram(mortal, [url, run])
  const ready = yield* child.nextLine
  if (ready !== "ready") return yield* new BrokenPromise({ message: `run ${run} could not open the store` })
  for (let count = 0; count < lines; count++) {
    const line = yield* child.nextLine
    if (line === undefined) return yield* new BrokenPromise({ message: `run ${run} has ended by itself` })
    testimony.hear(line)
  }
  yield* realSleep(milliseconds)
  for (const line of yield* child.kill) testimony.hear(line)
  return testimony
})

const verify = Effect.fnUntraced(function*(storage: TaskStorageShape, { journal, stages }: Testimony) {
  yield* verifyJournal(storage, journal)
  yield* Effect.forEach(stages, ([taskId, reached]) => verifyStage(storage, taskId, reached), {
    concurrency: 8,
    discard: true
  })
})
