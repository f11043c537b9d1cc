/** Frozen processes on one PostgreSQL. */
import { makePostgresTarget } from "../../layers/faults/postgresTarget.ts"
import { testFreezes } from "./testFreezes.ts"

testFreezes(makePostgresTarget())
