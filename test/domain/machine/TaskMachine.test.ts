import { describe, expect, it, vi } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { applyPatch, isAbandoned, permits, settledPatch, withStatus } from "../../../src/domain/driver/TaskWrite.ts"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import {
  decideClaim,
  extendedFrom,
  type Hold,
  holdFrom,
  momentAfter,
  releasedFrom
} from "../../../src/domain/machine/TaskHold.ts"
import {
  decideProvideInput,
  decideReplacement,
  decideRequireInput,
  decideStep,
  planRecovery,
  planSettle,
  planStoreResult,
  planTouch,
  planTransition
} from "../../../src/domain/machine/TaskMachine.ts"
import { maxSteps } from "../../../src/domain/task/PartLimits.ts"
import { asText, contentBytes, heldByWorker, type StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { ResultKind } from "../../../src/domain/task/TaskOutcome.ts"
import {
  activeStatuses,
  canTransition,
  isTerminal,
  predecessors,
  TaskStatus,
  taskStatuses
} from "../../../src/domain/task/TaskStatus.ts"
import { storedTask, text } from "../../layers/storedTask.ts"

const outcome = { result: StoredJson.fromJson({ _tag: "Success", value: 1 }), resultKind: "success" } as const

/** What a task that was left ends with. */
const recovered = {
  ...outcome,
  resultKind: "error",
  statusMessage: text("gone"),
  failure: text("a failure"),
  failureStack: null
} as const

const stored = (fields: Partial<StoredTask> = {}): StoredTask =>
  storedTask("t", { createdAt: 0, lastUpdatedAt: 0, ...fields })

/** Every state that a write can meet. */
const states = Arbitrary.map(
  Arbitrary.schema(Schema.Struct({
    status: TaskStatus,
    resultKind: Schema.NullOr(ResultKind),
    revision: Schema.Literals([1, 2]),
    attempt: Schema.Literals([0, 1, 2]),
    message: Schema.NullOr(Schema.Literals(["", "a message"])),
    leaseExpiresAt: Schema.NullOr(Schema.Literals([0, 3, 9])),
    asked: Schema.Boolean
  })),
  ({ asked, attempt, leaseExpiresAt, message, resultKind, revision, status }) =>
    stored({
      status,
      attempt,
      leaseExpiresAt: isTerminal(status) ? null : leaseExpiresAt,
      resultKind,
      revision,
      result: resultKind === null ? null : outcome.result,
      statusMessage: message === null ? null : text(message),
      inputRequests: asked ? StoredJson.fromJson({ a: 1 }) : null
    })
)

it("a task is settled as by any transition to an end", () => {
  const { result } = outcome
  for (const status of ["completed", "failed"] as const) {
    expect(settledPatch(status, result, "error", 5)).toStrictEqual(
      withStatus(status, { lastUpdatedAt: 5, result, resultKind: "error" })
    )
  }
})

describe("the transition table", () => {
  it("is the one of the contract", () => {
    const pairs = taskStatuses.flatMap((from) =>
      taskStatuses.filter((to) => canTransition(from, to)).map((to) => [from, to])
    )
    expect(pairs).toEqual([
      ["working", "input_required"],
      ["working", "completed"],
      ["working", "failed"],
      ["working", "cancelled"],
      ["input_required", "working"],
      ["input_required", "completed"],
      ["input_required", "failed"],
      ["input_required", "cancelled"]
    ])
    expect(activeStatuses).toEqual(["working", "input_required"])
    for (const to of taskStatuses) {
      expect(predecessors(to)).toEqual(taskStatuses.filter((from) => canTransition(from, to)))
    }
  })
})

describe("plans", () => {
  const limit = contentBytes(stored()) + text("a message").bytes
  const limits = { maxContentBytes: limit, payloadBytes: asText }
  const messages = Schema.Literals(["keep", "clear", "short", "long"])
  const writers = Schema.Struct({ attempt: Schema.optionalKey(Schema.Literals([1, 2])) })
  const patches = {
    keep: {},
    clear: { statusMessage: null },
    short: { statusMessage: text("a message") },
    long: { statusMessage: text("a longer message") }
  }

  it.prop(
    "refuse with a reason that the stored task bears out",
    [states, TaskStatus, messages, writers],
    ([task, to, message, writer]) => {
      const isLost = writer.attempt !== undefined && writer.attempt !== task.attempt
      const change = patches[message]
      const next = (status: TaskStatus) => ({
        ...task,
        ...change,
        ...(isTerminal(status) ? { inputRequests: null, leaseExpiresAt: null } : {})
      })
      const grows = (status: TaskStatus) =>
        (message === "short" || message === "long") && contentBytes(next(status)) > limit
      const transition = planTransition(to, change, writer, 5, limits)
      expect(permits(transition.guard, task, transition.patch)).toBe(
        canTransition(task.status, to) && !grows(to) && !isLost
      )
      if (!permits(transition.guard, task, transition.patch)) {
        expect(transition.refuse(task)._tag).toBe(
          grows(to)
            ? "PayloadTooLarge"
            : isLost
            ? "LeaseLost"
            : isTerminal(task.status)
            ? "TerminalState"
            : "InvalidTransition"
        )
      }

      const settle = planSettle(outcome, undefined, change, writer, 5, limits)
      expect(permits(settle.guard, task, settle.patch)).toBe(
        !isTerminal(task.status) && task.result === null && !grows("completed") && !isLost
      )
      if (!permits(settle.guard, task, settle.patch)) {
        expect(settle.refuse(task)._tag).toBe(
          grows("completed")
            ? "PayloadTooLarge"
            : isLost
            ? "LeaseLost"
            : task.result === null
            ? "TerminalState"
            : "ResultAlreadyStored"
        )
      }

      const touch = planTouch(change, writer, 5, limits)
      expect(permits(touch.guard, task, touch.patch)).toBe(
        !isTerminal(task.status) && !grows("working") && !isLost
      )
      if (!permits(touch.guard, task, touch.patch)) {
        expect(touch.refuse(task)._tag).toBe(
          grows("working") ? "PayloadTooLarge" : isLost ? "LeaseLost" : "TerminalState"
        )
      }

      const store = planStoreResult(outcome, {}, writer, 5)
      expect(permits(store.guard, task, store.patch)).toBe(
        task.status !== "cancelled" && task.result === null && !isLost
      )
      if (!permits(store.guard, task, store.patch)) {
        expect(store.refuse(task)._tag).toBe(
          isLost ? "LeaseLost" : task.result === null ? "TerminalState" : "ResultAlreadyStored"
        )
      }
    },
    { arbitrary: { runs: 1000 } }
  )

  it.prop(
    "never change an ended status, nor leave requests outstanding or a lease on an ended task",
    [states, TaskStatus],
    ([task, to]) => {
      const plans = [
        planTransition(to, {}, {}, 5, limits),
        planSettle(outcome, "failed", {}, {}, 5, limits),
        planStoreResult(outcome, {}, {}, 5),
        planTouch({ ttl: 1 }, {}, 5, limits)
      ]
      for (const { guard, patch } of plans) {
        if (!permits(guard, task, patch)) continue
        const next = applyPatch(task, patch)
        expect(next.revision).toBe(task.revision + 1)
        expect(next.lastUpdatedAt).toBe(5)
        if (isTerminal(task.status)) expect(next.status).toBe(task.status)
        if (isTerminal(next.status) && next.status !== task.status) expect(next.inputRequests).toBeNull()
        if (isTerminal(next.status)) expect(next.leaseExpiresAt).toBeNull()
        expect(next.attempt).toBe(task.attempt)
        if (task.result !== null) expect(next.result).toBe(task.result)
      }
    }
  )

  it("recover to what a stored outcome implies, and not what was written since", () => {
    const plan = (kind: ResultKind | null) =>
      planRecovery(kind, recovered, activeStatuses, { updatedBefore: 100, freeSince: 100 }, {
        expiry: { at: 900, maxTtl: 800 }
      }, 200)
    const abandoned = stored({ lastUpdatedAt: 99 })
    const done = stored({ lastUpdatedAt: 99, result: outcome.result, resultKind: "success" })
    const bare = plan(null)
    expect(permits(bare.guard, abandoned, bare.patch)).toBe(true)
    expect(applyPatch(abandoned, bare.patch)).toMatchObject({
      status: "failed",
      resultKind: "error",
      failure: recovered.failure,
      ttl: 800
    })
    expect(permits(bare.guard, done, bare.patch)).toBe(false)
    expect(permits(bare.guard, stored({ lastUpdatedAt: 100 }), bare.patch)).toBe(false)
    expect(permits(bare.guard, stored({ lastUpdatedAt: 99, status: "completed" }), bare.patch)).toBe(false)
    const implied = plan("success")
    expect(permits(implied.guard, done, implied.patch)).toBe(true)
    expect(permits(implied.guard, abandoned, implied.patch)).toBe(false)
    expect(applyPatch(done, implied.patch)).toMatchObject({
      status: "completed",
      statusMessage: null,
      failure: null,
      result: outcome.result,
      ttl: 800
    })
    expect(plan("error").patch.status).toBe("failed")
    expect(plan("tool_error").patch.status).toBe("completed")
  })

  it("recover what a worker left, and not what waits for one or is held", () => {
    const { guard, patch } = planRecovery(null, recovered, ["working"], { leaseExpiredBy: 100 }, {}, 200)
    const isRecovered = (fields: Partial<StoredTask>) => permits(guard, stored(fields), patch)
    expect(isRecovered({ leaseExpiresAt: 100 })).toBe(true)
    expect(isRecovered({ leaseExpiresAt: 1 })).toBe(true)
    expect(isRecovered({ leaseExpiresAt: 101 })).toBe(false)
    expect(isRecovered({ leaseExpiresAt: 0 })).toBe(false)
    expect(isRecovered({ leaseExpiresAt: null })).toBe(false)
    expect(isRecovered({ leaseExpiresAt: 100, status: "input_required" })).toBe(false)
    expect(applyPatch(stored({ attempt: 3, leaseExpiresAt: 100 }), patch)).toMatchObject({
      attempt: 3,
      leaseExpiresAt: null,
      status: "failed"
    })
  })
})

describe("a claim", () => {
  const claim = (fields: Partial<StoredTask>, isHolderDead = false, hold: Hold = { lease: 50 }) =>
    decideClaim(stored(fields), hold, isHolderDead, 100)

  it("takes what nobody holds, and tells what a worker left", () => {
    const cases = [
      [{ leaseExpiresAt: null }, false],
      [{ leaseExpiresAt: 0 }, false],
      [{ leaseExpiresAt: 1 }, true],
      [{ leaseExpiresAt: 100 }, true],
      [{ leaseExpiresAt: 100, dueAt: 100 }, false],
      [{ leaseExpiresAt: 100, dueAt: 90 }, true],
      // What a dead worker held is abandoned from the moment at which that was noticed.
      [{ leaseExpiresAt: 100, worker: "w", startedAt: 10 }, true]
    ] as const
    for (const [fields, abandoned] of cases) {
      expect(Result.getOrThrow(claim({ attempt: 4, ...fields }))).toEqual({
        patch: { lastUpdatedAt: 100, attempt: 5, leaseExpiresAt: 150, dueAt: null, worker: null, startedAt: 100 },
        abandoned
      })
    }
  })

  it("of a registered worker lasts for as long as that lives", () => {
    expect(Result.getOrThrow(claim({ attempt: 1, leaseExpiresAt: 0 }, false, { worker: "w" })).patch).toEqual({
      lastUpdatedAt: 100,
      attempt: 2,
      leaseExpiresAt: heldByWorker,
      dueAt: null,
      worker: "w",
      startedAt: 100
    })
  })

  it("is refused for what is held or not yet due, and first for what has ended", () => {
    const refused = (fields: Partial<StoredTask>) => Result.getOrThrow(Result.flip(claim(fields)))
    expect(refused({ leaseExpiresAt: 101 })).toMatchObject({ _tag: "LeaseHeld", remaining: 1 })
    expect(refused({ leaseExpiresAt: 130, dueAt: 130 })).toMatchObject({ _tag: "LeaseHeld", remaining: 30 })
    expect(refused({ leaseExpiresAt: 101, status: "failed" })).toMatchObject({ _tag: "TerminalState" })
    const held = { leaseExpiresAt: heldByWorker, worker: "w" }
    expect(refused(held)).toMatchObject({ _tag: "LeaseHeld", worker: "w" })
    expect(refused(held)).not.toHaveProperty("remaining")
    expect(refused({ ...held, status: "failed" })).toMatchObject({ _tag: "TerminalState" })
  })

  it("takes what a dead worker holds, and nothing that is under a lease of its own", () => {
    const held = { leaseExpiresAt: heldByWorker, worker: "w" }
    expect(Result.getOrThrow(claim(held, true))).toMatchObject({ abandoned: true, patch: { worker: null } })
    expect(Result.isFailure(claim({ leaseExpiresAt: 101, worker: "w" }, true))).toBe(true)
  })
})

describe("a hold", () => {
  it("ends before the moment that stands for a registered worker", () => {
    const end = heldByWorker - 1
    expect(momentAfter(5, Number.MAX_SAFE_INTEGER)).toBe(end)
    expect(holdFrom(5, { lease: Number.MAX_SAFE_INTEGER }).leaseExpiresAt).toBe(end)
    expect(extendedFrom(5, Number.MAX_SAFE_INTEGER).leaseExpiresAt).toBe(end)
    expect(releasedFrom(5, Number.MAX_SAFE_INTEGER)).toMatchObject({ leaseExpiresAt: end, dueAt: end })
  })

  it("that is extended keeps the start, and is no longer that of a worker", () => {
    const task = stored({ leaseExpiresAt: heldByWorker, worker: "w", startedAt: 3, attempt: 1 })
    expect(applyPatch(task, extendedFrom(100, 50))).toMatchObject({ leaseExpiresAt: 150, worker: null, startedAt: 3 })
  })

  it("that is given up leaves nothing of the worker, and a delay that is nobody's fault", () => {
    expect(releasedFrom(100, 0)).toEqual({ leaseExpiresAt: 0, dueAt: null, worker: null, startedAt: null })
    expect(releasedFrom(100, 20)).toEqual({ leaseExpiresAt: 120, dueAt: 120, worker: null, startedAt: null })
    expect(isAbandoned(releasedFrom(100, 0))).toBe(false)
    expect(isAbandoned(releasedFrom(100, 20))).toBe(false)
    expect(isAbandoned(holdFrom(100, { lease: 20 }))).toBe(true)
    // After a delay a lease that happens to end later is no delay.
    expect(isAbandoned(applyPatch(stored({ leaseExpiresAt: 120, dueAt: 120 }), extendedFrom(120, 30)))).toBe(true)
  })
})

describe("a step and an answer", () => {
  const long = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`key-${index}`, { index }]))
  const map = StoredJson.fromJson(long)
  const limits = { maxContentBytes: 10_000_000, payloadBytes: asText }

  it("are added to what is stored without decoding it", () => {
    const decode = vi.spyOn(StoredJson.prototype, "decode")
    const step = decideStep(stored({ steps: map }), "new", text("value"), {}, {}, 5, limits)
    const asking = stored({ status: "input_required", inputRequests: map })
    const answer = decideProvideInput(asking, StoredJson.fromJson({ "key-7": "yes" }), 5, limits)
    expect(decode).not.toHaveBeenCalled()
    decode.mockRestore()
    expect(Result.getOrThrow(step).patch?.steps?.decode()).toEqual({ ...long, new: "value" })
    const { complete, patch } = Result.getOrThrow(answer)
    const { "key-7": _, ...left } = long
    expect([complete, patch?.inputRequests?.decode(), patch?.inputResponses?.decode()])
      .toEqual([false, left, { "key-7": "yes" }])
  })

  it("are no more than a task takes, unless it has more already", () => {
    const keys = (count: number) =>
      StoredJson.fromJson(Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}`, 1])))
    const isRefused = (decision: Result.Result<unknown, { readonly _tag: string }>) =>
      Result.isFailure(decision) && decision.failure._tag === "InvalidInput"
    for (const [count, expected] of [[maxSteps - 1, false], [maxSteps, true], [maxSteps + 1, true]] as const) {
      const task = stored({ steps: keys(count), inputRequests: keys(count), status: "input_required" })
      expect(isRefused(decideStep(task, "new", text("x"), {}, {}, 5, limits))).toBe(expected)
      expect(isRefused(decideStep(task, "0", text("x"), {}, {}, 5, limits))).toBe(false)
      expect(isRefused(decideRequireInput(task, StoredJson.fromJson({ new: 1 }), {}, {}, 5, limits))).toBe(expected)
      expect(isRefused(decideReplacement(task, { ...task, ttl: 9 }, 5))).toBe(false)
      const more = { ...task, steps: keys(count + 1) }
      expect(isRefused(decideReplacement(task, more, 5))).toBe(expected)
      expect(isRefused(decideReplacement(task, { ...task, inputRequests: keys(count + 1) }, 5))).toBe(expected)
    }
  })
})

describe("a full replacement", () => {
  const decide = (task: StoredTask, change: Partial<StoredTask>) => {
    const decision = decideReplacement(task, { ...task, ...change }, 5)
    return Result.isFailure(decision) ? decision.failure._tag : applyPatch(task, decision.success)
  }

  it("gives the first of several reasons to refuse", () => {
    const task = stored({ status: "cancelled", result: outcome.result, resultKind: "success" })
    const worst = { createdAt: 1, sessionId: "s", revision: 2, result: null, status: "working" } as const
    expect(decide(task, worst)).toBe("InvalidInput")
    expect(decide(task, { ...worst, createdAt: 0 })).toBe("InvalidInput")
    expect(decide(task, { ...worst, createdAt: 0, sessionId: null })).toBe("ConcurrentModification")
    expect(decide(task, { status: "working", result: null })).toBe("ResultAlreadyStored")
    expect(decide(task, { status: "working" })).toBe("TerminalState")
    expect(decide(stored({ status: "cancelled" }), { result: outcome.result, resultKind: "success" })).toBe(
      "TerminalState"
    )
  })

  it("keeps a result that is stored, and takes one that is not", () => {
    const other = StoredJson.fromJson({ _tag: "Success", value: 2 })
    const done = stored({ status: "completed", result: outcome.result, resultKind: "success" })
    expect(decide(done, { result: other })).toBe("ResultAlreadyStored")
    expect(decide(done, { statusMessage: text("seen") })).toMatchObject({ result: outcome.result, revision: 2 })
    expect(decide(stored({ status: "completed" }), outcome)).toMatchObject(outcome)
  })

  it("follows the state machine, and leaves an unchanged status alone", () => {
    for (const from of taskStatuses) {
      for (const to of taskStatuses) {
        const result = decide(stored({ status: from }), { status: to })
        if (from === to || canTransition(from, to)) expect(result).toMatchObject({ status: to })
        else expect(result).toBe(isTerminal(from) ? "TerminalState" : "InvalidTransition")
      }
    }
  })
})
