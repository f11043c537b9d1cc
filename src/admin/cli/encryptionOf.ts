/**
 * The keys that a command opens payloads with, and what it says where it has none.
 *
 * @since 0.2.0
 */
import * as Config from "effect/Config"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Encryption } from "../../layers/sealed/Encryption.ts"
import { CliTerminal } from "./CliTerminal.ts"
import type { CommandEnded } from "./ExitCode.ts"
import { KeysFlag } from "./globalFlags.ts"
import { readKeys } from "./readKeys.ts"

/**
 * Where the keys of a store are.
 *
 * @since 0.2.0
 * @category models
 */
export interface KeySource {
  /** The file of keys, if one was given. */
  readonly path: string | undefined
  /** How one is given. */
  readonly advice: string
}

/**
 * Gives the file of keys that a command was given, or that the environment has.
 *
 * @since 0.2.0
 * @category getters
 */
export const storageKeys: Effect.Effect<KeySource, never, Context.Service.Identifier<typeof KeysFlag>> = Effect.gen(
  function*() {
    const given = Option.getOrUndefined(yield* KeysFlag) ??
      Option.getOrUndefined(yield* Effect.orDie(Config.option(Config.String("TASKS_KEYS"))))
    return { path: given === "" ? undefined : given, advice: "give --keys FILE, or set TASKS_KEYS" }
  }
)

/**
 * Gives the encryption with which a store is opened. Without keys it seals nothing and opens nothing, so that a list shows everything
 * else. The first key that is missing is named, once, with what to give.
 *
 * @since 0.2.0
 * @category getters
 */
export const encryptionOf = Effect.fnUntraced(function*(
  { advice, path }: KeySource
): Effect.fn.Return<Encryption, CommandEnded, CliTerminal> {
  const { err } = yield* CliTerminal
  const file = path === undefined ? undefined : yield* readKeys(path)
  const keys = new Map(Object.entries(file?.keys ?? {}))
  let isTold = false
  const tell = (keyId: string): Effect.Effect<void> => {
    if (isTold) return Effect.void
    isTold = true
    return err(
      path === undefined
        ? `Payloads are sealed here, with the key "${keyId}" among others. To open them, ${advice}.\n`
        : `Payloads are sealed with the key "${keyId}", which the file of keys does not have.\n`
    )
  }
  return {
    current: file?.current ?? null,
    keys: (keyId) => keys.get(keyId) ?? Effect.as(tell(keyId), undefined)
  }
})
