/** A server on version 1 of the official SDK, held to the table of behaviours. */
import { sdkV1Server } from "./sdkV1Server.ts"
import { testBehaviours } from "./testBehaviours.ts"

testBehaviours(sdkV1Server)
