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

/** Starts a program of `examples` on a free port. It ends with the test, if not before. */
export const startExample = async (
  program: string,
  env: { readonly TASKS_URL: string; readonly [name: string]: string }
): Promise<StartedExample> => {
  const path = fileURLToPath(new URL(`../../examples/${program}`, import.meta.url))
  const child = spawn(process.execPath, ["--conditions=mcp-task-storage-source", path], {
    env: { ...process.env, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"]
  })
  onTestFinished(() => void child.kill("SIGKILL"))
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
