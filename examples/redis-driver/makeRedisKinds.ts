/** Which kinds are paused: a hash of pauses. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type KindDriver, kindsText, newsOfPauses, StoredJson, type StoredPause } from "mcp-task-storage/driver"
import type { RedisConnection } from "./RedisConnection.ts"
import { numberOf } from "./replies.ts"

/** A name that is not there stands for all names, and `null` for none. */
const Pause = Schema.fromJsonString(Schema.Struct({
  method: Schema.String,
  name: Schema.optionalKey(Schema.NullOr(Schema.String)),
  pausedAt: Schema.Number
}))

const encode = ({ name, originalMethod, pausedAt }: StoredPause): string =>
  Schema.encodeSync(Pause)({
    method: originalMethod.text,
    pausedAt,
    ...(name === undefined ? {} : { name: name === null ? null : name.text })
  })

const decode = (text: string): StoredPause => {
  const { method, name, pausedAt } = Schema.decodeSync(Pause)(text)
  return {
    originalMethod: StoredJson.fromText(method),
    name: typeof name === "string" ? StoredJson.fromText(name) : name,
    pausedAt
  }
}

export const makeRedisKinds = (redis: RedisConnection): KindDriver => ({
  pause: (pause) =>
    Effect.asVoid(redis.run("pause", { kinds: kindsText(pause), pause: encode(pause), news: newsOfPauses })),
  resume: (kinds) =>
    Effect.map(redis.run("resume", { kinds: kindsText(kinds), news: newsOfPauses }), (count) => numberOf(count) > 0),
  paused: () => Effect.map(redis.readValues(":pauses"), (pauses) => pauses.map(decode))
})
