/**
 * Checks of the options of servers, where a program without a compiler gets them wrong: Node runs TypeScript without checking it.
 *
 * @since 0.2.0
 */
import type * as McpServer from "effect/ai/McpServer"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { optionNames, parseNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { anonymous } from "../../protocol/TaskOwner.ts"
import { tasksOptionNames } from "../../protocol/TasksOptions.ts"
import type { HttpTasksOptions, TasksOptions } from "./TasksOptions.ts"

type StdioServerOptions = Parameters<typeof McpServer.layerStdio>[0]
type RequestScopedServerOptions = Parameters<typeof McpServer.layerHttpRequestScoped>[0]
type HttpServerOptions = Parameters<typeof McpServer.layerHttp>[0]

const stdioNames: ReadonlyArray<string> = [
  ...optionNames<StdioServerOptions>({
    name: true,
    version: true,
    instructions: true,
    description: true,
    websiteUrl: true,
    icons: true,
    protocols: true,
    extensions: true,
    cacheHints: true,
    registrations: true
  }),
  ...tasksOptionNames,
  ...optionNames<Pick<TasksOptions, "principal">>({ principal: true })
]

const requestScopedNames: ReadonlyArray<string> = [
  ...stdioNames,
  ...optionNames<Omit<RequestScopedServerOptions, keyof StdioServerOptions>>({ path: true, allowedOrigins: true }),
  ...optionNames<Omit<HttpTasksOptions, keyof TasksOptions>>({ owner: true })
]

const httpNames: ReadonlyArray<string> = [
  ...requestScopedNames,
  ...optionNames<Omit<HttpServerOptions, keyof RequestScopedServerOptions>>({
    allowSessionTermination: true,
    allowSubscriptions: true
  })
]

/** What a server may be told wrongly without a compiler. */
interface Given {
  readonly principal?: unknown
}

interface GivenOverHttp extends Given {
  readonly owner: unknown
}

/**
 * Checks the options of `layerStdio`, their names too.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseStdioOptions = (options: Given): Result.Result<void, InvalidInput> =>
  Result.flatMap(parseNames(options, stdioNames), () => parsePrincipal(options))

/**
 * Checks the options of `layerHttpRequestScoped`, their names too.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseRequestScopedOptions = (options: GivenOverHttp): Result.Result<void, InvalidInput> =>
  parseOverHttp(options, requestScopedNames)

/**
 * Checks the options of `layerHttp`, their names too.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseHttpOptions = (options: GivenOverHttp): Result.Result<void, InvalidInput> =>
  parseOverHttp(options, httpNames)

const parseOverHttp = (options: GivenOverHttp, names: ReadonlyArray<string>): Result.Result<void, InvalidInput> => {
  const { owner } = options
  return Result.flatMap(parseNames(options, names), () => {
    // Without an owner everybody would list, read and cancel the tasks of everybody.
    if (owner !== anonymous && !Effect.isEffect(owner)) {
      return refuse("owner", "must be an effect that gives the id of a user, or `McpTasks.anonymous`")
    }
    return parsePrincipal(options)
  })
}

const parsePrincipal = ({ principal }: Given): Result.Result<void, InvalidInput> =>
  principal === undefined || Effect.isEffect(principal) ? Result.void : refuse("principal", "must be an effect")

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))
