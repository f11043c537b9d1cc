/** Effect's server, held to the table of behaviours. */
import { effectServer } from "./effectServer.ts"
import { testBehaviours } from "./testBehaviours.ts"

testBehaviours(effectServer)
