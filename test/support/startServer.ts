/** Servers in processes of their own, such as the examples. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"

export interface StartedServer {
  readonly child: ChildProcess
  /** Where it says that it serves. */
  readonly url: string
}

type Environment = { readonly TASKS_URL: string; readonly [name: string]: string }

/** Starts a program of `examples` on a free port. It ends with the test, if not before. */
export const startExample = (program: string, env: Environment): Promise<StartedServer> =>
  startServer(exampleArguments(program), { env })

/** What Node is given to run a program of `examples`. */
export const exampleArguments = (program: string): ReadonlyArray<string> => [
  "--conditions=mcp-task-storage-source",
  fileURLToPath(new URL(`../../examples/${program}`, import.meta.url))
]

interface StartOptions {
  readonly env: Environment
  readonly cwd?: string
  /** When it ends, if not before; with the test by default. */
  readonly atEnd?: (end: () => void) => void
}

/** Starts Node, and waits until it says where it serves. */
export const startServer = async (
  args: ReadonlyArray<string>,
  { atEnd = onTestFinished, cwd, env }: StartOptions
): Promise<StartedServer> => {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "inherit"],
    ...(cwd === undefined ? {} : { cwd })
  })
  atEnd(() => void child.kill("SIGKILL"))
  for await (const line of createInterface(child.stdout)) {
    const url = /http:\S+/.exec(line)?.[0]
    if (url !== undefined) return { child, url: url.replace("localhost", "127.0.0.1") }
  }
  throw new Error("The server ended before it listened")
}

/** Ends a process; gives its exit code and the signal that ended it. */
export const endWith = async (child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<ReadonlyArray<unknown>> => {
  const ended = once(child, "exit")
  child.kill(signal)
  return ended
}
