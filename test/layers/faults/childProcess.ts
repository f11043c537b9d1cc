/** Processes of the tests' own, that say what they do line by line. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface, type Interface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import { bundled } from "../../support/engines/shared.ts"

export interface ChildProgram {
  /** Gives the next line that it says; `undefined` when it has ended. */
  readonly nextLine: Effect.Effect<string | undefined>
  readonly say: (line: string) => Effect.Effect<void>
  /** Kills it as nothing else would end it, and gives the lines that it had said and nobody had read. */
  readonly kill: Effect.Effect<ReadonlyArray<string>>
  /** Lets it go on after it was stopped. */
  readonly resume: Effect.Effect<void>
}

/** Starts a program. The scope kills it, if it is still there. */
export const startProgram = (
  program: URL,
  args: ReadonlyArray<string>
): Effect.Effect<ChildProgram, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => start(await bundled(program), args)),
      ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
    ),
    ({ child, lines }) => ({
      nextLine: Effect.promise(() => lines.next()),
      say: (line) => Effect.sync(() => child.stdin.write(`${line}\n`)),
      kill: Effect.promise(async () => {
        const exited = once(child, "exit")
        child.kill("SIGKILL")
        const [, signal] = await exited
        if (signal !== "SIGKILL") throw new Error(`${program.pathname} had ended before it was killed`)
        return lines.rest()
      }),
      resume: Effect.sync(() => child.kill("SIGCONT"))
    })
  )

const start = (program: string, args: ReadonlyArray<string>) => {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    [program, ...args],
    { stdio: ["pipe", "pipe", "inherit"] }
  )
  // A process that is killed does not read what it is told.
  child.stdin.on("error", () => undefined)
  return { child, lines: new Lines(createInterface(child.stdout)) }
}

/** Lines that come when they come. Each is written in one go, so that none is cut off in the middle. */
class Lines {
  readonly #said: Array<string> = []
  #onChange: () => void = () => undefined
  #ended: Promise<void>
  #over = false

  constructor(lines: Interface) {
    lines.on("line", (line) => {
      this.#said.push(line)
      this.#onChange()
    })
    this.#ended = once(lines, "close").then(() => {
      this.#over = true
      this.#onChange()
    })
  }

  async next(): Promise<string | undefined> {
    while (this.#said.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#onChange = resolve
      })
    }
    return this.#said.shift()
  }

  async rest(): Promise<ReadonlyArray<string>> {
    await this.#ended
    return this.#said.splice(0)
  }
}
