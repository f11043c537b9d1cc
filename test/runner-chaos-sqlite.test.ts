/** Servers on one SQLite file that are killed and started again while they run tasks. */
import { sqliteTarget } from "./faults/sqliteTarget.ts"
import { testChaos } from "./runner/chaos/testChaos.ts"

testChaos(sqliteTarget)
