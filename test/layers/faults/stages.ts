/** The life of a task in small steps, each of which is known by the revision that it leaves. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { difference } from "../../../src/testing/difference.ts"
import { BrokenPromise, outcomeOf, paramsOf, payloadOf } from "./Journal.ts"

type Step = (storage: TaskStorageShape, taskId: string) => Effect.Effect<unknown, TaskStorageError>

const answerOf = (taskId: string): string => payloadOf(`answer ${taskId}`).slice(0, 20_000)

/** The steps in their order; the first one gives revision 1. */
const steps: ReadonlyArray<Step> = [
  (storage, taskId) =>
    storage.createTask({ originalMethod: "tools/call", originalParams: paramsOf(taskId), taskId, sessionId: "staged" }),
  (storage, taskId) => storage.requireInput(taskId, { first: "asked", second: "asked" }, { requestState: taskId }),
  (storage, taskId) => storage.provideInput(taskId, { first: answerOf(taskId) }),
  (storage, taskId) => storage.touchTask(taskId, { statusMessage: "half of it", pollInterval: 100 }),
  (storage, taskId) => storage.provideInput(taskId, { second: "answer", unknown: "ignored" }),
  (storage, taskId) => storage.settleTask(taskId, outcomeOf(taskId), { statusMessage: null })
]

/** What a task is like once so many steps were made. */
const after = (stage: number, taskId: string) => {
  const first = { first: answerOf(taskId) }
  return {
    originalParams: paramsOf(taskId),
    revision: stage,
    status: stage === 1 || stage === 5 ? "working" : stage === 6 ? "completed" : "input_required",
    inputRequests: stage === 2
      ? { first: "asked", second: "asked" }
      : stage === 3 || stage === 4
      ? { second: "asked" }
      : undefined,
    inputResponses: stage < 3 ? undefined : stage < 5 ? first : { ...first, second: "answer" },
    requestState: stage < 2 ? undefined : taskId,
    statusMessage: stage === 4 || stage === 5 ? "half of it" : undefined,
    pollInterval: stage < 4 ? undefined : 100,
    result: stage < 6 ? undefined : outcomeOf(taskId)
  }
}

/** Every other task is deleted after its last step. */
const isDeleted = (taskId: string): boolean => /[13579]$/.test(taskId)

/** Lets a task live, and tells of each stage that it has reached, the one before the first included. */
export const live = Effect.fnUntraced(function*(
  storage: TaskStorageShape,
  taskId: string,
  reached: (stage: number) => void
) {
  reached(0)
  for (const [index, step] of steps.entries()) {
    yield* step(storage, taskId)
    reached(index + 1)
  }
  if (isDeleted(taskId)) {
    yield* storage.deleteTask(taskId)
    reached(steps.length + 1)
  }
})

/** Holds a task against the last stage that it is known to have reached; the next one may have been reached too. */
export const verifyStage = Effect.fnUntraced(function*(storage: TaskStorageShape, taskId: string, reached: number) {
  const found = yield* storage.getTask(taskId)
  if (Option.isNone(found)) {
    if (reached === 0 || (isDeleted(taskId) && reached >= steps.length)) return
    return yield* new BrokenPromise({ message: `${taskId} had reached stage ${reached}, and is not there` })
  }
  const { revision } = found.value
  if (revision !== reached && revision !== reached + 1) {
    return yield* new BrokenPromise({ message: `${taskId} had reached stage ${reached}, and is at ${revision}` })
  }
  for (const [field, value] of Object.entries(after(revision, taskId))) {
    const halved = difference(Reflect.get(found.value, field), value, field)
    if (halved !== undefined) return yield* new BrokenPromise({ message: `${taskId} is not whole: ${halved}` })
  }
})
