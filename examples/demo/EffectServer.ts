/**
 * The Effect example server in a process of its own.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const program = fileURLToPath(new URL("../effect/http-server.ts", import.meta.url))

export class EffectServer {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  /** Starts it on a storage, where its tasks are free for others three seconds after its death. */
  static async start(tasksUrl: string): Promise<EffectServer> {
    const child = spawn(process.execPath, [...process.execArgv, program], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TASKS_URL: tasksUrl, TASKS_LEASE: "3000", PORT: "0" }
    })
    for await (const line of createInterface(child.stdout)) {
      const [address] = /http:\/\/\S+$/.exec(line) ?? []
      if (address === undefined) continue
      // What it logs from here on is not for this story.
      child.stdout.resume()
      return new EffectServer(child, `${address}/mcp`)
    }
    throw new Error("The server did not start")
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Kills the process without a warning, as a crash does, and waits until it is gone. */
  async kill(): Promise<void> {
    const exited = once(this.#child, "exit")
    this.#child.kill("SIGKILL")
    await exited
  }
}
