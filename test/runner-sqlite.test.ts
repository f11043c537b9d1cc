/** Runners of several processes on one SQLite file. */
import { sqliteTarget } from "./faults/sqliteTarget.ts"
import { testTwoRunners } from "./runner/testTwoRunners.ts"

testTwoRunners(sqliteTarget)
