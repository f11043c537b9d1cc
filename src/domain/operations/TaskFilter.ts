/**
 * Which tasks a list of summaries gives, and in which order.
 *
 * An engine finds tasks by session, status and time of creation, by index. What else a filter says is decided here, on the
 * summaries that the engine gave, so that it means the same on each of them.
 *
 * @since 0.2.0
 */
import type * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import { type TaskOrder, type TaskRange, wholeRange } from "../driver/TaskRange.ts"
import { allOf } from "../effects/allOf.ts"
import type { StoredJson } from "../json/StoredJson.ts"
import {
  orAbsent,
  orNull,
  parseId,
  parseShortText,
  parseStatus,
  parseText,
  parseTime
} from "../options/ArgumentParsers.ts"
import { maxNameLength } from "../options/maxNameLength.ts"
import type { TaskFilter } from "../options/TaskOptions.ts"
import type { StoredSummary } from "../task/StoredTask.ts"
import { InvalidInput } from "../task/TaskError.ts"
import { ResultKind } from "../task/TaskOutcome.ts"
import { type TaskStatus, taskStatuses } from "../task/TaskStatus.ts"

/**
 * What is decided on summaries.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskSearch {
  readonly method?: StoredJson
  readonly name?: StoredJson | null
  readonly worker?: string
  readonly resultKinds?: ReadonlyArray<ResultKind>
  readonly updatedAfter?: number
  readonly updatedBefore?: number
}

/**
 * A filter in its two parts. Without `search` the engine decides everything.
 *
 * @since 0.2.0
 * @category models
 */
export interface ParsedFilter {
  readonly range: TaskRange
  readonly search: TaskSearch | undefined
}

/**
 * The filter of a list of all tasks.
 *
 * @since 0.2.0
 * @category constants
 */
export const noFilter: ParsedFilter = { range: wholeRange, search: undefined }

/**
 * Tells whether a search is for this task.
 *
 * @since 0.2.0
 * @category guards
 */
export const isSought = (
  { method, name, resultKinds, updatedAfter, updatedBefore, worker }: TaskSearch,
  task: StoredSummary
): boolean =>
  (method === undefined || task.originalMethod.text === method.text) &&
  (name === undefined || task.name?.text === name?.text) &&
  (worker === undefined || task.worker === worker) &&
  (resultKinds === undefined || (task.resultKind !== null && resultKinds.includes(task.resultKind))) &&
  (updatedAfter === undefined || task.lastUpdatedAt >= updatedAfter) &&
  (updatedBefore === undefined || task.lastUpdatedAt < updatedBefore)

type Parsed<A> = Result.Result<A, InvalidInput>

/**
 * Parses a filter.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseFilter = (filter: TaskFilter | undefined): Parsed<ParsedFilter> =>
  filter === undefined
    ? Result.succeed(noFilter)
    : Result.map(allOf([parseRange(filter), parseSearch(filter)]), ([range, search]) => ({ range, search }))

const parseRange = ({ createdAfter, createdBefore, order, status }: TaskFilter): Parsed<TaskRange> =>
  Result.map(
    allOf([
      orAbsent(status, parseStatuses),
      orAbsent(order, parseOrder),
      parseTimes("created", createdAfter, createdBefore)
    ]),
    ([statuses, order, [createdAfter, createdBefore]]) => ({
      order: order ?? "oldest",
      statuses: statuses ?? undefined,
      createdAfter,
      createdBefore
    })
  )

/** The two times of a range that holds at least a millisecond. */
const parseTimes = (
  field: "created" | "updated",
  after: DateTime.Utc | undefined,
  before: DateTime.Utc | undefined
): Parsed<readonly [after: number | undefined, before: number | undefined]> =>
  Result.flatMap(
    allOf([
      orAbsent(after, (value) => parseTime(`${field}After`, value)),
      orAbsent(before, (value) => parseTime(`${field}Before`, value))
    ]),
    ([after, before]) =>
      after !== null && before !== null && after >= before
        ? Result.fail(new InvalidInput({ field: `${field}Before`, reason: `must be later than ${field}After` }))
        : Result.succeed([after ?? undefined, before ?? undefined])
  )

const parseStatuses = (status: NonNullable<TaskFilter["status"]>): Parsed<ReadonlyArray<TaskStatus>> =>
  parseSeveral("status", status, taskStatuses, (value) => parseStatus("status", value))

/** Gives them in one order, each once, so that a filter has one form. */
const parseSeveral = <A extends string>(
  field: string,
  value: A | ReadonlyArray<A>,
  known: ReadonlyArray<A>,
  parse: (value: unknown) => Parsed<A>
): Parsed<ReadonlyArray<A>> => {
  if (typeof value === "string" || !Array.isArray(value)) return Result.map(parse(value), (one) => [one])
  return value.length === 0
    ? Result.fail(new InvalidInput({ field, reason: `must name at least one ${field}` }))
    : Result.map(
      Result.all(value.map((one: unknown) => parse(one))),
      (named) => known.filter((one) => named.includes(one))
    )
}

const parseOrder = (order: unknown): Parsed<TaskOrder> =>
  order === "oldest" || order === "newest"
    ? Result.succeed(order)
    : Result.fail(new InvalidInput({ field: "order", reason: "must be oldest or newest" }))

const parseSearch = (filter: TaskFilter): Parsed<TaskSearch | undefined> => {
  const { method, name, resultKind, updatedAfter, updatedBefore, worker } = filter
  return Result.map(
    allOf([
      orAbsent(method, (value) => parseText("method", value)),
      orNull(name, (value) => parseShortText("name", value, maxNameLength)),
      orAbsent(worker, (value) => parseId("worker", value)),
      orAbsent(resultKind, parseResultKinds),
      parseTimes("updated", updatedAfter, updatedBefore)
    ]),
    ([method, named, worker, resultKinds, [updatedAfter, updatedBefore]]) => {
      const search: TaskSearch = {
        ...(method === null ? {} : { method }),
        ...(name === undefined ? {} : { name: named }),
        ...(worker === null ? {} : { worker }),
        ...(resultKinds === null ? {} : { resultKinds }),
        ...(updatedAfter === undefined ? {} : { updatedAfter }),
        ...(updatedBefore === undefined ? {} : { updatedBefore })
      }
      return Object.keys(search).length === 0 ? undefined : search
    }
  )
}

const parseResultKinds = (kind: NonNullable<TaskFilter["resultKind"]>): Parsed<ReadonlyArray<ResultKind>> =>
  parseSeveral("resultKind", kind, ResultKind.literals, parseResultKind)

const parseResultKind = (value: unknown): Parsed<ResultKind> => {
  const kind = ResultKind.literals.find((known) => known === value)
  return kind === undefined
    ? Result.fail(new InvalidInput({ field: "resultKind", reason: `must be one of ${ResultKind.literals.join(", ")}` }))
    : Result.succeed(kind)
}
