/**
 * Holds sealed tasks in memory to the whole contract, with a look at each payload as it is stored.
 *
 * The random checks make fewer runs than without encryption by default: what they find of payloads they find early.
 */
import * as Effect from "effect/Effect"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { runsOr } from "../../support/runs.ts"
import { makeAudit } from "./auditedDriver.ts"
import { keys } from "./sealedPair.ts"
import { sealedSuite } from "./sealedSuite.ts"

const makeDrivers = Effect.map(MemoryTaskStorage.makeStore, (store) => {
  const audited = makeAudit({ keys, sealsFor: () => true })
  return { first: audited(MemoryTaskStorage.makeDriver(store)), second: audited(MemoryTaskStorage.makeDriver(store)) }
})

sealedSuite("memory", makeDrivers, { runs: runsOr(300) })
