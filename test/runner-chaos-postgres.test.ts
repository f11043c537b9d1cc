/** Servers on one PostgreSQL that are killed and started again while they run tasks. */
import { makePostgresTarget } from "./faults/postgresTarget.ts"
import { testChaos } from "./runner/chaos/testChaos.ts"

testChaos(makePostgresTarget())
