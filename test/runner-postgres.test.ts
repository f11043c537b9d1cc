/** Runners of several processes on one PostgreSQL. */
import { makePostgresTarget } from "./faults/postgresTarget.ts"
import { testTwoRunners } from "./runner/testTwoRunners.ts"

testTwoRunners(makePostgresTarget())
