/** How commands are called in wrong ways, what they exit with then, and that they tell no secret. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { resolve } from "node:path"
import { commands, helpOf } from "./helpOf.ts"
import { runCommand } from "./runCommand.ts"
import { seededStore, sqlite } from "./stores.ts"

interface Call {
  readonly args: ReadonlyArray<string>
  readonly code: number
  readonly says: string
}

const url = "sqlite:none.db"

const wrong: ReadonlyArray<Call> = [
  { args: [], code: 2, says: "SUBCOMMANDS" },
  { args: ["lss"], code: 2, says: "Did you mean this?" },
  { args: ["ls"], code: 2, says: "Give --url, or set TASKS_URL" },
  { args: ["ls", "--statu", "failed"], code: 2, says: "--status" },
  { args: ["ls", "--status", "faild"], code: 2, says: "input_required" },
  { args: ["ls", "--since", "yesterday"], code: 2, says: "15m" },
  { args: ["ls", "--limit", "0"], code: 2, says: "a positive number" },
  { args: ["ls", "--since", "1h", "--created-after", "2h", "--url", url], code: 2, says: "Give one of them" },
  { args: ["ls", "--unnamed", "--name", "report", "--url", url], code: 2, says: "Give one of them" },
  { args: ["ls", "--url", "memory:"], code: 2, says: "Tasks in memory are those of one process" },
  { args: ["ls", "--url", "sqlite::memory:"], code: 2, says: "Tasks in memory are those of one process" },
  { args: ["ls", "--url", "mysql://host/db"], code: 2, says: "must name a storage that this version knows" },
  { args: ["show"], code: 2, says: "Missing required argument: id" },
  { args: ["ls", "--url", url], code: 1, says: `there is no such database file (${resolve("none.db")})` },
  { args: ["ls", "--url", "postgres://ann:hunter2@127.0.0.1:1/tasks"], code: 1, says: "open failed" }
]

describe("usage", () => {
  for (const { args, code, says } of wrong) {
    it.live(`exits with ${code} for: ${args.join(" ") || "nothing"}`, () =>
      Effect.gen(function*() {
        const written = yield* runCommand(args)
        assert.strictEqual(written.code, code)
        assert.include(written.err, says)
        assert.strictEqual(written.out, "")
        assert.notInclude(written.err, "hunter2")
      }))
  }

  it.live("refuses what only the storage can judge", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const calls: ReadonlyArray<Call> = [
        { args: ["ls", "--cursor", "x"], code: 2, says: "cursor" },
        { args: ["ls", "--created-after", "1h", "--created-before", "2h"], code: 2, says: "createdBefore" },
        { args: ["show", "nobody"], code: 1, says: "nobody" }
      ]
      for (const { args, code, says } of calls) {
        const written = yield* runCommand(args, { env: { TASKS_URL: url } })
        assert.strictEqual(written.code, code, args.join(" "))
        assert.include(written.err, says)
      }
    }))

  it.live("takes the URL before and behind the command, and before that of the environment", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const env = { TASKS_URL: "sqlite:none.db" }
      for (const args of [["--url", url, "ls"], ["ls", "--url", url], ["ls", `--url=${url}`]]) {
        assert.strictEqual((yield* runCommand(args, { env })).code, 0)
      }
    }))

  it.live("tells no password, wherever it was written", () =>
    Effect.gen(function*() {
      const secret = "postgres://ann:hunter2@127.0.0.1:1/tasks?password=hunter2"
      for (
        const args of [["ls", secret], ["ls", "--status", secret], [secret], ["show", "x", "--url", secret], [
          "ls",
          "--since",
          secret
        ]]
      ) {
        const { code, err, out } = yield* runCommand(args)
        assert.notStrictEqual(code, 0)
        assert.notInclude(`${out}${err}`, "hunter2", args.join(" "))
      }
    }))

  it.live("has no fault with a reader that goes away", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      for (const args of [["ls"], ["ls", "--json"], ["show", "task-done-0001"]]) {
        const written = yield* runCommand([...args, "--url", url], { closesAfter: 0 })
        assert.deepStrictEqual(written, { code: 0, out: "", err: "" }, args.join(" "))
      }
    }))

  it.live("spells consent in one way in all commands", () =>
    Effect.gen(function*() {
      for (const { name } of commands) {
        const help = yield* helpOf(name)
        if (help.includes("--yes")) assert.include(help, "--yes, -y", name)
      }
    }))

  it.live("names the shells that it knows", () =>
    Effect.map(helpOf("completions"), (help) => assert.include(help, "bash, zsh, fish or powershell")))

  it.live("answers help and the version on standard output", () =>
    Effect.gen(function*() {
      const help = yield* runCommand(["ls", "--help"])
      assert.deepInclude(help, { code: 0, err: "" })
      assert.include(help.out, "--created-after")
      const version = yield* runCommand(["--version"])
      assert.match(version.out, /^\d+\.\d+\.\d+\n$/)
    }))
})
