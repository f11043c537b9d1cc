/** Servers on one SQLite file that are killed and started again while they run tasks. */
import { sqliteTarget } from "../../layers/faults/sqliteTarget.ts"
import { testChaos } from "./testChaos.ts"

testChaos(sqliteTarget)
