/** What becomes of requests whose signature DynamoDB refuses: a clock that is off, and credentials that change or cannot be had. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { makeDriver } from "../../../src/layers/DynamoDbTaskStorage.ts"
import { storedTask } from "../storedTask.ts"
import { connection, describeWithEngine, freshTable } from "./engine.ts"
import { interceptedClient } from "./interceptedClient.ts"
import { signatureServer } from "./signatureServer.ts"
import { anyone, driverThrough, unlimited } from "./storages.ts"

const hour = 3_600_000

/** As AWS answers, by name. */
const refusals = [
  "ExpiredTokenException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "RequestTimeTooSkewed",
  "CredentialsProviderError"
]

const refusal = (name: string) =>
  Object.assign(new Error("not accepted"), {
    name,
    $metadata: name === "CredentialsProviderError" ? {} : { httpStatusCode: 400 }
  })

const insert = (driver: TaskDriver, taskId: string) => driver.insert(storedTask(taskId), unlimited, 0)

describeWithEngine("a clock", () => {
  for (const error of ["InvalidSignatureException", "RequestTimeTooSkewed"]) {
    for (const offset of [hour, -hour]) {
      it.live(`that is ${-offset / hour} hours off is corrected, where ${error} says so`, () =>
        Effect.gen(function*() {
          const server = yield* signatureServer({ offset, error, sendsDate: true })
          const tableName = yield* freshTable
          const options = { ...connection(), endpoint: server.endpoint, tableName, nativeTtl: false, retryTimeout: 0 }
          const driver = yield* makeDriver(options)
          expect(server.refused).toBe(1)
          expect(yield* insert(driver, "one")).toEqual({ _tag: "Inserted" })
          // The client stays, and what it has learnt with it.
          expect(server.refused).toBe(1)
        }))
    }
  }

  it.live("that cannot be corrected is told as that, and at once", () =>
    Effect.gen(function*() {
      const server = yield* signatureServer({ offset: hour, error: "RequestTimeTooSkewed", sendsDate: false })
      const options = { ...connection(), endpoint: server.endpoint, tableName: "tasks" }
      const error = yield* Effect.flip(makeDriver(options))
      expect(error).toMatchObject({ _tag: "TaskDriverError", retryable: false, applied: "no" })
      expect("reason" in error && error.reason).toMatch(/clock of this machine/)
      expect(server.refused).toBe(1)
    }))
})

describeWithEngine("credentials that are refused", () => {
  const setUp = Effect.gen(function*() {
    const state: { fault: string | undefined; requests: number } = { fault: undefined, requests: 0 }
    const client = yield* interceptedClient(async ({ perform }) => {
      state.requests++
      if (state.fault !== undefined) throw refusal(state.fault)
      return perform()
    })
    const open = (retryTimeout: number) =>
      Effect.flatMap(freshTable, (tableName) => driverThrough(client, { tableName, retryTimeout }))
    return { open, state }
  })

  it.live.each(refusals)(
    "%s: an outage while it runs, and an answer at once where it opens",
    (name) =>
      Effect.gen(function*() {
        const { open, state } = yield* setUp
        state.fault = name
        const refused = yield* Effect.flip(open(5_000))
        expect(refused).toMatchObject({ _tag: "TaskDriverError", retryable: false, applied: "no" })
        expect(state.requests).toBe(1)

        state.fault = undefined
        const driver = yield* open(200)
        state.fault = name
        const started = performance.now()
        expect(yield* Effect.flip(insert(driver, "one"))).toMatchObject({ retryable: true, applied: "no" })
        expect(yield* Effect.flip(driver.find("one", anyone(0)))).toMatchObject({ retryable: true, applied: "no" })
        expect(performance.now() - started).toBeGreaterThan(400)
        state.fault = undefined
        expect(yield* insert(driver, "one")).toEqual({ _tag: "Inserted" })
      })
  )

  it.live("for a moment delay a request, and no more", () =>
    Effect.gen(function*() {
      const { open, state } = yield* setUp
      const driver = yield* open(5_000)
      state.fault = "ExpiredTokenException"
      yield* Effect.forkChild(Effect.andThen(
        Effect.sleep(100),
        Effect.sync(() => {
          state.fault = undefined
        })
      ))
      expect(yield* insert(driver, "one")).toEqual({ _tag: "Inserted" })
    }))

  it.live("are an outage too where the function that gives them throws, whatever it throws", () =>
    Effect.gen(function*() {
      const state = { fails: false }
      const credentials = async () => {
        if (state.fails) throw new RangeError("the vault is sealed")
        return { accessKeyId: "key", secretAccessKey: "secret", expiration: new Date() }
      }
      const tableName = yield* freshTable
      const driver = yield* makeDriver({ ...connection(), credentials, tableName, nativeTtl: false, retryTimeout: 100 })
      state.fails = true
      expect(yield* Effect.flip(insert(driver, "one"))).toMatchObject({
        reason: expect.stringMatching(/credentials/),
        retryable: true,
        applied: "no"
      })
      state.fails = false
      expect(yield* insert(driver, "one")).toEqual({ _tag: "Inserted" })
    }))
})
