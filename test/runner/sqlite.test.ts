/** Runners of several processes on one SQLite file. */
import { sqliteTarget } from "../layers/faults/sqliteTarget.ts"
import { testTwoRunners } from "./testTwoRunners.ts"

testTwoRunners(sqliteTarget)
