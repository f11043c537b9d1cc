/**
 * The command that goes on where one ended.
 *
 * @since 0.2.0
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { flagWords } from "./flagWords.ts"
import { DatabaseSchemaFlag, JsonFlag, KeysFlag, TablePrefixFlag, UrlFlag } from "./globalFlags.ts"
import type { StorageFlags } from "./openStorage.ts"
import { programName } from "./programName.ts"
import { safeUrl } from "./safeText.ts"
import { shellWords } from "./shellWords.ts"

/**
 * What the next command is like.
 *
 * @since 0.2.0
 * @category models
 */
export interface NextCommand {
  /** The name of the command and its flags, without those of every command and those below. */
  readonly words: ReadonlyArray<string>
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
  /** What has no flag: ids, or a file. */
  readonly operands?: ReadonlyArray<string>
}

/**
 * The flags that the next command repeats.
 *
 * @since 0.2.0
 * @category models
 */
export type RepeatedFlags =
  | StorageFlags
  | Context.Service.Identifier<typeof KeysFlag>
  | Context.Service.Identifier<typeof JsonFlag>

/**
 * Gives the function that writes the next command, so that a person can copy it. It repeats the flags of every command that were
 * given. What the environment says, it says next time too. A password in the URL is hidden.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeNextCommand: Effect.Effect<(next: NextCommand) => string, never, RepeatedFlags> = Effect.gen(
  function*() {
    const repeated = [
      ...flagWords("url", Option.getOrUndefined(Option.map(yield* UrlFlag, safeUrl))),
      ...flagWords("keys", Option.getOrUndefined(yield* KeysFlag)),
      ...((yield* JsonFlag) ? ["--json"] : []),
      ...flagWords("table-prefix", Option.getOrUndefined(yield* TablePrefixFlag)),
      ...flagWords("database-schema", Option.getOrUndefined(yield* DatabaseSchemaFlag))
    ]
    return ({ cursor, limit, operands = [], words }) =>
      shellWords([
        programName,
        ...words,
        ...flagWords("limit", limit?.toString()),
        ...flagWords("cursor", cursor),
        ...repeated,
        ...(operands.some((operand) => operand.startsWith("-")) ? ["--"] : []),
        ...operands
      ])
  }
)
