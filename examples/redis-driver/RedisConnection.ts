/** A connection, the steps that run in the engine as scripts, and how the failures of both are told. */
import * as Effect from "effect/Effect"
import { TaskDriverError } from "mcp-task-storage/driver"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createClient, ErrorReply } from "redis"

/** Makes a client whose commands fail at once while the engine is away. It comes back by itself. */
export const makeClient = (url: string) => {
  const client = createClient({ url, disableOfflineQueue: true, socket: { connectTimeout: 5_000 } })
  // Commands tell of it.
  client.on("error", () => {})
  return client
}

export type RedisClient = ReturnType<typeof makeClient>

/** What a step answers. */
export type Reply = string | number | null | ReadonlyArray<Reply>

/** The script of all steps. The tests of the kit break it. */
export const stepsScript: string = readFileSync(new URL("steps.lua", import.meta.url), "utf8")

export interface RedisConnection {
  /** Runs a step, or fails as a write does that may have happened. */
  readonly run: (step: string, request: object) => Effect.Effect<Reply, TaskDriverError>
  /** Reads the fields of a hash, as a read fails. */
  readonly readHash: (key: string) => Effect.Effect<{ readonly [field: string]: string }, TaskDriverError>
  readonly readField: (key: string, field: string) => Effect.Effect<string | undefined, TaskDriverError>
  readonly readValues: (key: string) => Effect.Effect<ReadonlyArray<string>, TaskDriverError>
  readonly readRange: (
    key: string,
    upTo: string,
    from: number,
    count: number
  ) => Effect.Effect<ReadonlyArray<string>, TaskDriverError>
}

export const makeConnection = (client: RedisClient, prefix: string, script: string = stepsScript): RedisConnection => {
  const hash = createHash("sha1").update(script).digest("hex")

  const attempt = <A>(applied: TaskDriverError["applied"], perform: () => Promise<A>) =>
    Effect.tryPromise({ try: perform, catch: (error) => failure(error, applied) })

  return {
    run: (step, request) =>
      attempt("unknown", async () => {
        const options = { keys: [prefix], arguments: [step, JSON.stringify(request)] }
        try {
          return toReply(await client.evalSha(hash, options))
        } catch (error) {
          if (!(error instanceof ErrorReply) || !error.message.startsWith("NOSCRIPT")) throw error
          return toReply(await client.eval(script, options))
        }
      }),
    readHash: (key) => attempt("no", () => client.hGetAll(prefix + key)),
    readField: (key, field) => attempt("no", async () => (await client.hGet(prefix + key, field)) ?? undefined),
    readValues: (key) => attempt("no", () => client.hVals(prefix + key)),
    readRange: (key, upTo, offset, count) =>
      attempt("no", () => client.zRange(prefix + key, "-inf", upTo, { BY: "SCORE", LIMIT: { offset, count } }))
  }
}

/** The message of an engine may quote what it was sent, so only its first word, which is a code, is told. */
const failure = (error: unknown, applied: TaskDriverError["applied"]): TaskDriverError =>
  error instanceof ErrorReply
    ? new TaskDriverError({
      reason: `Redis refused the command (${
        error.message.split(" ", 1).join("")
      }); see its log, and its settings of memory and access`,
      retryable: /^(?:BUSY|LOADING|MASTERDOWN|OOM|READONLY|TRYAGAIN)/.test(error.message),
      // A script that is refused has written nothing, unless it failed in the middle.
      applied: error.message.startsWith("ERR") ? applied : "no"
    })
    : new TaskDriverError({
      reason: `Redis cannot be reached (${
        error instanceof Error ? error.name : "unknown error"
      }); see that it runs, and that the URL is right`,
      retryable: true,
      applied: error instanceof Error && error.name === "ClientOfflineError" ? "no" : applied,
      cause: error
    })

const toReply = (value: unknown): Reply => {
  if (value === null || value === undefined) return null
  if (typeof value === "string" || typeof value === "number") return value
  if (Array.isArray(value)) return value.map(toReply)
  throw new TypeError(`a step answered with ${typeof value}`)
}
