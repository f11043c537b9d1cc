/**
 * Sealing anew what older keys have sealed, or none.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type ResealedPage, type TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { wholeRange } from "../../domain/driver/TaskRange.ts"
import { keyIdOf } from "../../domain/json/SealedText.ts"
import type { StoredJson } from "../../domain/json/StoredJson.ts"
import { type SealedField, sealedFields, type StoredTask } from "../../domain/task/StoredTask.ts"
import { failed } from "./KeyRing.ts"
import type { Sealing } from "./Sealing.ts"

/** How often a task is tried again that others write meanwhile. */
const maxAttempts = 100

/** What became of a task. */
type Fate = "kept" | "resealed" | { readonly reason: string }

/**
 * Seals a page of tasks with the keys that seal now. Each task is written as a whole, unless somebody has written it since it was
 * read: then it is looked at again.
 *
 * @since 0.2.0
 * @category combinators
 */
export const resealPage = (
  driver: TaskDriver,
  sealing: Sealing,
  { after, limit, maxBytes, now }: Parameters<NonNullable<TaskDriver["reseal"]>>[0]
): Effect.Effect<ResealedPage, TaskDriverError> =>
  Effect.gen(function*() {
    const scope = { now, session: undefined }
    const { more, tasks } = yield* driver.page({ ...wholeRange, after, limit, maxBytes, scope })
    const unreadable: Array<ResealedPage["unreadable"][number]> = []
    let resealed = 0
    for (const task of tasks) {
      const fate = yield* reseal(driver, sealing, task, now, 1)
      if (fate === "resealed") resealed++
      else if (fate !== "kept") unreadable.push({ taskId: task.taskId, reason: fate.reason })
    }
    return { examined: tasks.length, resealed, unreadable, next: more ? tasks.at(-1) : undefined }
  })

const reseal = (
  driver: TaskDriver,
  sealing: Sealing,
  task: StoredTask,
  now: number,
  count: number
): Effect.Effect<Fate, TaskDriverError> =>
  Effect.gen(function*() {
    const { sessionId, taskId } = task
    const wanted = sealing.keyIdFor(sessionId)
    if (Result.isFailure(wanted)) return wanted.failure
    const old = oldPayloads(task, wanted.success)
    if (Object.keys(old).length === 0) return "kept"
    const keys = yield* Effect.mapError(sealing.keysOf([old]), failed("no"))
    const opened = sealing.open(taskId, old, keys)
    if (Result.isFailure(opened)) return opened.failure
    const patch = yield* Effect.result(sealing.seal(taskId, sessionId, opened.success))
    if (Result.isFailure(patch)) {
      return patch.failure.retryable ? yield* failed("no")(patch.failure) : patch.failure
    }
    const scope = { now, session: sessionId }
    const result = yield* driver.patch(taskId, scope, { unchanged: task }, patch.success, "summary")
    switch (result._tag) {
      case "Patched":
        return "resealed"
      case "Missing":
        return "kept"
      case "Rejected":
        return count < maxAttempts ? yield* reseal(driver, sealing, result.task, now, count + 1) : yield* contended
    }
  })

/** The payloads that are not sealed with a key; for `null`, those that are sealed at all. */
const oldPayloads = (task: StoredTask, keyId: string | null): { readonly [Field in SealedField]?: StoredJson } => {
  const old: { [Field in SealedField]?: StoredJson } = {}
  for (const field of sealedFields) {
    const json = task[field]
    if (json !== null && (keyIdOf(json.text) ?? null) !== keyId) old[field] = json
  }
  return old
}

const contended = new TaskDriverError({
  reason: `a task was written by others ${maxAttempts} times in between; go on from the last cursor`,
  retryable: true,
  applied: "no"
})
