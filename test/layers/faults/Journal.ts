/** What was done to tasks, as far as the one who did it was told, and how that is held against what is stored. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { createHash } from "node:crypto"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TaskStorageUnavailable } from "../../../src/domain/task/TaskError.ts"
import { difference } from "../../../src/testing/difference.ts"

/** What is known of a write: whether it was sent, and whether it happened. */
export type Fate = "unsent" | "sent" | "nothing" | "unknown" | "done"

export interface JournalEntry {
  readonly taskId: string
  readonly created: Fate
  readonly settled: Fate
}

/** What is stored is not what was acknowledged, or a part of what was not. */
export class BrokenPromise extends Data.TaggedError("BrokenPromise")<{ readonly message: string }> {}

export class Journal {
  readonly #entries = new Map<string, JournalEntry>()

  /** Notes what became of a write. What may have happened stays so, until it is known that it has. */
  note(write: "created" | "settled", taskId: string, fate: Fate): void {
    const entry = this.entry(taskId)
    if (entry[write] !== "unknown" || fate === "done") this.#entries.set(taskId, { ...entry, [write]: fate })
  }

  entry(taskId: string): JournalEntry {
    return this.#entries.get(taskId) ?? { taskId, created: "unsent", settled: "unsent" }
  }

  get entries(): ReadonlyArray<JournalEntry> {
    return [...this.#entries.values()]
  }

  /** How many writes were acknowledged. */
  get acknowledged(): number {
    return this.entries.flatMap(({ created, settled }) => [created, settled]).filter((fate) => fate === "done").length
  }
}

/** The payload that goes with a name, which nothing makes smaller. A few do not fit where most of them do. */
export const payloadOf = (name: string): string => {
  const [first = 0, second = 0] = createHash("sha256").update(name).digest()
  const outputLength = first < 10 ? 400_000 : first < 128 ? second * 50 : second
  return createHash("shake256", { outputLength }).update(name).digest("base64")
}

/** Payloads of what is written when a task is created and settled. */
export const paramsOf = (taskId: string): string => payloadOf(`params ${taskId}`).slice(0, 60_000)
export const outcomeOf = (taskId: string) => ({ _tag: "Success", value: payloadOf(`outcome ${taskId}`) }) as const

/** Holds what is stored against what was acknowledged. */
export const verifyJournal = (
  storage: TaskStorageShape,
  journal: Journal
): Effect.Effect<void, BrokenPromise | TaskStorageUnavailable> =>
  Effect.forEach(journal.entries, (entry) => verifyEntry(storage, entry), { concurrency: 8, discard: true })

const verifyEntry = Effect.fnUntraced(function*(storage: TaskStorageShape, entry: JournalEntry) {
  const { created, settled, taskId } = entry
  const broken = (message: string) => new BrokenPromise({ message: `${message}: ${JSON.stringify(entry)}` })
  const found = yield* Effect.catchTag(
    storage.getTask(taskId),
    "InvalidInput",
    (error) => Effect.fail(broken(error.message))
  )
  if (Option.isNone(found)) {
    return created === "done" || settled === "done" ? yield* broken("what was acknowledged is not there") : undefined
  }
  if (created === "nothing") return yield* broken("what did not happen is there")
  const { inputRequests, originalParams, result, resultKind, revision, status } = found.value
  const hasEnded = status === "completed"
  if (hasEnded ? settled === "nothing" || settled === "unsent" : settled === "done") {
    return yield* broken(`the status is ${status}`)
  }
  const whole = hasEnded
    ? { result: outcomeOf(taskId), resultKind: "success", revision: 2, status: "completed" }
    : { result: undefined, resultKind: undefined, revision: 1, status: "working" }
  const halved = difference({ result, resultKind, revision, status }, whole) ??
    difference({ inputRequests, originalParams }, { inputRequests: undefined, originalParams: paramsOf(taskId) })
  return halved === undefined ? undefined : yield* broken(`the task is not whole: ${halved}`)
})
