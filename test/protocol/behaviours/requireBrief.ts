/** Tasks that live no longer than a short time once they have ended. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Answer } from "../../support/wire.ts"

/** Milliseconds that tasks live from their end on. */
export const briefly = 3_000

interface Shown {
  readonly createdAt: string
  readonly lastUpdatedAt: string
}

/** Fails unless the ttl of an ended task ends that long after its end, and the task with it. */
export const requireBrief = Effect.fnUntraced(function*(
  { createdAt, lastUpdatedAt }: Shown,
  ttl: number,
  get: Effect.Effect<Answer>
) {
  const endedAt = Date.parse(lastUpdatedAt)
  assert.strictEqual(ttl, endedAt - Date.parse(createdAt) + briefly)
  const { error } = yield* get.pipe(
    Effect.repeat({ until: ({ error }) => error !== undefined, schedule: Schedule.spaced("50 millis") }),
    Effect.timeout("60 seconds")
  )
  assert.strictEqual(error?.code, -32602)
  assert.isAtLeast(Date.now(), endedAt + briefly)
})
