/** A caller who creates and settles tasks of its own, one after the other, and notes what it is told. */
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { difference } from "../../../src/testing/difference.ts"
import { bounded, type Unending } from "./bounded.ts"
import { BrokenPromise, type Fate, type Journal, outcomeOf, paramsOf } from "./Journal.ts"

/** Milliseconds after a failure. */
const pause = 30

/** How often a task is settled until it is given up. */
const maxTries = 5

type Note = (write: "created" | "settled", taskId: string, fate: Fate) => void

export interface JournalWorker {
  readonly storage: TaskStorageShape
  /** What the ids of its tasks begin with. */
  readonly name: string
  readonly journal: Journal
  /** Is told, before the next thing is done. */
  readonly note: Note
  readonly isOver: () => boolean
  /** Done behind each task. */
  readonly rest?: Effect.Effect<void>
}

/** Works until it is over. Fails with an answer that is neither right nor a legal refusal. */
export const journalWorker = Effect.fnUntraced(function*(worker: JournalWorker) {
  for (let count = 0; !worker.isOver(); count++) {
    const taskId = `${worker.name}-${count}`
    yield* create(worker, taskId)
    const { created } = worker.journal.entry(taskId)
    if (created === "done" || created === "unknown") yield* settle(worker, taskId)
    else yield* realSleep(pause)
    if (worker.rest !== undefined) yield* worker.rest
  }
})

const create = ({ note, storage }: JournalWorker, taskId: string) => {
  note("created", taskId, "sent")
  return bounded(
    `createTask ${taskId}`,
    storage.createTask({ originalMethod: "tools/call", originalParams: paramsOf(taskId), taskId })
  ).pipe(
    Effect.matchEffect({
      onSuccess: ({ revision }) => {
        note("created", taskId, "done")
        return revision === 1 ? Effect.void : wrong(`createTask gave revision ${revision}`, taskId)
      },
      onFailure: (error) => failed(note, "created", taskId, error)
    })
  )
}

const settle = Effect.fnUntraced(function*(worker: JournalWorker, taskId: string) {
  const { journal, note, storage } = worker
  for (let tries = 0; tries < maxTries; tries++) {
    const before = journal.entry(taskId)
    if (before.settled === "done") return
    note("settled", taskId, "sent")
    const settled = bounded(`settleTask ${taskId}`, storage.settleTask(taskId, outcomeOf(taskId)))
    const isThere = yield* settled.pipe(
      Effect.matchEffect({
        onSuccess: ({ result, revision, status }) => {
          note("settled", taskId, "done")
          const found = difference({ result, revision, status }, {
            result: outcomeOf(taskId),
            revision: 2,
            status: "completed"
          })
          return found === undefined ? Effect.succeed(true) : wrong(`settleTask gave ${found}`, taskId)
        },
        onFailure: (error): Effect.Effect<boolean, BrokenPromise | Unending> => {
          if (error._tag === "ResultAlreadyStored" && before.settled === "unknown") {
            note("settled", taskId, "done")
            return Effect.succeed(true)
          }
          if (error._tag === "TaskNotFound" && before.created === "unknown") {
            note("settled", taskId, "nothing")
            return Effect.succeed(false)
          }
          return Effect.as(failed(note, "settled", taskId, error), true)
        }
      })
    )
    if (!isThere) return
  }
})

/** Only that the engine is unavailable is no wrong answer. */
const failed = (
  note: Note,
  write: "created" | "settled",
  taskId: string,
  error: TaskStorageError | Unending
): Effect.Effect<void, BrokenPromise | Unending> => {
  switch (error._tag) {
    case "Unending":
      return Effect.fail(error)
    case "TaskStorageUnavailable":
      note(write, taskId, error.applied === "no" ? "nothing" : "unknown")
      return realSleep(pause)
    default:
      return wrong(`${error._tag} for what was ${write}`, taskId)
  }
}

const wrong = (message: string, taskId: string) => Effect.fail(new BrokenPromise({ message: `${message} (${taskId})` }))
