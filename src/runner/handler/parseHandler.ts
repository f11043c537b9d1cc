/**
 * Checks of handlers when they are registered. One that is wrong would be found when tasks are looked for, and would keep the runner
 * from all of them.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { orAbsent, parseMillis, parseShortText, parseText } from "../../domain/options/ArgumentParsers.ts"
import { maxNameLength } from "../../domain/options/maxNameLength.ts"
import { optionNames, parseNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { parseLostWorker } from "./parseLostWorker.ts"
import { type ParsedRetry, parseRetry } from "./RetryPolicy.ts"
import type { LostWorkerPolicy, TaskHandler } from "./TaskHandler.ts"

/**
 * What a handler says of its tasks, checked.
 *
 * @since 0.2.0
 * @category models
 */
export interface ParsedHandler {
  readonly lostWorker: LostWorkerPolicy
  readonly retry: ParsedRetry | undefined
  /** Milliseconds. */
  readonly resultTtl: number | undefined
}

const names = optionNames<TaskHandler>({
  lostWorker: true,
  method: true,
  name: true,
  resultOfFailure: true,
  resultTtl: true,
  retry: true,
  run: true
})

/**
 * Parses a handler.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseHandler = <E, R>(handler: TaskHandler<E, R>): Result.Result<ParsedHandler, InvalidInput> => {
  if (typeof handler !== "object" || handler === null) return refuse("handler", "must be an object")
  const { lostWorker, method, name, resultOfFailure, resultTtl, retry, run } = handler
  return Result.map(
    Result.all([
      parseNames(handler, names),
      parseText("method", method),
      orAbsent(name, (value) => parseShortText("name", value, maxNameLength)),
      parseFunction("run", run),
      orAbsent(resultOfFailure, (value) => parseFunction("resultOfFailure", value)),
      orAbsent(lostWorker, parseLostWorker),
      orAbsent(resultTtl, (value) => parseMillis("resultTtl", value, 1)),
      orAbsent(retry, parseRetry)
    ]),
    ([, , , , , lostWorker, resultTtl, retry]) => ({
      lostWorker: lostWorker ?? "fail",
      resultTtl: resultTtl ?? undefined,
      retry: retry ?? undefined
    })
  )
}

const parseFunction = (field: string, value: unknown): Result.Result<void, InvalidInput> =>
  typeof value === "function" ? Result.void : refuse(field, "must be a function")

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))
