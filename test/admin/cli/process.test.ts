/** The program as a process: exit codes, pipes that close, signals, terminals, and how soon it answers. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { join } from "node:path"
import { openStore, seededStore, sqlite } from "./stores.ts"

const main = join(import.meta.dirname, "../../../src/admin/cli/main.ts")
const node = [process.execPath, "--conditions=mcp-task-storage-source", main] as const

interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Run {
  readonly env?: { readonly [name: string]: string }
  readonly input?: string
  /** Told of each piece of output, with all of it so far. It may be one piece or several. */
  readonly onOutput?: (child: ChildProcess, out: string) => void
}

const start = (
  program: string,
  args: ReadonlyArray<string>,
  { env = {}, input, onOutput }: Run
): Effect.Effect<Ended> =>
  Effect.callback((resume) => {
    const child = spawn(program, args, { env: { ...process.env, NO_COLOR: "", ...env } })
    let out = ""
    let err = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text
      onOutput?.(child, out)
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => err += text)
    child.on("close", (code) => resume(Effect.succeed({ code, out, err })))
    // A terminal has no end of input.
    if (input !== undefined) child.stdin.write(input)
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

/** One Ctrl-C: the ones after it have other meanings. */
const once = (act: (child: ChildProcess) => void): NonNullable<Run["onOutput"]> => {
  let isDone = false
  return (child) => {
    if (!isDone) act(child)
    isDone = true
  }
}

const run = (args: ReadonlyArray<string>, options: Run = {}): Effect.Effect<Ended> =>
  start(node[0], [...node.slice(1), ...args], options)

const count = 2_000

const manyTasks = Effect.gen(function*() {
  const { url } = yield* seededStore(sqlite)
  const storage = yield* openStore(url)
  yield* Effect.forEach(
    Array.from({ length: count }, (_, at) => at),
    (at) => storage.createTask({ originalMethod: "tools/call", taskId: `many-${at}`, name: "many", status: "failed" }),
    { concurrency: 100 }
  )
  return { storage, env: { TASKS_URL: url } }
})

describe("the process", () => {
  it.live("exits with 0, 1 or 2", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const env = { TASKS_URL: url }
      assert.deepInclude(yield* run(["show", "0002", "--json"], { env }), { code: 0, err: "" })
      assert.deepInclude(yield* run(["show", "nobody"], { env }), { code: 1, out: "" })
      assert.deepInclude(yield* run(["show"], { env }), { code: 2, out: "" })
    }))

  it.live("answers in well under a second", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const timed = (run: Effect.Effect<Ended>) =>
        Effect.gen(function*() {
          const began = performance.now()
          assert.strictEqual((yield* run).code, 0)
          return performance.now() - began
        })
      // As long as Node takes to do nothing, where the machine is busy with something else.
      const isFast = Effect.gen(function*() {
        const nothing = yield* timed(start(process.execPath, ["-e", "0"], {}))
        return (yield* timed(run(["ls", "--url", url]))) < Math.max(1_000, 12 * nothing)
      })
      let attempts = 1
      while (!(yield* isFast)) assert.isBelow(attempts++, 10)
    }))

  it.live("takes a pipe that closes for no fault", () =>
    Effect.gen(function*() {
      const { env } = yield* manyTasks
      const { code, err } = yield* run(["ls", "--all", "--json"], { env, onOutput: ({ stdout }) => stdout?.destroy() })
      assert.deepStrictEqual({ code, err }, { code: 0, err: "" })
    }))

  it.live("ends a watch at Ctrl-C", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const { code } = yield* run(["watch", "--url", url], { onOutput: (child) => child.kill("SIGINT") })
      assert.strictEqual(code, 130)
    }))

  it.live("stops bulk work at Ctrl-C, and tells how to go on", () =>
    Effect.gen(function*() {
      const { env, storage } = yield* manyTasks
      const stopped = yield* run(["rerun", "--name", "many", "--yes", "--json"], {
        env,
        onOutput: once((child) => child.kill("SIGINT"))
      })
      assert.strictEqual(stopped.code, 130)
      const done = stopped.out.trim().split("\n").length
      assert.isBelow(done, count)
      assert.strictEqual(yield* storage.taskCount(), 5 + count + done)
      const again = /Go on with: mcp-task-storage (.*)/.exec(stopped.err)?.[1] ?? ""
      const rest = yield* run([...again.split(" "), "--yes"], { env })
      assert.strictEqual(rest.code, 0)
      assert.strictEqual(rest.out.trim().split("\n").length, count - done)
      assert.strictEqual(yield* storage.taskCount(), 5 + 2 * count)
    }))

  it.live("killed in the middle of bulk work and called again, reruns nothing twice and misses nothing", () =>
    Effect.gen(function*() {
      const { env, storage } = yield* manyTasks
      const command = ["rerun", "--name", "many", "--status", "failed", "--yes", "--json"]
      const killed = yield* run(command, { env, onOutput: (child) => child.kill("SIGKILL") })
      assert.strictEqual(killed.code, null)
      assert.isBelow(yield* storage.taskCount(), 5 + 2 * count)
      assert.strictEqual((yield* run(command, { env })).code, 0)
      assert.strictEqual(yield* storage.taskCount(), 5 + 2 * count)
    }))
})

/** `script` of util-linux, which runs a command in a terminal of its own. */
const hasScript = (() => {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux")
  } catch {
    return false
  }
})()

const onTerminal = (command: string, options: Run): Effect.Effect<Ended> =>
  start("script", ["-qec", `stty cols 80 -echo; ${node.join(" ")} ${command}`, "/dev/null"], options)

describe.runIf(hasScript)("on a terminal", () => {
  it.live("colours its tables, unless NO_COLOR says otherwise", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const env = { TASKS_URL: url, TERM: "xterm" }
      assert.include((yield* onTerminal("ls", { env })).out, "\u001b[31mfailed\u001b[0m")
      assert.notInclude((yield* onTerminal("ls", { env: { ...env, NO_COLOR: "1" } })).out, "\u001b[31m")
    }))

  it.live("asks before it deletes, and takes the answer", () =>
    Effect.gen(function*() {
      const { storage, url } = yield* seededStore(sqlite)
      const env = { TASKS_URL: url, TERM: "xterm" }
      const refused = yield* onTerminal("rm --session alice", { env, input: "\n" })
      assert.strictEqual(refused.code, 1)
      assert.include(refused.out, "Delete 2 tasks for good? [y/N]")
      const done = yield* onTerminal("rm --session alice", { env, input: "y\n" })
      assert.strictEqual(done.code, 0)
      assert.strictEqual(yield* storage.taskCount(), 3)
    }))

  it.live("Ctrl-C at the question does nothing", () =>
    Effect.gen(function*() {
      const { storage, url } = yield* seededStore(sqlite)
      const env = { TASKS_URL: url, TERM: "xterm" }
      const { code } = yield* onTerminal("rm --all", {
        env,
        onOutput: ({ stdin }, out) => void (out.includes("[y/N]") && stdin?.write("\u0003"))
      })
      assert.strictEqual(code, 130)
      assert.strictEqual(yield* storage.taskCount(), 5)
    }))
})
