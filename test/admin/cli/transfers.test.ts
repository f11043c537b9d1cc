/** What `export`, `import`, `copy` and `erase` do and say. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { runCommand } from "./runCommand.ts"
import { openStore, seededStore, sqlite, type Store, stores } from "./stores.ts"

/** A store that is there and has no tasks. */
const emptyStore = Effect.fnUntraced(function*(store: Store) {
  const url = yield* store.freshUrl
  return { url, storage: yield* openStore(url) }
})

const exported = (url: string) => Effect.map(runCommand(["export", "--url", url]), ({ out }) => out)

for (const store of stores) {
  store.describe(store.name, () => {
    it.live("copy takes all tasks along, word for word, and a repeat finds them there", () =>
      Effect.gen(function*() {
        const from = yield* seededStore(sqlite)
        const to = yield* emptyStore(store)
        const back = yield* emptyStore(sqlite)
        const copy = (from: string, to: string) => runCommand(["copy", "--from", from, "--to", to])
        const first = yield* copy(from.url, to.url)
        assert.deepInclude(first, { code: 0, err: "" })
        assert.include(first.out, "5 tasks copied, 0 the same, 0 different, 0 left out, 0 failed.")
        assert.include((yield* copy(from.url, to.url)).out, "0 tasks copied, 5 the same")
        assert.include((yield* copy(to.url, back.url)).out, "5 tasks copied")
        assert.strictEqual(yield* exported(to.url), yield* exported(from.url))
        assert.strictEqual(yield* exported(back.url), yield* exported(from.url))
      }))

    it.live("erase takes everything of a session, and nothing of others", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store)
        const env = { TASKS_URL: url }
        const command = ["erase", "--session", "alice"]
        assert.include((yield* runCommand([...command, "--dry-run"], { env })).out, "2 tasks would be erased")
        assert.strictEqual((yield* runCommand(command, { env })).code, 2)
        const refused = yield* runCommand(command, { env, answers: [""] })
        assert.strictEqual(refused.code, 1)
        assert.include(refused.err, "Erase the session for good, with 2 tasks? [y/N]")
        const done = yield* runCommand(command, { env, answers: ["y"] })
        assert.deepInclude(done, { code: 0 })
        assert.include(done.out, "2 tasks erased")
        assert.notInclude(yield* exported(url), "alice")
        assert.strictEqual((yield* exported(url)).trim().split("\n").length, 3)
        assert.deepInclude(yield* runCommand([...command, "--yes"], { env }), { code: 0, err: "" })
      }))
  })
}

describe("export and import", () => {
  it.live("take tasks along by standard input and by a file", () =>
    Effect.gen(function*() {
      const from = yield* seededStore(sqlite)
      const lines = yield* exported(from.url)
      const file = join(mkdtempSync(join(tmpdir(), "mcp-task-storage-import-")), "tasks.ndjson")
      writeFileSync(file, lines)
      for (const [args, input] of [[["import"], lines], [["import", "-"], lines], [["import", file], ""]] as const) {
        const { url } = yield* emptyStore(sqlite)
        const dry = yield* runCommand([...args, "--dry-run", "--url", url], { input })
        assert.include(dry.out, "5 tasks would be copied")
        const done = yield* runCommand([...args, "--url", url], { input })
        assert.deepInclude(done, { code: 0 })
        assert.include(done.out, "5 tasks copied")
        assert.strictEqual(yield* exported(url), lines)
      }
    }))

  it.live("show nothing that a terminal would obey, and lose nothing of it", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const lines = yield* exported(url)
      // oxlint-disable-next-line no-control-regex -- control characters are what is searched for
      assert.notMatch(lines, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
      const messages = lines.trim().split("\n").map((line) => JSON.parse(line).statusMessage)
      assert.include(messages, "\u001b[2J\u202eevil\nsecond line")
    }))

  it.live("tell what was left out, and what is there already and differs", () =>
    Effect.gen(function*() {
      const { storage, url } = yield* seededStore(sqlite)
      const lines = yield* exported(url)
      yield* storage.claimTask("task-runs-0005", { lease: "1 minute" })
      const brief = yield* runCommand(["export", "--url", url])
      assert.include(brief.err, "task-runs-0005 left out: ")
      assert.include(brief.err, "4 tasks exported, 1 left out")
      yield* storage.deleteTask("task-done-0001")
      const { code, out } = yield* runCommand(["import", "--url", url], { input: lines })
      assert.strictEqual(code, 1)
      assert.match(out, /^task-runs-0005 is there already, and differs in .*attempt/m)
      assert.include(out, "1 task copied, 3 the same, 1 different")
      const json = yield* runCommand(["import", "--json", "--url", url], { input: lines })
      assert.deepStrictEqual(
        json.out.trim().split("\n").map((line) => JSON.parse(line)._tag),
        ["Same", "Same", "Same", "Same", "Differs"]
      )
    }))

  it.live("say what cannot be imported", () =>
    Effect.gen(function*() {
      const { url } = yield* emptyStore(sqlite)
      const lines = yield* exported((yield* seededStore(sqlite)).url)
      const [first = ""] = lines.split("\n")
      const bad = yield* runCommand(["import", "--url", url], { input: `${first}\n{"taskId":1}\n` })
      assert.strictEqual(bad.code, 1)
      assert.include(bad.err, "Line 2 cannot be imported")
      const missing = yield* runCommand(["import", "no-such-file", "--url", url])
      assert.strictEqual(missing.code, 1)
      assert.include(missing.err, "no-such-file cannot be read")
      assert.strictEqual((yield* runCommand(["import", "--url", url], { answers: [] })).code, 2)
    }))
})

describe("copy", () => {
  const many = 1_200

  it.live("goes on where it stopped", () =>
    Effect.gen(function*() {
      const from = yield* emptyStore(sqlite)
      const to = yield* emptyStore(sqlite)
      yield* Effect.forEach(
        Array.from({ length: many }, (_, at) => at),
        (at) =>
          from.storage.createTask({
            originalMethod: "tools/call",
            taskId: `many-${at}`,
            name: "many",
            status: "failed"
          }),
        { concurrency: 100 }
      )
      const command = ["copy", "--from", from.url, "--to", to.url, "--name", "many"]
      const first = yield* runCommand(command, { stopsAfter: 0 })
      assert.strictEqual(first.code, 130)
      const [, words = ""] = /Go on with: mcp-task-storage (.*)/.exec(first.err) ?? []
      const count = yield* to.storage.taskCount()
      assert.isAbove(count, 0)
      assert.isBelow(count, many)
      const rest = yield* runCommand(words.split(" "))
      assert.include(rest.out, `${(many - count).toLocaleString("en")} tasks copied, 0 the same`)
      assert.strictEqual(yield* to.storage.taskCount(), many)
    }))

  it.live("wants two stores that are there", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const other = yield* sqlite.freshUrl
      for (
        const [args, code] of [
          [["--from", url], 2],
          [["--from", url, "--to", other, "--url", url], 2],
          [["--from", url, "--to", other], 1],
          [["--from", url, "--to", "memory:"], 2]
        ] as const
      ) assert.strictEqual((yield* runCommand(["copy", ...args])).code, code, args.join(" "))
    }))
})
