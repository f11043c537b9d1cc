/**
 * What `createTask` promises.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { equal, equalRecord, hasFields, holds, refused } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, mustGet, success, terminalStatuses, tool } from "./fixtures.ts"

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/**
 * @since 0.1.0
 * @category suite
 */
export const createGroup: ContractGroup = {
  subject: "createTask",
  cases: [
    contractCase("fills in the defaults and stores exactly what it gives", function*({ clock, first, second }) {
      const created = yield* first.createTask(tool)
      const now = clock.currentTimeMillisUnsafe()
      yield* hasFields("a created task", created, {
        createdAt: now,
        lastUpdatedAt: now,
        originalMethod: "tools/call",
        revision: 1,
        status: "working",
        taskId: created.taskId,
        ttl: null
      })
      yield* equal("its fields", Object.keys({ ...created }).length, 7)
      yield* equalRecord("as another process reads it", yield* mustGet(second, created.taskId), created)
    }),

    contractCase("generates ids as UUIDs of version 7 that differ in more than the last digits", function*({ first }) {
      const ids = new Set<string>()
      const tails = new Set<string>()
      for (let index = 0; index < 20; index++) {
        const { taskId } = yield* first.createTask(tool)
        yield* holds(`${taskId} is a UUID of version 7`, uuidV7.test(taskId))
        ids.add(taskId)
        tails.add(taskId.slice(15, 23))
      }
      yield* equal("different ids", ids.size, 20)
      yield* equal("different random parts within a millisecond", tails.size, 20)
    }),

    contractCase("takes ids from the option generateId", function*({ first }) {
      yield* hasFields("the task", yield* first.createTask(tool), { taskId: "generated" })
      yield* refused("the same id again", first.createTask(tool), { _tag: "TaskAlreadyExists", taskId: "generated" })
    }, { generateId: Effect.succeed("generated") }),

    contractCase("keeps every field it is given", function*({ first, second }) {
      const createdAt = DateTime.makeUnsafe("2025-12-31T23:59:59.999Z")
      const lastUpdatedAt = DateTime.makeUnsafe("2026-01-01T00:00:00.001Z")
      const created = yield* first.createTask({
        originalMethod: "prompts/get",
        originalParams: { name: "x" },
        ttl: 10_000_000_000,
        pollInterval: 250,
        statusMessage: "half way",
        meta: { owner: "me" },
        sessionId: "session-1",
        taskId: "given",
        status: "input_required",
        createdAt,
        lastUpdatedAt,
        result: failure,
        inputRequests: { a: { method: "elicitation/create" } },
        inputResponses: { b: null },
        requestState: "state"
      })
      yield* equal("the record", { ...(yield* mustGet(second, "given")) }, { ...created })
      yield* hasFields("the record", created, {
        createdAt: createdAt.epochMilliseconds,
        inputRequests: { a: { method: "elicitation/create" } },
        inputResponses: { b: null },
        lastUpdatedAt: lastUpdatedAt.epochMilliseconds,
        meta: { owner: "me" },
        originalMethod: "prompts/get",
        originalParams: { name: "x" },
        pollInterval: 250,
        requestState: "state",
        result: failure,
        resultKind: "error",
        revision: 1,
        sessionId: "session-1",
        status: "input_required",
        statusMessage: "half way",
        taskId: "given",
        ttl: 10_000_000_000
      })
    }),

    contractCase("treats undefined fields as absent", function*({ first }) {
      const created = yield* first.createTask({
        ...tool,
        originalParams: undefined,
        meta: undefined,
        statusMessage: undefined,
        sessionId: undefined,
        status: undefined
      })
      yield* equal("the number of fields", Object.keys({ ...created }).length, 7)
    }),

    contractCase("derives the kind of a result that it is given", function*({ first }) {
      const kinds = [
        [success, "success"],
        [{ _tag: "Success", value: { isError: true } }, "tool_error"],
        [{ _tag: "Success", value: { isError: "true" } }, "success"],
        [{ _tag: "Success", value: null }, "success"],
        [failure, "error"]
      ] as const
      for (const [result, resultKind] of kinds) {
        yield* hasFields("the task", yield* first.createTask({ ...tool, status: "completed", result }), { resultKind })
      }
    }),

    ...terminalStatuses.map((status) =>
      contractCase(`asks for nothing with a task that is ${status} from the start`, function*({ first }) {
        const created = yield* createIn(first, "one", status, { inputRequests: { a: 1 }, inputResponses: { b: 1 } })
        yield* hasFields("the task", created, { inputRequests: undefined, inputResponses: { b: 1 }, status })
        yield* equalRecord("as it is read", yield* mustGet(first, "one"), created)
      })
    ),

    contractCase("leaves an existing task untouched", function*({ clock, first, second }) {
      const created = yield* first.createTask({ ...tool, taskId: "one", meta: { kept: true } })
      yield* clock.advance(5)
      yield* refused("the id again", second.createTask({ originalMethod: "other", taskId: "one" }), {
        _tag: "TaskAlreadyExists",
        taskId: "one"
      })
      yield* equalRecord("the old task", yield* mustGet(first, "one"), created)
    }),

    contractCase("lets exactly one of many concurrent creators have an id", function*({ first, second }) {
      const results = yield* Effect.all(
        Array.from(
          { length: 16 },
          (_, index) =>
            Effect.exit((index % 2 === 0 ? first : second).createTask({ ...tool, taskId: "one", meta: { index } }))
        ),
        { concurrency: "unbounded" }
      )
      const winners = results.filter((exit) => exit._tag === "Success")
      yield* equal("winners", winners.length, 1)
      yield* equalRecord("the stored task", yield* mustGet(first, "one"), winners[0]?.value)
    }),

    contractCase("creates ids that differ by little as different tasks", function*({ first, second }) {
      const ids = [
        "a",
        "A",
        "a ",
        " a",
        "á",
        "a\u0301",
        "ß",
        "ss",
        "1",
        "01",
        "1.0",
        "null",
        "__proto__",
        "%",
        "_",
        "'"
      ]
      for (const taskId of ids) yield* createIn(first, taskId, "working", { meta: { taskId } })
      for (const taskId of ids) {
        yield* hasFields(`task ${taskId}`, yield* mustGet(second, taskId), { meta: { taskId }, taskId })
      }
      yield* equal("tasks", yield* first.taskCount(), ids.length)
    }),

    contractCase("keeps times of any year that a Date can hold", function*({ first, second }) {
      for (const millis of [-8.64e15, -62_135_596_800_001, -1, 0, 1, 253_402_300_800_000, 8.64e15]) {
        const createdAt = DateTime.makeUnsafe(millis)
        const taskId = `at ${millis}`
        yield* first.createTask({ ...tool, createdAt, lastUpdatedAt: createdAt, taskId })
        const record = yield* mustGet(second, taskId)
        yield* equal(taskId, [record.createdAt.epochMilliseconds, record.lastUpdatedAt.epochMilliseconds], [
          millis,
          millis
        ])
      }
      const millis = (yield* second.listTasks()).tasks.map(({ createdAt }) => createdAt.epochMilliseconds)
      yield* equal("the order", millis, millis.toSorted((left, right) => left - right))
    }),

    contractCase("gives what is left out the layer's defaults", function*({ first }) {
      yield* hasFields("without", yield* first.createTask(tool), { pollInterval: 750, ttl: 60_000 })
      yield* hasFields("with", yield* first.createTask({ ...tool, ttl: null, pollInterval: 0 }), {
        pollInterval: 0,
        ttl: null
      })
    }, { defaultTtl: "1 minute", defaultPollInterval: 750 })
  ]
}
