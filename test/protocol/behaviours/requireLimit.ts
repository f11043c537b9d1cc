/** What a refusal over a limit says, and requests that are too large. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { limitReached } from "../../../src/protocol/OwnerLimits.ts"
import { type Answer, decodeMessage, type Message } from "../../support/wire.ts"

/** Fails unless this limit is what a request was refused with. */
export const requireLimit = ({ error }: Pick<Message, "error">, ...[limit, most]: Parameters<typeof limitReached>) =>
  assert.deepStrictEqual(error, limitReached(limit, most))

/** A refusal of a task stands for a moment. */
export const soon = (request: Effect.Effect<Answer>): Effect.Effect<Answer> =>
  request.pipe(
    Effect.repeat({ until: ({ error }) => error === undefined, schedule: Schedule.spaced("20 millis") }),
    Effect.timeout("60 seconds"),
    Effect.orDie
  )

/** Stores a task of Ann's as another process does. */
export const storedElsewhere = (storage: TaskStorageShape) =>
  storage.createTask({ originalMethod: "tools/call", sessionId: "ann" })

/** Sends a call in chunks, which does not say how long it is. */
export const sendInChunks = (url: string, headers: Record<string, string>, call: unknown) =>
  Effect.promise(async () => {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: ReadableStream.from([new TextEncoder().encode(JSON.stringify(call))]),
      duplex: "half"
    })
    const text = await response.text()
    const message = decodeMessage(text.startsWith("{") ? text : text.slice(text.indexOf("data: ") + 6))
    return { ...message, status: response.status }
  })

export const nested = (levels: number): Readonly<Record<string, unknown>> =>
  levels === 0 ? {} : { a: nested(levels - 1) }
