/**
 * Filters as they stand in an address, spelled as in the API: `status=failed&name=report&createdAfter=1h`.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import { parseStatus } from "../../domain/options/ArgumentParsers.ts"
import type { StorageListOptions } from "../../domain/options/TaskOptions.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { ResultKind } from "../../domain/task/TaskOutcome.ts"
import { parseTime, timeForm } from "../parseTime.ts"

type AddressFilter = Omit<StorageListOptions, "cursor" | "limit">

/**
 * A filter, and its address with times of its own in place of such as `1h`, which mean another time a moment later.
 *
 * @since 0.2.0
 * @category models
 */
export interface ReadFilter {
  readonly filter: AddressFilter
  readonly fixed: string
}

type Read<A> = Result.Result<A, InvalidInput>

const refuse = (field: string, reason: string): Read<never> => Result.fail(new InvalidInput({ field, reason }))

const times = ["createdAfter", "createdBefore", "updatedAfter", "updatedBefore"] as const

/** `status` and `resultKind` may come several times. A name that is empty means tasks without a name. */
const names = ["status", "method", "name", "worker", "resultKind", "sessionId", "order", ...times] as const

/**
 * Reads a filter at a time, in milliseconds since 1970. Fails with `InvalidInput` for a name that it does not know: a misspelt filter
 * must not show, or change, more than was meant.
 *
 * @since 0.2.0
 * @category parsers
 */
export const readFilter = (address: URLSearchParams, now: number): Read<ReadFilter> =>
  Result.gen(function*() {
    const known: ReadonlyArray<string> = names
    for (const name of address.keys()) {
      if (!known.includes(name)) return yield* refuse(name.slice(0, 60), `is no filter; known are ${names.join(", ")}`)
      if (name !== "status" && name !== "resultKind" && address.getAll(name).length > 1) {
        return yield* refuse(name, "must be there once")
      }
    }
    const fixed = new URLSearchParams(address)
    const filter: { -readonly [Name in keyof AddressFilter]: AddressFilter[Name] } = {}
    const statuses = address.getAll("status")
    if (statuses.length > 0) {
      filter.status = yield* Result.all(statuses.map((status) => parseStatus("status", status)))
    }
    for (const name of ["method", "worker", "sessionId"] as const) {
      const value = address.get(name)
      if (value !== null) filter[name] = value
    }
    const name = address.get("name")
    if (name !== null) filter.name = name === "" ? null : name
    const kinds = address.getAll("resultKind")
    if (kinds.length > 0) {
      filter.resultKind = yield* Result.all(kinds.map((kind) => oneOf("resultKind", ResultKind.literals, kind)))
    }
    const order = address.get("order")
    if (order !== null) filter.order = yield* oneOf("order", ["oldest", "newest"], order)
    for (const name of times) {
      const value = address.get(name)
      if (value === null) continue
      const time = yield* readTime(name, value, now)
      filter[name] = time
      fixed.set(name, DateTime.formatIso(time))
    }
    return { filter, fixed: fixed.toString() }
  })

const oneOf = <const A extends string>(field: string, known: ReadonlyArray<A>, value: string): Read<A> => {
  const found = known.find((name) => name === value)
  return found === undefined ? refuse(field, `must be one of ${known.join(", ")}`) : Result.succeed(found)
}

const readTime = (field: string, text: string, now: number): Read<DateTime.Utc> => {
  const time = parseTime(text, now)
  return time === undefined ? refuse(field, `must be ${timeForm}`) : Result.succeed(time)
}
