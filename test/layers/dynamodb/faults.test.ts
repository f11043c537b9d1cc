/** What is reported when DynamoDB throttles, fails, cannot be reached or refuses. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { wholeRange } from "../../../src/domain/driver/TaskRange.ts"
import { makeDriver } from "../../../src/layers/DynamoDbTaskStorage.ts"
import { storedTask } from "../storedTask.ts"
import { connection, describeWithEngine, freshTable } from "./engine.ts"
import { denied, isWrite, serverError, throttled, timeout } from "./faults.ts"
import { interceptedClient } from "./interceptedClient.ts"
import { anyone, driverThrough, unlimited } from "./storages.ts"

const conflict = () =>
  Object.assign(new Error("cancelled"), {
    name: "TransactionCanceledException",
    $metadata: { httpStatusCode: 400 },
    CancellationReasons: [{ Code: "TransactionConflict" }]
  })

const retryTimeout = 300

const unreachable = () => Object.assign(new Error("connect"), { code: "ECONNREFUSED", $metadata: {} })

const earlierAttempts = () => Object.assign(throttled(), { $metadata: { httpStatusCode: 400, attempts: 3 } })

const secret = "very-secret"

describeWithEngine("faults", () => {
  /** A driver whose requests fail from when `fault` is set. */
  const setUp = Effect.gen(function*() {
    const state: { fault: (() => Error) | undefined; requests: number; performs: boolean } = {
      fault: undefined,
      requests: 0,
      performs: false
    }
    const client = yield* interceptedClient(async ({ command, perform }) => {
      const { fault } = state
      state.requests++
      if (fault === undefined) return perform()
      if (state.performs && isWrite(command)) await perform()
      throw fault()
    })
    const driver = yield* driverThrough(client, { tableName: yield* freshTable, retryTimeout })
    return { driver, state }
  })

  const cases = [
    { name: "throttling", fault: throttled, applied: "no", reason: "throttled" },
    { name: "a server that fails", fault: serverError, applied: "unknown", reason: "failed" },
    { name: "timeouts", fault: timeout, applied: "unknown", reason: "did not answer in time" },
    { name: "conflicts", fault: conflict, applied: "no", reason: "other writers" },
    { name: "an endpoint that nobody listens at", fault: unreachable, applied: "no", reason: "cannot be reached" },
    {
      name: "throttling behind attempts of the SDK's own",
      fault: earlierAttempts,
      applied: "unknown",
      reason: "throttled"
    }
  ] as const

  describe.each(cases)("$name", ({ applied, fault, reason }) => {
    it.live("are retried, within a bound, and then reported as retryable", () =>
      Effect.gen(function*() {
        const { driver, state } = yield* setUp
        state.fault = fault
        state.requests = 0
        const started = performance.now()
        const write = yield* Effect.flip(driver.insert(storedTask("one"), unlimited, 0))
        const elapsed = performance.now() - started
        expect(elapsed).toBeLessThan(15_000)
        // What the message names is what was waited for.
        expect(write.reason).toContain(`for longer than the retryTimeout of ${retryTimeout} ms`)
        expect(elapsed).toBeGreaterThanOrEqual(retryTimeout)
        expect(state.requests).toBeGreaterThan(1)
        expect(write).toMatchObject({ _tag: "TaskDriverError", retryable: true, applied })
        expect(write.reason).toContain(reason)
        const read = yield* Effect.flip(driver.find("one", anyone(0)))
        expect(read).toMatchObject({ _tag: "TaskDriverError", retryable: true, applied: "no" })
      }))

    it.live("pass", () =>
      Effect.gen(function*() {
        const { driver, state } = yield* setUp
        let left = 3
        state.fault = () => {
          if (--left === 0) state.fault = undefined
          return fault()
        }
        expect(yield* driver.insert(storedTask("one"), unlimited, 0)).toEqual({ _tag: "Inserted" })
      }))
  })

  it.live("what is not allowed is said at once, with what to do", () =>
    Effect.gen(function*() {
      const { driver, state } = yield* setUp
      state.fault = denied
      state.requests = 0
      const error = yield* Effect.flip(driver.insert(storedTask("one"), unlimited, 0))
      expect(error).toMatchObject({ retryable: false, applied: "no", concerns: "store" })
      expect(error.reason).toMatch(/IAM policy/)
      expect(state.requests).toBe(1)
    }))

  it.live("what is not allowed after an attempt that may have arrived does not claim that nothing did", () =>
    Effect.gen(function*() {
      const { driver, state } = yield* setUp
      state.performs = true
      state.fault = () => {
        state.fault = denied
        state.performs = false
        return timeout()
      }
      expect(yield* Effect.flip(driver.insert(storedTask("one"), unlimited, 0))).toMatchObject({
        retryable: false,
        applied: "unknown"
      })
      state.fault = undefined
      expect(yield* driver.find("one", anyone(0))).toBeDefined()
    }))

  it.live("a table that is not there, a wrong endpoint and bad credentials say what to do and show no secret", () =>
    Effect.gen(function*() {
      const trust = { schema: "trust", shards: 8, tableName: "not-there", retryTimeout: 100 } as const
      const reasonOf = Effect.fnUntraced(function*(options: Parameters<typeof makeDriver>[0]) {
        const driver = yield* makeDriver(options)
        const error = yield* Effect.flip(driver.insert(storedTask("one"), unlimited, 0))
        expect(error.applied).toBe("no")
        expect(String(error.reason) + String(error.cause)).not.toContain(secret)
        return error.reason
      })
      expect(yield* reasonOf({ ...connection(), ...trust })).toMatch(/not-there.*check tableName and region/)
      expect(yield* reasonOf({ ...connection(), ...trust, endpoint: "http://127.0.0.1:1" })).toMatch(
        /check the network/
      )
      const credentials = { accessKeyId: "key with spaces", secretAccessKey: secret }
      expect(yield* reasonOf({ ...connection(), ...trust, credentials })).toMatch(/credentials/)
      const providerError = Object.assign(new Error("none"), { name: "CredentialsProviderError" })
      expect(
        yield* reasonOf({ ...connection(), ...trust, credentials: () => Promise.reject(providerError) })
      ).toMatch(/pass the option credentials/)
    }))

  it.live("an interrupted request is aborted", () =>
    Effect.gen(function*() {
      const { driver, state } = yield* setUp
      state.fault = throttled
      const interrupted = yield* Effect.timeoutOption(driver.insert(storedTask("one"), unlimited, 0), "50 millis")
      expect(interrupted._tag).toBe("None")
      const { requests } = state
      yield* Effect.sleep("200 millis")
      expect(state.requests).toBe(requests)
    }))

  it.live("keys that a batch left out are asked for again", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      let batches = 0
      const client = yield* interceptedClient(async ({ command, input, perform }) => {
        if (command !== "BatchGetItemCommand" || !("RequestItems" in input)) return perform()
        const request = input.RequestItems?.[tableName]
        const keys = request && "Keys" in request ? request.Keys ?? [] : []
        if (++batches % 2 === 0 || keys.length < 2) return perform()
        const some = { ...request, Keys: keys.slice(0, 1) }
        const left = { ...request, Keys: keys.slice(1) }
        const answer = await perform({ RequestItems: { [tableName]: some } })
        return { ...answer, UnprocessedKeys: { [tableName]: left } }
      })
      const driver = yield* driverThrough(client, { tableName })
      for (const taskId of ["a", "b", "c"]) yield* driver.insert(storedTask(taskId), unlimited, 0)
      const page = yield* driver.page({
        ...wholeRange,
        scope: anyone(0),
        after: undefined,
        limit: 5,
        maxBytes: 1e6
      })
      expect(page.tasks.map(({ taskId }) => taskId)).toEqual(["a", "b", "c"])
      expect(batches).toBe(2)
    }))
})
