/** What clients are told of what goes wrong, and what the operator is. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TaskError from "../../src/domain/task/TaskError.ts"
import { limitReached } from "../../src/protocol/OwnerLimits.ts"
import { OwnerMissing } from "../../src/protocol/TaskOwner.ts"
import {
  failWire,
  httpStatusOf,
  missingCapability,
  OperatorReport,
  type WireError
} from "../../src/protocol/WireError.ts"
import { TooManyTasks } from "../../src/runner/service/TaskRunner.ts"

const taskId = "t"
const secret = "postgres://admin:hunter2@db"
const unavailable = { operation: "getTask", reason: secret, retryable: true, applied: "no" } as const

const table: ReadonlyArray<{
  readonly error: Extract<Parameters<typeof failWire>[0], { readonly _tag: string }>
  readonly code: number
  readonly says: RegExp
  readonly reported: boolean
}> = [
  { error: new TaskError.TaskNotFound({ taskId }), code: -32602, says: /^Task not found: t$/, reported: false },
  {
    error: new TaskError.InvalidInput({ field: "taskId", reason: "must not be empty" }),
    code: -32602,
    says: /^Task not found: t$/,
    reported: false
  },
  {
    error: new TaskError.InvalidInput({ field: "responses", reason: "is nested over 500 levels" }),
    code: -32602,
    says: /^Invalid inputResponses: is nested over 500 levels$/,
    reported: false
  },
  {
    error: new TaskError.InvalidInput({ field: "originalParams", reason: "is nested over 500 levels" }),
    code: -32602,
    says: /^Invalid arguments: is nested/,
    reported: false
  },
  {
    error: new TaskError.InvalidInput({ field: "meta", reason: secret }),
    code: -32603,
    says: /^Inter/,
    reported: true
  },
  { error: new TaskError.InvalidCursor({ reason: "?" }), code: -32602, says: /^Invalid cursor$/, reported: false },
  { error: new TaskError.PayloadTooLarge({ limit: 10, actual: 20 }), code: -32602, says: /20.*10/, reported: false },
  {
    error: new TaskError.MaxTasksReached({ scope: "storage", limit: 1 }),
    code: -32603,
    says: /later/,
    reported: true
  },
  {
    error: new TaskError.MaxTasksReached({ scope: "session", limit: 7 }),
    code: -32603,
    says: /^The limit of 7 stored tasks per owner is reached\. Wait/,
    reported: false
  },
  {
    error: new TaskError.MaxTasksReached({ scope: "activePerSession", limit: 7 }),
    code: -32603,
    says: /^The limit of 7 active tasks per owner is reached\. Wait/,
    reported: false
  },
  {
    error: new TaskError.MaxTasksReached({ scope: "active", limit: 7 }),
    code: -32603,
    says: /later/,
    reported: true
  },
  { error: new TooManyTasks({ scope: "runner", limit: 1 }), code: -32603, says: /later/, reported: true },
  {
    error: new TooManyTasks({ scope: "session", limit: 7 }),
    code: -32603,
    says: /^The limit of 7 running tasks per owner is reached\. Wait/,
    reported: false
  },
  { error: new TaskError.TerminalState({ taskId, status: "failed" }), code: -32602, says: /'failed'/, reported: false },
  { error: new OwnerMissing({ reason: "it is null" }), code: -32600, says: /owner/, reported: false },
  { error: new TaskError.TaskStorageUnavailable(unavailable), code: -32603, says: /later/, reported: true },
  {
    error: new TaskError.InvalidTransition({ taskId, current: "working", requested: "working" }),
    code: -32603,
    says: /^Internal error$/,
    reported: true
  },
  {
    error: new TaskError.LeaseHeld({ taskId, worker: secret }),
    code: -32603,
    says: /^Internal error$/,
    reported: true
  },
  { error: new TaskError.WorkerLost({ workerId: secret }), code: -32603, says: /^Internal error$/, reported: true }
]

describe("an error for a client", () => {
  for (const { code, error, reported, says } of table) {
    it.effect(`of ${error._tag} says ${says}`, () =>
      Effect.gen(function*() {
        const heard: Array<unknown> = []
        const told: WireError = yield* Effect.flip(failWire(error, taskId)).pipe(
          Effect.provideService(OperatorReport, (failure) => Effect.sync(() => void heard.push(failure)))
        )
        assert.strictEqual(told.code, code)
        assert.match(told.message, says)
        assert.notInclude(told.message, secret)
        assert.deepStrictEqual(heard, reported ? [error] : [])
      }))
  }

  it("has the HTTP status that the protocol says, and 429 where a stream is one too many", () => {
    assert.strictEqual(httpStatusOf(missingCapability), 400)
    assert.strictEqual(httpStatusOf({ code: -32602, message: "" }), 200)
    assert.strictEqual(httpStatusOf(limitReached("openStreams", 1)), 429)
    assert.strictEqual(httpStatusOf(limitReached("activeTasks", 1)), 200)
    const ofTool = { reason: "LimitReached", limit: "patience" }
    assert.strictEqual(httpStatusOf({ code: -32000, message: "", data: ofTool }), 200)
  })
})
