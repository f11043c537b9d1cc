/** Starts an engine that test files share, unless it runs already, and gives its port. */
import * as Effect from "effect/Effect"
import { shared } from "./shared.ts"

export const portOf = (engine: "dynamodb" | "postgres"): Effect.Effect<number> =>
  Effect.promise(async () => Number(await shared(engine)))
