/** An example that serves HTTP, in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"

export interface StartedExample {
  readonly child: ChildProcess
  /** Where it says that it serves. */
  readonly url: string
}

type Environment = { readonly TASKS_URL: string; readonly [name: string]: string }

/** Starts a program of `examples` on a free port. It ends with the test, if not before. */
export const startExample = (program: string, env: Environment): Promise<StartedExample> =>
  spawnExample(program, env, onTestFinished)

/** Starts a program, and says how it is ended. */
export const spawnExample = async (
  program: string,
  env: Environment,
  atEnd: (end: () => void) => void
): Promise<StartedExample> => {
  const path = fileURLToPath(new URL(`../../examples/${program}`, import.meta.url))
  const child = spawn(process.execPath, ["--conditions=mcp-task-storage-source", path], {
    env: { ...process.env, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"]
  })
  atEnd(() => void child.kill("SIGKILL"))
  for await (const line of createInterface(child.stdout)) {
    const url = /http:\S+/.exec(line)?.[0]
    if (url !== undefined) return { child, url: url.replace("localhost", "127.0.0.1") }
  }
  throw new Error(`${program} ended before it listened`)
}

/** Ends a process; gives its exit code and the signal that ended it. */
export const endWith = async (child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<ReadonlyArray<unknown>> => {
  const ended = once(child, "exit")
  child.kill(signal)
  return ended
}
