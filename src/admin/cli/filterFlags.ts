/**
 * The flags that say which tasks a command is for, spelled as in the API.
 *
 * @since 0.2.0
 */
import * as CliError from "effect/cli/CliError"
import type * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskFilter } from "../../domain/options/TaskOptions.ts"
import { ResultKind } from "../../domain/task/TaskOutcome.ts"
import { TaskStatus } from "../../domain/task/TaskStatus.ts"
import { parseLength, parseTime, timeForm } from "../parseTime.ts"
import { type CommandEnded, usageError } from "./ExitCode.ts"
import { flagWords } from "./flagWords.ts"

/**
 * A flag that takes a time.
 *
 * @since 0.2.0
 * @category flags
 */
const timeFlag = (name: string, description: string): Flag.Flag<Option.Option<DateTime.Utc>> =>
  Flag.String(name).pipe(
    Flag.mapEffect((text) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const time = parseTime(text, now)
        return time === undefined
          ? Effect.fail(new CliError.InvalidValue({ option: name, value: text, expected: timeForm, kind: "flag" }))
          : Effect.succeed(time)
      })
    ),
    Flag.withMetavar("TIME"),
    Flag.withDescription(description),
    Flag.optional
  )

/**
 * A flag that takes a length of time, in milliseconds.
 *
 * @since 0.2.0
 * @category flags
 */
export const lengthFlag = (name: string, description: string): Flag.Flag<Option.Option<number>> =>
  Flag.String(name).pipe(
    Flag.filterMap((text) => Option.fromUndefinedOr(parseLength(text)), () => "a time such as 500ms, 2s, 15m or 2d"),
    Flag.withMetavar("LENGTH"),
    Flag.withDescription(description),
    Flag.optional
  )

const text = (name: string, metavar: string, description: string): Flag.Flag<Option.Option<string>> =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

/**
 * The flags of a filter. The order is that of help.
 *
 * @since 0.2.0
 * @category flags
 */
export const filterFlags = {
  status: Flag.Literals("status", TaskStatus.literals).pipe(
    Flag.withDescription("Only tasks in this status; more than once for one of several"),
    Flag.atLeast(0)
  ),
  name: text("name", "NAME", "Only tasks of this name, such as that of a tool"),
  unnamed: Flag.Boolean("unnamed").pipe(
    Flag.withDescription("Only tasks without a name"),
    Flag.withoutNegation,
    Flag.withDefault(false)
  ),
  method: text("method", "METHOD", "Only tasks of this method, such as tools/call"),
  session: text("session", "SESSION", "Only tasks that are bound to this session"),
  worker: text("worker", "WORKER", "Only tasks that this worker has, or had when they ended: its id, or an end of it"),
  resultKind: Flag.Literals("result-kind", ResultKind.literals).pipe(
    Flag.withDescription("Only tasks with an outcome of this kind; more than once for one of several"),
    Flag.atLeast(0)
  ),
  since: timeFlag("since", "Only tasks that were created after this time; the same as --created-after"),
  createdAfter: timeFlag("created-after", `Only tasks that were created at this time or later: ${timeForm}`),
  createdBefore: timeFlag("created-before", "Only tasks that were created before this time"),
  updatedAfter: timeFlag("updated-after", "Only tasks that were last written at this time or later"),
  updatedBefore: timeFlag("updated-before", "Only tasks that were last written before this time")
}

/**
 * What the flags of a filter give.
 *
 * @since 0.2.0
 * @category models
 */
export type FilterInput = Command.Command.Config.Infer<typeof filterFlags>

/**
 * A filter as the storage takes it.
 *
 * @since 0.2.0
 * @category models
 */
export interface CliFilter extends Omit<TaskFilter, "order"> {
  readonly sessionId?: string
}

/**
 * Reads the flags of a filter.
 *
 * @since 0.2.0
 * @category parsers
 */
export const readFilter = Effect.fnUntraced(function*(input: FilterInput): Effect.fn.Return<CliFilter, CommandEnded> {
  if (Option.isSome(input.since) && Option.isSome(input.createdAfter)) {
    return yield* usageError("--since and --created-after are the same. Give one of them.")
  }
  if (input.unnamed && Option.isSome(input.name)) {
    return yield* usageError("A task cannot have the name of --name and no name, as --unnamed says. Give one of them.")
  }
  const some = <Name extends keyof CliFilter, A extends CliFilter[Name]>(name: Name, value: Option.Option<A>) =>
    Option.isSome(value) ? { [name]: value.value } : {}
  return {
    ...(input.status.length === 0 ? {} : { status: input.status }),
    ...(input.unnamed ? { name: null } : some("name", input.name)),
    ...some("method", input.method),
    ...some("sessionId", input.session),
    ...some("worker", input.worker),
    ...(input.resultKind.length === 0 ? {} : { resultKind: input.resultKind }),
    ...some("createdAfter", Option.orElse(input.since, () => input.createdAfter)),
    ...some("createdBefore", input.createdBefore),
    ...some("updatedAfter", input.updatedAfter),
    ...some("updatedBefore", input.updatedBefore)
  }
})

/**
 * Writes a filter as its flags. Times are whole, so that the flags mean the same whenever they are read: a cursor is bound to them.
 *
 * @since 0.2.0
 * @category conversions
 */
export const filterWords = (filter: CliFilter): ReadonlyArray<string> => {
  const {
    createdAfter,
    createdBefore,
    method,
    name,
    resultKind,
    sessionId,
    status,
    updatedAfter,
    updatedBefore,
    worker
  } = filter
  const time = (name: string, value: DateTime.Utc | undefined) =>
    flagWords(name, value === undefined ? undefined : DateTime.formatIso(value))
  const flags = (name: string, values: string | ReadonlyArray<string> = []) =>
    (typeof values === "string" ? [values] : values).flatMap((value) => flagWords(name, value))
  return [
    ...flags("status", status),
    ...(name === null ? ["--unnamed"] : flagWords("name", name)),
    ...flagWords("method", method),
    ...flagWords("session", sessionId),
    ...flagWords("worker", worker),
    ...flags("result-kind", resultKind),
    ...time("created-after", createdAfter),
    ...time("created-before", createdBefore),
    ...time("updated-after", updatedAfter),
    ...time("updated-before", updatedBefore)
  ]
}
