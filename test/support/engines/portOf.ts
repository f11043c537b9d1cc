/** Starts an engine that test files share, unless it runs already, and gives its port. */
import * as Effect from "effect/Effect"
import { inject } from "vitest"

export const portOf = (engine: "dynamodb" | "postgres"): Effect.Effect<number> =>
  Effect.promise(async () => {
    const response = await fetch(`${inject("engines")}/${engine}`)
    const text = await response.text()
    if (!response.ok) throw new Error(`${engine} could not be started: ${text}`)
    return Number(text)
  })
