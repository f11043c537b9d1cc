/**
 * Reading a file of keys.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { CliTerminal } from "./CliTerminal.ts"
import { type CommandEnded, failedWith, usageError } from "./ExitCode.ts"
import { safeLine } from "./safeText.ts"

/** The keys of a store by their ids, in base64, and the id of the one that seals what is written; `null` for none. */
const KeyFile = Schema.Struct({
  current: Schema.NullOr(Schema.String),
  keys: Schema.Record(Schema.String, Schema.String)
})

/**
 * What a file of keys says.
 *
 * @since 0.2.0
 * @category models
 */
export type KeyFile = typeof KeyFile.Type

const decodeFile = Schema.decodeUnknownResult(Schema.fromJsonString(KeyFile), { onExcessProperty: "error" })

const form = `{ "current": "k1", "keys": { "k1": "<base64 of 32 bytes>" } }`

/**
 * Reads a file of keys. Its errors name the file and the id of a key, and never a key. Warns of a file that everybody can read.
 *
 * @since 0.2.0
 * @category parsers
 */
export const readKeys = Effect.fnUntraced(function*(
  path: string
): Effect.fn.Return<KeyFile, CommandEnded, CliTerminal> {
  const { err } = yield* CliTerminal
  const { keyFrom, parseEncryption } = yield* Effect.promise(() => import("../../layers/sealed/Encryption.ts"))
  const { isPublic, text } = yield* Effect.catch(readFile(path), (unread) =>
    // Who takes the option for the keys themselves must not find them in a log.
    path.includes("{") || keyFrom(path.trim()) !== undefined
      ? usageError("--keys and TASKS_KEYS take the path of a file. Write the keys into a file, and give its path.")
      : Effect.fail(unread))
  if (isPublic) {
    yield* err(
      `${safeLine(`Warning: every user of this machine can read the keys in ${path}. Run chmod 600 on it.`)}\n`
    )
  }
  // What these say of a fault quotes the text, and so the keys.
  const decoded = decodeFile(text)
  if (Result.isFailure(decoded)) return yield* usageError(`${path} is no file of keys. It must be JSON: ${form}`)
  const parsed = parseEncryption(decoded.success)
  if (Result.isFailure(parsed)) {
    const { field, reason } = parsed.failure
    return yield* usageError(`${path} cannot be used: ${field.replace("encryption.", "")} ${reason}.`)
  }
  return decoded.success
})

/** Everybody is neither the owner of the file nor in its group. Windows has no such modes. */
const readableByOthers = 0o004

const readFile = Effect.fnUntraced(function*(path: string) {
  const { promises } = yield* Effect.promise(() => import("node:fs"))
  return yield* Effect.tryPromise({
    try: async () => {
      const { mode } = await promises.stat(path)
      const isPublic = process.platform !== "win32" && (mode & readableByOthers) !== 0
      return { isPublic, text: await promises.readFile(path, "utf8") }
    },
    catch: (fault) => failedWith(`${path} cannot be read: ${fault instanceof Error ? fault.message : String(fault)}`)
  })
})
