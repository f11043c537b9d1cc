/** A server on version 2 of the official SDK, held to the table of behaviours. */
import { sdkV2Server } from "./sdkV2Server.ts"
import { testBehaviours } from "./testBehaviours.ts"

testBehaviours(sdkV2Server)
