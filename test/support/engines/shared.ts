/** What test files share: made when the first of them asks for it. */
import { inject } from "vitest"

export type Shared = "dynamodb" | "hasJava" | "package" | "postgres"

/** Gives the port of an engine, whether there is Java, or the file of the packed package. */
export const shared = (name: Shared): Promise<string> => ask(`/${name}`)

/** Gives the file that a program of the tests is bundled into. */
export const bundled = (program: URL): Promise<string> => ask(program.pathname)

const ask = async (path: string): Promise<string> => {
  const response = await fetch(`${inject("engines")}${path}`)
  const text = await response.text()
  if (!response.ok) throw new Error(`${path} could not be made: ${text}`)
  return text
}
