/** What test files share: made when the first of them asks for it. */
import { inject } from "vitest"

export type Shared = "dynamodb" | "package" | "postgres"

/** Gives the port of an engine, or the file of the packed package. */
export const shared = async (name: Shared): Promise<string> => {
  const response = await fetch(`${inject("engines")}/${name}`)
  const text = await response.text()
  if (!response.ok) throw new Error(`${name} could not be made: ${text}`)
  return text
}
