import { describe, expect, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { firstHold, parseFirstHold, parseHold, parseNextHold } from "../../../src/domain/options/parseHold.ts"
import { heldByWorker } from "../../../src/domain/task/StoredTask.ts"

const refused = (result: Result.Result<unknown, { readonly field: string; readonly reason: string }>) => {
  const { field, reason } = Result.getOrThrow(Result.flip(result))
  return `${field} ${reason}`
}

describe("who claims a task", () => {
  it("is one that holds it for a time, or a registered worker", () => {
    expect(Result.getOrThrow(parseHold({ lease: "1 second" }))).toEqual({ lease: 1_000 })
    expect(Result.getOrThrow(parseHold({ worker: "w" }))).toEqual({ worker: "w" })
    expect(Result.getOrThrow(parseHold({ worker: undefined, lease: 1 }))).toEqual({ lease: 1 })
    expect(Result.getOrThrow(parseHold({ worker: "w", lease: undefined }))).toEqual({ worker: "w" })
  })

  it("is neither nobody nor both", () => {
    for (const options of [undefined, {}, { lease: undefined, worker: undefined }]) {
      expect(refused(parseHold(options))).toBe("lease must be given, if no worker is")
    }
    expect(refused(parseHold({ lease: 1, worker: "w" }))).toMatch(/^lease does not go with worker/)
    expect(refused(parseHold({ lease: 0 }))).toMatch(/^lease must be a duration/)
    expect(refused(parseHold({ worker: "" }))).toMatch(/^worker /)
  })
})

describe("a new task", () => {
  const first = (options: Parameters<typeof parseFirstHold>[0]) =>
    firstHold(100, Result.getOrThrow(parseFirstHold(options)))
  const nobody = { worker: null, startedAt: null, attempt: 0 }

  it("is held, waits for a worker, waits until later, or is nobody's", () => {
    expect(first({})).toEqual({ ...nobody, leaseExpiresAt: null, dueAt: null })
    expect(first({ lease: 0 })).toEqual({ ...nobody, leaseExpiresAt: 0, dueAt: null })
    expect(first({ delay: 0 })).toEqual({ ...nobody, leaseExpiresAt: 0, dueAt: null })
    expect(first({ delay: 20 })).toEqual({ ...nobody, leaseExpiresAt: 120, dueAt: 120 })
    expect(first({ lease: 20 })).toEqual({ leaseExpiresAt: 120, dueAt: null, worker: null, startedAt: 100, attempt: 1 })
    expect(first({ worker: "w" })).toEqual({
      leaseExpiresAt: heldByWorker,
      dueAt: null,
      worker: "w",
      startedAt: 100,
      attempt: 1
    })
  })

  it.each([
    [{ lease: 1, worker: "w" }, /^lease does not go with worker/],
    [{ lease: 0, worker: "w" }, /^lease does not go with worker/],
    [{ lease: 0, delay: 0 }, /^lease does not go with delay/],
    [{ worker: "w", delay: 0 }, /^worker does not go with delay/],
    [{ delay: -1 }, /^delay must be a duration/],
    [{ lease: -1 }, /^lease must be a duration/],
    [{ worker: "a\u0000" }, /^worker /]
  ])("is refused with %j", (options, reason) => {
    expect(refused(parseFirstHold(options))).toMatch(reason)
  })
})

describe("the one who has a task", () => {
  const next = (options: Parameters<typeof parseNextHold>[0]) => Result.getOrThrow(parseNextHold(options))(100)

  it("keeps it as it is, extends its lease, gives it up, or lets it wait", () => {
    expect(next(undefined)).toEqual({})
    expect(next({})).toEqual({})
    // The start of the work stays.
    expect(next({ lease: 20 })).toEqual({ leaseExpiresAt: 120, dueAt: null, worker: null })
    const released = { dueAt: null, worker: null, startedAt: null }
    expect(next({ lease: 0 })).toEqual({ ...released, leaseExpiresAt: 0 })
    expect(next({ delay: 0 })).toEqual({ ...released, leaseExpiresAt: 0 })
    expect(next({ delay: 20 })).toEqual({ ...released, leaseExpiresAt: 120, dueAt: 120 })
  })

  it.each([
    [{ lease: 1, delay: 1 }, /^lease does not go with delay/],
    [{ lease: -1 }, /^lease must be a duration/],
    [{ delay: 0.5 }, /^delay must be a duration/]
  ])("is refused with %j", (options, reason) => {
    expect(refused(parseNextHold(options))).toMatch(reason)
  })
})
