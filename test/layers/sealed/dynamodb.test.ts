/** Holds sealed tasks in DynamoDB to the part of the contract in which payloads are sealed. */
import * as Effect from "effect/Effect"
import { runsOr } from "../../support/runs.ts"
import { makeDrivers, maxPayloadBytes } from "../dynamodb/contractDrivers.ts"
import { describeWithEngine } from "../dynamodb/engine.ts"
import { payloadCases } from "./payloadCases.ts"
import { lightSealedSuite } from "./sealedSuite.ts"

const cases = await Effect.runPromise(payloadCases(maxPayloadBytes))

describeWithEngine("DynamoDB Local", () => {
  lightSealedSuite("dynamodb", cases, makeDrivers(), { runs: runsOr(10), maxPayloadBytes })
})
