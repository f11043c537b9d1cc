/**
 * Holds the DynamoDB backend to the contract.
 *
 * The random checks make fewer runs than elsewhere by default, because each takes some hundred requests.
 */
import { fromDrivers } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { runsOr } from "../../support/runs.ts"
import { makeDrivers, maxPayloadBytes } from "./contractDrivers.ts"
import { describeWithEngine } from "./engine.ts"

describeWithEngine("DynamoDB Local", () => {
  taskStorageSuite("dynamodb", fromDrivers({ makeDrivers: makeDrivers(), maxPayloadBytes }), { runs: runsOr(30) })
})
