/** Holds sealed tasks in DynamoDB to the part of the contract that is about payloads. */
import { runsOr } from "../../support/runs.ts"
import { makeDrivers, maxPayloadBytes } from "../dynamodb/contractDrivers.ts"
import { describeWithEngine } from "../dynamodb/engine.ts"
import { lightSealedSuite } from "./sealedSuite.ts"

describeWithEngine("DynamoDB Local", () => {
  lightSealedSuite("dynamodb", makeDrivers(), { runs: runsOr(10), maxPayloadBytes })
})
