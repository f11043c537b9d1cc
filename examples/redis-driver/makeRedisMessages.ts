/** Queues of messages. */
import * as Effect from "effect/Effect"
import { type MessageDriver, StoredJson } from "mcp-task-storage/driver"
import type { RedisConnection } from "./RedisConnection.ts"
import { listOf, numberOf, textOf } from "./replies.ts"

export const makeRedisMessages = (redis: RedisConnection): MessageDriver => {
  const take = (step: "shift" | "drain", queue: string, now: number) =>
    Effect.map(
      redis.run(step, { queue, now: String(now) }),
      (bodies) => listOf(bodies).map((body) => StoredJson.fromText(textOf(body)))
    )

  return {
    push: ({ body, expiresAt, maxSize, now, queue }) =>
      Effect.map(
        redis.run("push", { queue, body: body.text, expiresAt: String(expiresAt), maxSize, now: String(now) }),
        (answer) => answer === "pushed" ? { _tag: "Pushed" } : { _tag: "Full", size: numberOf(answer) }
      ),
    shift: (queue, now) => Effect.map(take("shift", queue, now), ([first]) => first),
    drain: (queue, now) => take("drain", queue, now),
    removeExpired: (now, limit) => Effect.map(redis.run("removeExpiredMessages", { now: String(now), limit }), numberOf)
  }
}
