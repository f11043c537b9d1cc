/** Servers on one PostgreSQL that are killed and started again while they run tasks. */
import { makePostgresTarget } from "../../layers/faults/postgresTarget.ts"
import { testChaos } from "./testChaos.ts"

testChaos(makePostgresTarget())
