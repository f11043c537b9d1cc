/**
 * Tells what happens, and keeps what was not as it should be.
 */
import { isDeepStrictEqual } from "node:util"

export class Story {
  #checks = 0
  #failures = 0

  /** Tells a step. */
  step(text: string): void {
    console.log(`• ${text}`)
  }

  /** Tells a detail of the last step. */
  detail(text: string): void {
    console.log(`      ${text}`)
  }

  /** Checks that a value is exactly what it should be. */
  check(what: string, actual: unknown, expected: unknown): void {
    this.#checks++
    if (isDeepStrictEqual(actual, expected)) {
      console.log(`    ✓ ${what}`)
    } else {
      this.#failures++
      console.log(`    ✗ ${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`)
    }
  }

  /** Tells how it ended, and makes the process fail if anything did, or if an error ended it early. */
  end(error?: unknown): void {
    if (error !== undefined) {
      console.log(`\nThe story ends early: ${error instanceof Error ? error.message : error}`)
      process.exitCode = 1
    } else if (this.#failures === 0) {
      console.log(`\nAll ${this.#checks} checks hold: the tasks survived the crash of their server.`)
    } else {
      console.log(`\n${this.#failures} of ${this.#checks} checks do not hold.`)
      process.exitCode = 1
    }
  }
}

/** Polls until there is a value; throws after ten seconds. */
export const until = async <A>(what: string, poll: () => Promise<A | undefined>): Promise<A> => {
  const deadline = performance.now() + 10_000
  while (performance.now() < deadline) {
    const value = await poll()
    if (value !== undefined) return value
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`Waited ten seconds for ${what}`)
}
