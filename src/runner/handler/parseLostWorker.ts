/**
 * Reading what happens to tasks whose worker died.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { parseCount } from "../../domain/options/ArgumentParsers.ts"
import { optionNames, parseNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import type { LostWorkerPolicy } from "./TaskHandler.ts"

const names = optionNames<Exclude<LostWorkerPolicy, "fail">>({ maxAttempts: true })

/**
 * Parses a policy. One without a number of attempts would run a task that kills its workers for ever.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseLostWorker = (policy: LostWorkerPolicy): Result.Result<LostWorkerPolicy, InvalidInput> => {
  if (policy === "fail") return Result.succeed(policy)
  if (typeof policy !== "object" || policy === null || Array.isArray(policy)) {
    return Result.fail(
      new InvalidInput({ field: "lostWorker", reason: "must be \"fail\", or an object with maxAttempts" })
    )
  }
  return Result.flatMap(
    parseNames(policy, names, "lostWorker."),
    () => Result.map(parseCount("lostWorker.maxAttempts", policy.maxAttempts), (maxAttempts) => ({ maxAttempts }))
  )
}
