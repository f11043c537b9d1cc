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
import type { InvalidInput, TaskStorageUnavailable } from "../../domain/TaskError.ts"
import type { TaskStorageShape } from "../../domain/TaskOperations.ts"
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
const storageUrl: Effect.Effect<string, CommandEnded, StorageFlags> = Effect.gen(function*() {
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
 * Opens the storage that a URL names, until the scope closes. It changes no schema, makes no file, and leaves the upkeep to the
 * servers, unless `schema` is `migrate`.
 *
 * @since 0.2.0
 * @category constructors
 */
const openUrl = Effect.fnUntraced(function*(
  url: string,
  schema: "verify" | "migrate" = "verify"
): Effect.fn.Return<
  TaskStorageShape,
  CommandEnded | InvalidInput | TaskStorageUnavailable,
  Scope.Scope | StorageFlags
> {
  if (/^(?:memory:|sqlite:(?:\/\/)?:memory:)/i.test(url)) {
    return yield* usageError(
      "Tasks in memory are those of one process, and this command is another one. Give the URL of a file, a database or a table."
    )
  }
  const tablePrefix = Option.getOrUndefined(yield* TablePrefixFlag)
  const databaseSchema = Option.getOrUndefined(yield* DatabaseSchemaFlag)
  const { layerFromUrl } = yield* Effect.promise(() => import("../../layers/TaskStorageUrl.ts"))
  const { TaskStorage } = yield* Effect.promise(() => import("../../domain/TaskStorage.ts"))
  const context = yield* Layer.build(layerFromUrl(url, {
    maintenance: false,
    sqlite: { schema, tablePrefix },
    postgres: { schema, tablePrefix, databaseSchema },
    dynamodb: { schema }
  }))
  return Context.get(context, TaskStorage)
})

/**
 * Opens the storage that a command is for, until the scope closes.
 *
 * @since 0.2.0
 * @category constructors
 */
export const openStorage = Effect.flatMap(storageUrl, (url) => openUrl(url))
