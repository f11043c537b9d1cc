/**
 * Opening the storage that a command is for.
 *
 * @since 0.2.0
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../../domain/task/TaskError.ts"
import type { Encryption } from "../../layers/sealed/Encryption.ts"
import type { TaskStorageUrlOptions } from "../../layers/TaskStorageUrl.ts"
import { encryptionOf, storageKeys } from "./encryptionOf.ts"
import { type CommandEnded, usageError } from "./ExitCode.ts"
import { DatabaseSchemaFlag, TablePrefixFlag, UrlFlag } from "./globalFlags.ts"

/**
 * The flags that say which storage it is.
 *
 * @since 0.2.0
 * @category models
 */
export type StorageFlags =
  | Context.Service.Identifier<typeof UrlFlag>
  | Context.Service.Identifier<typeof TablePrefixFlag>
  | Context.Service.Identifier<typeof DatabaseSchemaFlag>

/**
 * Gives the URL that a command was given, or that the environment has.
 *
 * @since 0.2.0
 * @category getters
 */
export const storageUrl: Effect.Effect<string, CommandEnded, StorageFlags> = Effect.gen(function*() {
  const given = Option.getOrUndefined(yield* UrlFlag) ??
    Option.getOrUndefined(yield* Effect.orDie(Config.option(Config.String("TASKS_URL"))))
  if (given === undefined || given === "") {
    return yield* usageError(
      "Which storage? Give --url, or set TASKS_URL: sqlite:FILE, postgres://… or dynamodb://TABLE"
    )
  }
  return given
})

/**
 * What a store is opened for. With `verify` nothing of its schema is changed, and no file is made.
 *
 * @since 0.2.0
 * @category options
 */
export interface OpeningOptions {
  readonly schema: "verify" | "migrate"
  /** Whether it is opened as by those who limit how many tasks there are. */
  readonly limits?: boolean
  /** Whether it is opened as by those who limit how many are active. */
  readonly activeLimits?: boolean
  /** Its keys. The schema needs none. */
  readonly encryption?: Encryption
}

/**
 * Gives the options with which a URL is opened. The upkeep is left to the servers.
 *
 * @since 0.2.0
 * @category getters
 */
export const storageOptions = Effect.fnUntraced(function*(
  url: string,
  { activeLimits = false, encryption, limits = false, schema }: OpeningOptions
): Effect.fn.Return<TaskStorageUrlOptions, CommandEnded, StorageFlags> {
  if (/^(?:memory:|sqlite:(?:\/\/)?:memory:)/i.test(url)) {
    return yield* usageError(
      "Tasks in memory are those of one process, and this command is another one. Give the URL of a file, a database or a table."
    )
  }
  const tablePrefix = Option.getOrUndefined(yield* TablePrefixFlag)
  const databaseSchema = Option.getOrUndefined(yield* DatabaseSchemaFlag)
  return {
    maintenance: false,
    encryption,
    maxTasks: limits ? Number.MAX_SAFE_INTEGER : undefined,
    maxActive: activeLimits ? Number.MAX_SAFE_INTEGER : undefined,
    sqlite: { schema, tablePrefix },
    postgres: { schema, tablePrefix, databaseSchema },
    dynamodb: { schema }
  }
})

/**
 * The functions that take a URL. They are loaded when they are needed, since help needs none of them.
 *
 * @since 0.2.0
 * @category getters
 */
export const urlFunctions = Effect.promise(() => import("../../layers/TaskStorageUrl.ts"))

/**
 * Opens the storage that a URL names, until the scope closes.
 *
 * @since 0.2.0
 * @category constructors
 */
export const openUrl = Effect.fnUntraced(function*(
  url: string,
  opening: OpeningOptions
): Effect.fn.Return<
  TaskStorageShape,
  CommandEnded | InvalidInput | TaskStorageUnavailable,
  Scope.Scope | StorageFlags
> {
  const options = yield* storageOptions(url, opening)
  const { layerFromUrl } = yield* urlFunctions
  const { TaskStorage } = yield* Effect.promise(() => import("../../domain/TaskStorage.ts"))
  return Context.get(yield* Layer.build(layerFromUrl(url, options)), TaskStorage)
})

/**
 * Opens the storage that a command is for, until the scope closes.
 *
 * @since 0.2.0
 * @category constructors
 */
export const openStorage = Effect.gen(function*() {
  const url = yield* storageUrl
  return yield* openUrl(url, { schema: "verify", encryption: yield* encryptionOf(yield* storageKeys) })
})
