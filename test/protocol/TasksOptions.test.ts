/** The options of servers, and whose a task is. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { defaultLimits, limitsOf } from "../../src/protocol/OwnerLimits.ts"
import { anonymous, parseOwner } from "../../src/protocol/TaskOwner.ts"
import {
  boundedTtl,
  resolveTasksOptions,
  resolveToolPolicy,
  tasksLimitNames,
  tasksOptionNames,
  type TasksOptions,
  type ToolTaskOptions
} from "../../src/protocol/TasksOptions.ts"

const day = 24 * 60 * 60 * 1000
const resolved = (options: TasksOptions) => Result.getOrThrow(resolveTasksOptions(options))

describe("the options of a server", () => {
  it("have the defaults of every server", () => {
    const { answerTimeout, defaultTtl, lostWorker, maxTtl, pollInterval, resultTtl, taskSupport } = resolved({})
    assert.deepStrictEqual(
      { answerTimeout, defaultTtl, lostWorker, maxTtl, pollInterval, resultTtl, taskSupport },
      {
        answerTimeout: 300_000,
        defaultTtl: day,
        lostWorker: undefined,
        maxTtl: 30 * day,
        pollInterval: 1000,
        resultTtl: undefined,
        taskSupport: "optional"
      }
    )
    assert.includeMembers([...tasksOptionNames], ["taskSupport", "defaultTtl", "maxTtl", "pollInterval", "lostWorker"])
  })

  it("have limits, each of which can be taken away or set", () => {
    assert.deepStrictEqual(resolved({}).limits, defaultLimits)
    for (const name of tasksLimitNames) {
      if (name === "answerTimeout") continue
      assert.deepStrictEqual(resolved({ limits: { [name]: null } }).limits, { ...defaultLimits, [name]: Infinity })
      assert.deepStrictEqual(resolved({ limits: { [name]: 7 } }).limits, { ...defaultLimits, [name]: 7 })
    }
  })

  it("give all clients without an owner ten times as much of what lasts", () => {
    assert.strictEqual(limitsOf(defaultLimits, "ann"), defaultLimits)
    const { activeTasks, blockedResults, openCalls, openStreams, storedTasks } = defaultLimits
    assert.deepStrictEqual(limitsOf(defaultLimits, null), {
      ...defaultLimits,
      activeTasks: 10 * activeTasks,
      blockedResults: 10 * blockedResults,
      openCalls: 10 * openCalls,
      openStreams: 10 * openStreams,
      storedTasks: 10 * storedTasks
    })
  })

  it("are refused by their names", () => {
    const wrong: ReadonlyArray<readonly [string, TasksOptions]> = [
      ["defaultTtl", { defaultTtl: 0 }],
      ["maxTtl", { maxTtl: -1 }],
      ["resultTtl", { resultTtl: 0 }],
      ["pollInterval", { pollInterval: -1 }],
      ["taskAfter", { taskAfter: -1 }],
      ["lostWorker.maxAttempts", { lostWorker: { maxAttempts: 0 } }],
      ["lostWorker.attempts", { lostWorker: Object.assign({ maxAttempts: 3 }, { attempts: 3 }) }],
      ["inputOnPoll", Object.assign<TasksOptions, object>({}, { inputOnPoll: "no" })],
      ...tasksLimitNames.filter((name) => name !== "answerTimeout").flatMap((name) => [
        [`limits.${name}`, { limits: { [name]: 0 } }] as const,
        [`limits.${name}`, { limits: { [name]: 0.5 } }] as const,
        [`limits.${name}`, { limits: { [name]: Infinity } }] as const
      ]),
      ["limits.answerTimeout", { limits: { answerTimeout: -1 } }]
    ]
    for (const [field, options] of wrong) {
      const refused = resolveTasksOptions(options)
      assert.strictEqual(Result.isFailure(refused) ? refused.failure.field : undefined, field)
    }
  })

  it("hold for the tools that say nothing else", () => {
    const settings = resolved({ maxTtl: day, pollInterval: 5 })
    assert.deepStrictEqual(Result.getOrThrow(resolveToolPolicy(settings, {}, false)), {
      taskSupport: "optional",
      ttl: day,
      resultTtl: undefined,
      pollInterval: 5,
      taskAfter: 0,
      lostWorker: "fail",
      retry: undefined
    })
    assert.deepStrictEqual(
      Result.getOrThrow(resolveToolPolicy(settings, { taskSupport: "required", ttl: null, pollInterval: 7 }, true)),
      {
        taskSupport: "required",
        ttl: day,
        resultTtl: undefined,
        pollInterval: 7,
        taskAfter: 0,
        lostWorker: { maxAttempts: 3 },
        retry: undefined
      }
    )
    assert.strictEqual(boundedTtl(resolved({ maxTtl: null }), null), null)
  })

  it("say how long tasks live once they have ended, maxTtl at most", () => {
    const resultTtlOf = (options: TasksOptions, tool: ToolTaskOptions) =>
      Result.getOrThrow(resolveToolPolicy(resolved(options), tool, false)).resultTtl
    assert.strictEqual(resultTtlOf({ resultTtl: "1 hour" }, {}), day / 24)
    assert.strictEqual(resultTtlOf({ resultTtl: "1 hour" }, { resultTtl: "2 hours" }), day / 12)
    assert.strictEqual(resultTtlOf({}, { resultTtl: 5 }), 5)
    assert.strictEqual(resultTtlOf({ resultTtl: "60 days" }, {}), 30 * day)
    assert.strictEqual(resultTtlOf({ maxTtl: day }, { resultTtl: "2 days" }), day)
    assert.strictEqual(resultTtlOf({ maxTtl: null, resultTtl: "60 days" }, {}), 60 * day)
    const refused = resolveToolPolicy(resolved({}), { resultTtl: -1 }, false)
    assert.strictEqual(Result.isFailure(refused) ? refused.failure.field : undefined, "resultTtl")
  })
})

describe("the retries of a tool", () => {
  const retry = { times: 2, delay: "1 second" } as const

  it("make its calls tasks at once, whatever the server says of taskAfter", () => {
    const policy = Result.getOrThrow(resolveToolPolicy(resolved({ taskAfter: "1 second" }), { retry }, false))
    assert.deepStrictEqual([policy.retry, policy.taskAfter], [retry, 0])
  })

  it("are refused by their names", () => {
    const wrong: ReadonlyArray<readonly [string, ToolTaskOptions]> = [
      ["retry.times", { retry: { times: 0, delay: 1 } }],
      ["retry.delay", { retry: { times: 1, delay: -1 } }],
      ["retry.factor", { retry: { times: 1, delay: 1, factor: 0.5 } }],
      ["taskAfter", { retry, taskAfter: 5 }]
    ]
    for (const [field, options] of wrong) {
      const refused = resolveToolPolicy(resolved({}), options, false)
      assert.strictEqual(Result.isFailure(refused) ? refused.failure.field : undefined, field)
    }
  })
})

describe("an owner", () => {
  it.effect("is an id, or an id with a principal", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* parseOwner("ann"), { id: "ann", principal: undefined, canList: true })
      const withMore = yield* parseOwner({ id: "ann", principal: { a: 1 } })
      assert.deepStrictEqual(withMore, { id: "ann", principal: { a: 1 }, canList: true })
      assert.deepStrictEqual(yield* parseOwner(anonymous), { id: null, principal: undefined, canList: false })
    }))

  it.effect("is nobody else for whatever a function gives that is no id", () =>
    Effect.forEach(
      [undefined, null, "", {}, { id: "" }, { id: null }, 7, "a".repeat(256), "a\u0000"],
      (owner) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* Effect.flip(parseOwner(owner)))._tag, "OwnerMissing")
        })
    ))
})
