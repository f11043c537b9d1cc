/** Runners of several processes on one PostgreSQL. */
import { makePostgresTarget } from "../layers/faults/postgresTarget.ts"
import { testTwoRunners } from "./testTwoRunners.ts"

testTwoRunners(makePostgresTarget())
