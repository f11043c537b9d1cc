/** Holds the Redis driver, which uses nothing but what the package offers to everybody, to the contract. */
import { fromDrivers } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { runsOr } from "../../support/runs.ts"
import { openDrivers } from "./drivers.ts"
import { describeWithRedis } from "./server.ts"

describeWithRedis("Redis", () => {
  taskStorageSuite("redis", fromDrivers({ makeDrivers: openDrivers()() }), { runs: runsOr(40) })
})
