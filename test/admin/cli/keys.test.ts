/** What commands do with keys, and without them, on stores whose payloads are sealed. No output shows a key. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { runCommand, type Surroundings } from "./runCommand.ts"
import { openStore, seededStore, sqlite, stores } from "./stores.ts"

const bytes = { k1: Buffer.alloc(32, 201), k2: Buffer.alloc(32, 77), k3: Buffer.alloc(32, 5) }
const keyOf = (keyId: keyof typeof bytes): string => bytes[keyId].toString("base64")

/** Some characters of each key in each form that it could be printed in. */
const traces = Object.values(bytes).flatMap((key) => [
  key.toString("base64").slice(2, 18),
  key.toString("base64url").slice(2, 18),
  key.toString("hex").slice(2, 18),
  Array.from(key.subarray(0, 8)).join(",")
])

/** Runs a command of which no output shows a key. */
const run = (args: ReadonlyArray<string>, surroundings: Surroundings = {}) =>
  Effect.map(runCommand(args, surroundings), (written) => {
    for (const trace of traces) assert.notInclude(`${written.out}${written.err}`, trace, args.join(" "))
    return written
  })

const fileOf = (text: string, mode = 0o600): string => {
  const file = join(mkdtempSync(join(tmpdir(), "mcp-task-storage-keys-")), "keys.json")
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

const keysFile = (current: keyof typeof bytes | null, ...others: ReadonlyArray<keyof typeof bytes>): string => {
  const ids = current === null ? others : [current, ...others]
  return fileOf(JSON.stringify({ current, keys: Object.fromEntries(ids.map((keyId) => [keyId, keyOf(keyId)])) }))
}

const encryption = { current: "k1", keys: bytes }

const hint = /Payloads are sealed here, with the key "k[13]" among others\. To open them, give [^\n]*\n/g

interface Case {
  readonly args: ReadonlyArray<string>
  /** What only somebody with the key sees. */
  readonly shows: string
  /** What it exits with for those without the key. */
  readonly closed: number
}

const cases: ReadonlyArray<Case> = [
  { args: ["ls", "--json"], shows: "rows is not iterable", closed: 0 },
  { args: ["show", "task-done-0001", "--payloads"], shows: "params-of-the-client", closed: 1 },
  { args: ["show", "task-done-0001", "--payloads", "--json"], shows: "result-of-the-tool", closed: 1 },
  { args: ["stats", "--json"], shows: "TypeError", closed: 0 },
  { args: ["watch", "task-fail-0002", "--json"], shows: "rows is not iterable", closed: 1 },
  { args: ["rerun", "task-fail-0002", "--json"], shows: "\"_tag\":\"Done\"", closed: 1 },
  { args: ["export"], shows: "data-of-the-error", closed: 1 }
]

for (const store of stores.filter(({ name }) => name !== "dynamodb")) {
  store.describe(store.name, () => {
    it.live("a sealed store is shown with keys, and without them is said what to give, once", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store, encryption)
        const other = yield* openStore(url, { current: "k3", keys: bytes })
        yield* other.createTask({
          taskId: "of-k3",
          originalMethod: "tools/call",
          originalParams: 1,
          statusMessage: "x"
        })
        const file = keysFile("k1", "k3")
        for (const { args, closed, shows } of cases) {
          const without = yield* run([...args, "--url", url])
          assert.strictEqual(without.code, closed, `${args.join(" ")}: ${without.err}`)
          assert.strictEqual(without.err.match(hint)?.length, 1, `${args.join(" ")}: ${without.err}`)
          assert.notInclude(without.out, shows)
          const given = yield* run([...args, "--url", url, "--keys", file])
          assert.strictEqual(given.code, 0, `${args.join(" ")}: ${given.err}`)
          assert.include(given.out, shows)
          assert.notMatch(given.err, hint)
        }
        const commands = [
          ["rm", "--session", "bob", "--yes"],
          ["erase", "--session", "alice", "--yes"],
          ["cancel", "of-k3", "--yes"],
          ["rm", "of-k3", "--yes"]
        ]
        for (const [index, command] of commands.entries()) {
          // Without keys, and with others than those that have sealed the task.
          const keys = index % 2 === 0 ? [] : ["--keys", keysFile("k2")]
          const { code, err } = yield* run([...command, ...keys, "--url", url])
          assert.strictEqual(code, 0, `${command.join(" ")}: ${err}`)
        }
        const gone = yield* other.getTask("of-k3")
        assert.isTrue(Option.isNone(gone))
      }))

    it.live("reencrypt seals with the current key what an older one has sealed, and a repeat writes nothing", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store, encryption)
        const env = { TASKS_URL: url, TASKS_KEYS: keysFile("k2", "k1") }
        const first = yield* run(["reencrypt"], { env })
        assert.deepInclude(first, { code: 0, err: "" })
        assert.include(first.out, "4 tasks of 5 sealed anew, 0 cannot be opened.")
        assert.include((yield* run(["reencrypt"], { env })).out, "0 tasks of 5 sealed anew")
        const shown = yield* run(["export"], { env: { ...env, TASKS_KEYS: keysFile("k2") } })
        assert.deepInclude(shown, { code: 0 })
        assert.include(shown.out, "params-of-the-client")
      }))

    it.live("copy takes tasks from sealed to sealed with other keys", () =>
      Effect.gen(function*() {
        const from = yield* seededStore(store, encryption)
        const to = yield* sqlite.freshUrl
        yield* openStore(to)
        const copy = ["copy", "--from", from.url, "--to", to]
        const closed = yield* run([...copy, "--to-keys", keysFile("k2")])
        assert.strictEqual(closed.code, 1)
        assert.match(closed.err, /give --from-keys FILE\.\n/)
        const done = yield* run([...copy, "--from-keys", keysFile("k1"), "--to-keys", keysFile("k2")])
        assert.deepInclude(done, { code: 0, err: "" })
        assert.include(done.out, "4 tasks copied, 1 the same")
        assert.strictEqual((yield* run(["export", "--url", to])).code, 1)
        const copied = yield* run(["export", "--url", to, "--keys", keysFile("k2")])
        const source = yield* run(["export", "--url", from.url, "--keys", keysFile("k1")])
        assert.strictEqual(copied.out, source.out)
      }))
  })
}

describe("reencrypt", () => {
  it.live("stops at its limit and at Ctrl-C, and goes on from there", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite, encryption)
      const env = { TASKS_URL: url, TASKS_KEYS: keysFile("k2", "k1") }
      const part = yield* run(["reencrypt", "--limit", "2", "--json"], { env })
      assert.strictEqual(part.code, 0)
      const { cursor, ...progress } = JSON.parse(part.out)
      assert.deepStrictEqual(progress, { examined: 2, resealed: 2, unreadable: [] })
      assert.include(part.err, `Go on with: mcp-task-storage reencrypt --limit 2 --cursor ${cursor} --json\n`)
      const rest = yield* run(["reencrypt", "--cursor", cursor], { env })
      assert.include(rest.out, "2 tasks of 3 sealed anew")

      const storage = yield* openStore(url, encryption)
      const many = Array.from({ length: 250 }, (_, at) => `many-${at}`)
      yield* Effect.forEach(many, (taskId) =>
        storage.createTask({ taskId, originalMethod: "tools/call", originalParams: taskId }))
      const stopped = yield* run(["reencrypt"], { env, stopsAfter: 1 })
      assert.strictEqual(stopped.code, 130)
      const [, words = ""] = /Go on with: mcp-task-storage (.*)\n/.exec(stopped.err) ?? []
      const last = yield* run(words.split(" "), { env, columns: 80 })
      assert.strictEqual(last.code, 0)
      assert.strictEqual((yield* run(["export"], { env: { ...env, TASKS_KEYS: keysFile("k2") } })).code, 0)
    }))

  it.live("names what it cannot open, seals the others, and exits with 1", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite, encryption)
      const other = yield* openStore(url, { current: "k3", keys: bytes })
      yield* other.createTask({ taskId: "lost", originalMethod: "tools/call", originalParams: "gone" })
      const env = { TASKS_URL: url, TASKS_KEYS: keysFile("k2", "k1") }
      for (const flags of [[], ["--json"]]) {
        const { code, err } = yield* run(["reencrypt", ...flags], { env })
        assert.strictEqual(code, 1)
        assert.match(err, /^lost cannot be opened: there is no key "k3"/m)
        assert.strictEqual(err.match(/Payloads are sealed with the key "k3", which the file of keys/g)?.length, 1)
      }
      assert.include((yield* run(["show", "0001", "--payloads"], { env })).out, "params-of-the-client")
    }))

  it.live("asks before it opens everything", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite, encryption)
      const env = { TASKS_URL: url, TASKS_KEYS: keysFile(null, "k1") }
      assert.strictEqual((yield* run(["reencrypt"], { env })).code, 2)
      assert.strictEqual((yield* run(["reencrypt"], { env, answers: ["n"] })).code, 1)
      assert.strictEqual((yield* run(["export", "--url", url])).code, 1)
      assert.strictEqual((yield* run(["reencrypt", "--yes"], { env })).code, 0)
      assert.include((yield* run(["export", "--url", url])).out, "params-of-the-client")
    }))

  it.live("wants keys", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const { code, err } = yield* run(["reencrypt", "--url", url])
      assert.strictEqual(code, 2)
      assert.include(err, "Give --keys FILE, or set TASKS_KEYS")
    }))
})

describe("doctor and serve", () => {
  it.live("doctor --deep finds nothing wrong with keys, names one that is missing, and says what to give without", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite, encryption)
      const doctor = ["doctor", "--deep", "--yes", "--url", url]
      assert.deepInclude(yield* run([...doctor, "--keys", keysFile("k1")]), { code: 0, err: "" })
      const without = yield* run(doctor)
      assert.strictEqual(without.code, 3)
      assert.include(without.out, "WARNING rows tasks (4): 4 tasks are sealed, and were not looked into.")
      assert.include(without.out, "--keys FILE")
      assert.notInclude(without.out, "delete")
      for (const flags of [[], ["--json"]]) {
        const missing = yield* run([...doctor, ...flags, "--keys", keysFile("k2")])
        assert.strictEqual(missing.code, 3)
        assert.include(missing.out, "k1")
      }
    }))

  it.live("the page shows payloads", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite, encryption)
      const printed = yield* Deferred.make<string>()
      const onOut = (text: string) => Deferred.doneUnsafe(printed, Effect.succeed(text))
      yield* Effect.forkScoped(run(["serve", "--json", "--url", url, "--keys", keysFile("k1")], { onOut }))
      const page = new URL(JSON.parse(yield* Deferred.await(printed)).url)
      const authorization = `Bearer ${page.searchParams.get("token")}`
      const answer = yield* Effect.promise(() =>
        fetch(`${page.origin}/-/tasks`, { headers: { authorization } }).then((response) => response.text())
      )
      assert.include(answer, "rows is not iterable")
    }))
})

describe("a file of keys", () => {
  const k1 = keyOf("k1")
  const wrong: ReadonlyArray<readonly [name: string, text: string, says: string]> = [
    ["is no JSON", `{ "current": "k1", "keys": { "k1": "${k1}" "k2" } }`, "is no file of keys"],
    ["is a key alone", k1, "is no file of keys"],
    ["has no current key", JSON.stringify({ keys: { k1 } }), "is no file of keys"],
    ["has a number for a key", JSON.stringify({ current: "k1", keys: { k1: 5 } }), "is no file of keys"],
    ["has more", JSON.stringify({ current: "k1", keys: { k1 }, [k1]: 1 }), "is no file of keys"],
    ["has a short key", JSON.stringify({ current: "k1", keys: { k1: k1.slice(4) } }), "keys.k1 must be 32 bytes"],
    ["has a long key", JSON.stringify({ current: "k1", keys: { k1: `${k1}A` } }), "keys.k1 must be 32 bytes"],
    ["names a key that it does not have", JSON.stringify({ current: "k2", keys: { k1 } }), "current names a key"],
    ["has a key for the current id", JSON.stringify({ current: k1, keys: { k1 } }), "current names a key"],
    [
      "has ids and keys the wrong way round",
      JSON.stringify({ current: "k1", keys: { [k1]: "k1" } }),
      "keys has an id that could be a key"
    ],
    ["has an id that is none", JSON.stringify({ current: "k1", keys: { k1, [`${k1} `]: k1 } }), "keys has an id"]
  ]

  for (const [name, text, says] of wrong) {
    it.live(`that ${name} is refused, and named`, () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(sqlite)
        const file = fileOf(text)
        for (const args of [["ls"], ["ls", "--json"], ["doctor"], ["serve"], ["reencrypt"]]) {
          const { code, err, out } = yield* run([...args, "--url", url, "--keys", file])
          assert.deepStrictEqual({ code, out }, { code: 2, out: "" }, args.join(" "))
          assert.include(err, file)
          assert.include(err, says)
        }
        const copied = yield* run(["copy", "--from", url, "--to", url, "--to-keys", file])
        assert.strictEqual(copied.code, 2)
        assert.include(copied.err, file)
      }))
  }

  it.live("that is not there is named", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const { code, err } = yield* run(["ls", "--url", url, "--keys", "no-such-file.json"])
      assert.strictEqual(code, 1)
      assert.include(err, "no-such-file.json cannot be read")
    }))

  it.live("is no place for the keys themselves, which are not shown then", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      for (const given of [k1, ` ${k1}\n`, JSON.stringify({ current: "k1", keys: { k1 } })]) {
        for (
          const { code, err } of [
            yield* run(["ls", "--url", url, "--keys", given]),
            yield* run(["ls", "--url", url], { env: { TASKS_KEYS: given } })
          ]
        ) {
          assert.strictEqual(code, 2)
          assert.include(err, "take the path of a file")
        }
      }
    }))

  it.live.runIf(process.platform !== "win32")(
    "that everybody can read is warned of, and one that others cannot is not",
    () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(sqlite)
        const text = JSON.stringify({ current: "k1", keys: { k1 } })
        for (const [mode, warns] of [[0o644, true], [0o604, true], [0o640, false], [0o600, false]] as const) {
          const file = fileOf(text, mode)
          const { code, err } = yield* run(["ls", "--url", url, "--keys", file])
          assert.strictEqual(code, 0)
          assert.strictEqual(
            err,
            warns ? `Warning: every user of this machine can read the keys in ${file}. Run chmod 600 on it.\n` : ""
          )
        }
      })
  )

  it.live("is for one store: copy wants one for each side", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const { code, err } = yield* run(["copy", "--from", url, "--to", url, "--keys", keysFile("k1")])
      assert.strictEqual(code, 2)
      assert.include(err, "--from-keys and --to-keys")
    }))

  it.live("is completed by shells", () =>
    Effect.gen(function*() {
      for (const shell of ["bash", "zsh", "fish"]) {
        const { out } = yield* run(["completions", shell])
        for (const word of ["reencrypt", "from-keys", "to-keys"]) assert.include(out, word, shell)
      }
    }))
})
