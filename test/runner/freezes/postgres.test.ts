/** Frozen processes on one PostgreSQL. */
import { postgresTargetOn } from "../../layers/faults/postgresTarget.ts"
import { postgres } from "../../layers/postgres/engine.ts"
import { testFreezes } from "./testFreezes.ts"

testFreezes(postgresTargetOn(postgres))
