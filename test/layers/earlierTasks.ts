/** Tasks that earlier versions have stored before tasks had names, as they are read and written now. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"

/** The task `one`, with everything that such a version could store, from this time and with this ttl. */
export const checkWholeTask = (storage: TaskStorageShape, now: number, ttl: number | null) =>
  Effect.gen(function*() {
    const { createdAt, lastUpdatedAt, leaseExpiresAt, ...fields } = yield* Effect.fromOption(
      yield* storage.getTask("one")
    )
    assert.deepEqual({ ...fields }, {
      taskId: fields.taskId,
      sessionId: "s",
      status: "working",
      statusMessage: "a \u0000 message",
      ttl,
      pollInterval: 500,
      originalMethod: "tools/call",
      originalParams: { name: "search", text: "x".repeat(100_000) },
      meta: { b: 1, a: 2 },
      revision: 3,
      attempt: 2,
      inputResponses: { j: [2] },
      requestState: "state",
      principal: { user: "u" },
      steps: { step: 1 }
    })
    assert.deepStrictEqual(
      [createdAt, lastUpdatedAt, leaseExpiresAt].map((time) => time?.epochMilliseconds),
      [now, now, now + 60_000]
    )
  })

/** The task `two` ends with what such a version could not store: a failure, and another ttl. */
export const checkEnd = (storage: TaskStorageShape) =>
  Effect.gen(function*() {
    const failure = { name: "Error", message: "it broke", stack: "at work" }
    const ended = yield* storage.settleTask("two", { _tag: "Error", code: 1, message: "m" }, {
      failure,
      resultTtl: 7_200_000
    })
    assert.deepInclude({ ...ended.failure }, failure)
    assert.isAbove(ended.ttl ?? 0, 7_000_000)
  })
