/** Whatever work in promises throws, gives or asks for, its task ends soon, and the process lives on. */
import { openTaskRunner, type PromiseTaskContext, TaskFailure } from "mcp-task-storage/promise"
import { describe, expect, onTestFinished, test } from "vitest"
import { badRequests, badResults, thrownValues } from "../runner/hostile.ts"

const call = { originalMethod: "tools/call", originalParams: { name: "odd" } }
const silent = { onError: () => undefined }

const endOf = async (work: (context: PromiseTaskContext) => unknown, reports: object = silent) => {
  const runner = await openTaskRunner("memory:", { recovery: false, ...reports })
  onTestFinished(() => runner.close())
  const { taskId } = await runner.startTask(call, async (_, context) => work(context))
  return runner.storage.awaitTask(taskId, { signal: AbortSignal.timeout(5_000) })
}

describe("work that rejects with", () => {
  test.each(thrownValues)("%s", async (_, make, told) => {
    const { failure, result, status } = await endOf(() => Promise.reject(make()))
    expect({ status, result }).toStrictEqual({
      status: "failed",
      result: { _tag: "Error", code: -32603, message: "Internal error" }
    })
    expect(`${failure?.name}: ${failure?.message}`).toContain(told)
  })

  test.each(thrownValues)("%s, which is told on stderr", async (_, make) => {
    expect((await endOf(() => Promise.reject(make()), {})).status).toBe("failed")
  })

  test.each(thrownValues)("%s, with a logger that throws", async (_, make) => {
    const fail = () => {
      throw make()
    }
    const logger = { debug: fail, info: fail, warn: fail, error: fail }
    expect((await endOf(() => Promise.reject(make()), { logger, onError: fail })).status).toBe("failed")
  })
})

test.each(thrownValues)("a step that rejects with %s", async (_, make, told) => {
  const { failure, status } = await endOf(({ step }) => step("one", () => Promise.reject(make())))
  expect(status).toBe("failed")
  expect(`${failure?.name}: ${failure?.message}`).toContain(told)
})

// A promise itself looks at what it is resolved with, and rejects where that throws.
const givenResults = badResults.filter(([name]) => name !== "a revoked proxy")

test.each(givenResults)("a result that is no JSON: %s", async (_, make, told) => {
  const { failure, status, statusMessage } = await endOf(make)
  expect([status, failure?.name]).toStrictEqual(["failed", "InvalidInput"])
  expect(statusMessage).toContain("The result is not what JSON can carry")
  expect(statusMessage).toContain(told)
})

test.each(badResults)("a step that gives what is no JSON: %s", async (_, make) => {
  expect((await endOf(({ step }) => step("one", async () => make()))).status).toBe("failed")
})

test.each(badRequests)("a request that is none: %s", async (_, ask, told) => {
  const { failure, status, statusMessage } = await endOf((context) => ask(context))
  expect(status).toBe("failed")
  expect(statusMessage).toContain(told)
  expect(failure?.message).toContain(told)
})

test("a TaskFailure is what its client is told", async () => {
  const { failure, result } = await endOf(() => {
    throw new TaskFailure({ code: -32001, message: "Locked" })
  })
  expect([result, failure]).toStrictEqual([{ _tag: "Error", code: -32001, message: "Locked" }, undefined])
})
