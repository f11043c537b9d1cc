/** Holds sealed tasks in memory to the whole contract, with a look at each payload as it is stored. */
import * as Effect from "effect/Effect"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { makeAudit } from "./auditedDriver.ts"
import { keys } from "./sealedPair.ts"
import { sealedSuite } from "./sealedSuite.ts"

const makeDrivers = Effect.map(MemoryTaskStorage.makeStore, (store) => {
  const audited = makeAudit({ keys, sealsFor: () => true })
  return { first: audited(MemoryTaskStorage.makeDriver(store)), second: audited(MemoryTaskStorage.makeDriver(store)) }
})

sealedSuite("memory", makeDrivers, {})
