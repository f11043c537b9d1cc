/** Frozen processes on one SQLite file. */
import { sqliteTarget } from "../../layers/faults/sqliteTarget.ts"
import { testFreezes } from "./testFreezes.ts"

testFreezes(sqliteTarget)
