/** What commands print to go on with: a shell reads it as it was meant, and it goes on with the same store, flags and limit. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { layerFromUrl, TaskStorage } from "mcp-task-storage"
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { flagWords } from "../../../src/admin/cli/flagWords.ts"
import { DatabaseSchemaFlag, JsonFlag, KeysFlag, TablePrefixFlag, UrlFlag } from "../../../src/admin/cli/globalFlags.ts"
import { makeNextCommand } from "../../../src/admin/cli/nextCommand.ts"
import { shellWords } from "../../../src/admin/cli/shellWords.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { folder } from "../../layers/sqlite/database.ts"
import { runCommand, type Surroundings, type Written } from "./runCommand.ts"

/** The words that a shell makes of a text. */
const wordsOf = (text: string): ReadonlyArray<string> =>
  execFileSync("bash", ["-c", `printf '%s\\0' ${text}`], { encoding: "utf8" }).split("\0").slice(0, -1)

const count = 620
const session = "-it's \"one\" of $HOME"
const prefix = "odd_"
const key = Buffer.alloc(32, 7)
const idOf = (at: number): string => `-task ${at}`

interface OddStore {
  readonly storage: TaskStorageShape
  readonly url: string
  readonly keys: string
  readonly flags: ReadonlyArray<string>
}

/** A store of which the file, the keys, the session and the ids have to be quoted, or look like flags. */
const oddStore = (file: string, tasks: number): Effect.Effect<OddStore, never, Scope.Scope> =>
  Effect.gen(function*() {
    const place = yield* folder
    const keys = join(place, "the keys.json")
    writeFileSync(keys, JSON.stringify({ current: "k1", keys: { k1: key.toString("base64") } }), { mode: 0o600 })
    const url = `sqlite:${join(place, file)}`
    const built = yield* Layer.build(layerFromUrl(url, {
      maintenance: false,
      encryption: { current: "k1", keys: { k1: key } },
      sqlite: { tablePrefix: prefix, synchronous: "off" }
    }))
    const storage = Context.get(built, TaskStorage)
    yield* Effect.forEach(Array.from({ length: tasks }, (_, at) => at), (at) =>
      storage.createTask({
        taskId: idOf(at),
        originalMethod: "tools/call",
        originalParams: { name: "report", at },
        sessionId: session,
        status: "input_required"
      }), { concurrency: 100 })
    return { storage, url, keys, flags: ["--url", url, "--keys", keys, "--table-prefix", prefix] }
  }).pipe(Effect.orDie)

const toldIn = (err: string): ReadonlyArray<string> | undefined => {
  const [, text] = /: (mcp-task-storage .*)\n/.exec(err) ?? []
  return text === undefined ? undefined : wordsOf(text).slice(1)
}

/** Runs a command, then what it says to go on with, and so on. Each run is stopped behind its first batch. */
const runAll = Effect.fnUntraced(function*(words: ReadonlyArray<string>, surroundings: Surroundings = {}) {
  const runs: Array<Written> = []
  let next: ReadonlyArray<string> | undefined = words
  while (next !== undefined && runs.length < 10) {
    const [command = "", ...rest] = next
    const consent = ["rm", "cancel", "rerun"].includes(command) ? ["--yes"] : []
    const written: Written = yield* runCommand([command, ...consent, ...rest], { stopsAfter: 0, ...surroundings })
    runs.push(written)
    next = toldIn(written.err)
  }
  return runs
})

interface Line {
  readonly taskId?: string
  readonly examined?: number
}

const linesOf = (runs: ReadonlyArray<Written>): ReadonlyArray<Line> =>
  runs.flatMap(({ out }) => out.trim() === "" ? [] : out.trim().split("\n").map((line) => JSON.parse(line)))

const distinctIds = (runs: ReadonlyArray<Written>): number => new Set(linesOf(runs).map(({ taskId }) => taskId)).size

const examined = (runs: ReadonlyArray<Written>): number =>
  linesOf(runs).reduce((sum, { examined = 0 }) => sum + examined, 0)

const selected = [...flagWords("session", session), "--since", "1h"]

interface Case {
  readonly name: string
  readonly words: (store: OddStore, other: OddStore) => ReadonlyArray<string>
  /** For how many tasks each run is. */
  readonly runs: ReadonlyArray<number>
  readonly tasksOf?: (runs: ReadonlyArray<Written>) => number
  /** How many tasks are there afterwards, in the store and in the other one. */
  readonly left: readonly [store: number, other: number]
}

const copies = [true, false].map((dryRun): Case => ({
  name: dryRun ? "copy that only tells what it would do" : "copy",
  words: (from, to) => [
    "copy",
    ...flagWords("from", from.url),
    ...flagWords("from-keys", from.keys),
    ...flagWords("to", to.url),
    ...flagWords("to-keys", to.keys),
    ...flagWords("table-prefix", prefix),
    ...flagWords("limit", "510"),
    ...selected,
    ...(dryRun ? ["--dry-run"] : []),
    "--json"
  ],
  runs: [500, 10],
  left: [count, dryRun ? 0 : 510]
}))

const cases: ReadonlyArray<Case> = [
  {
    name: "ls",
    words: ({ flags }) => ["ls", ...selected, "--order", "oldest", "--limit", "250", "--json", ...flags],
    runs: [250, 250, 120],
    left: [count, 0]
  },
  {
    name: "rm",
    words: ({ flags }) => ["rm", ...selected, "--json", ...flags],
    runs: [500, 120],
    left: [0, 0]
  },
  {
    name: "rm with a limit",
    words: ({ flags }) => ["rm", ...selected, "--limit", "520", "--json", ...flags],
    runs: [500, 20],
    left: [count - 520, 0]
  },
  {
    name: "rm that is stopped at its limit",
    words: ({ flags }) => ["rm", "--all", "--limit", "100", "--json", ...flags],
    runs: [100],
    left: [count - 100, 0]
  },
  {
    name: "rm of ids",
    words: ({ flags }) => ["rm", "--json", ...flags, "--", ...Array.from({ length: 510 }, (_, at) => idOf(at))],
    runs: [500, 10],
    left: [count - 510, 0]
  },
  {
    name: "cancel",
    words: ({ flags }) => ["cancel", "--message=-no\u001b[2J\n'more' \\n", ...selected, "--json", ...flags],
    runs: [500, 120],
    left: [count, 0]
  },
  {
    name: "export",
    words: ({ flags }) => ["export", ...selected, "--limit", "70", ...flags],
    runs: [32, 32, 6],
    left: [count, 0]
  },
  {
    name: "reencrypt",
    words: ({ flags }) => ["reencrypt", "--json", ...flags],
    runs: [100, 100, 100, 100, 100, 100, 20],
    tasksOf: examined,
    left: [count, 0]
  },
  ...copies
]

describe("the command that is told", () => {
  for (const { left, name, runs, tasksOf = distinctIds, words } of cases) {
    it.live(`goes on with the same store, filter and limit: ${name}`, () =>
      Effect.gen(function*() {
        const store = yield* oddStore("it's a file.db", count)
        const other = yield* oddStore("$other.db", 0)
        const all = yield* runAll(words(store, other))
        assert.deepStrictEqual(all.map((run) => tasksOf([run])), runs, all.map(({ err }) => err).join(""))
        assert.strictEqual(all.at(-1)?.code, 0)
        assert.strictEqual(tasksOf(all), runs.reduce((sum, tasks) => sum + tasks, 0))
        assert.deepStrictEqual([yield* store.storage.taskCount(), yield* other.storage.taskCount()], left)
      }))
  }

  it.live("is whole where a run begins anew: erase and import", () =>
    Effect.gen(function*() {
      const { flags, storage } = yield* oddStore("-.db", 1)
      const all = yield* runAll(["erase", "--yes", ...flagWords("session", session), ...flags])
      assert.include(all[0]?.err, "Stopped: 1 task erased so far.")
      assert.deepStrictEqual(toldIn(all[0]?.err ?? ""), ["erase", `--session=${session}`, ...flags])
      assert.strictEqual(yield* storage.taskCount(), 0)
      const file = join(yield* folder, "to import.ndjson")
      writeFileSync(file, "{}\n")
      for (const dryRun of [["--dry-run"], []]) {
        const { err } = yield* runCommand(["import", ...dryRun, ...flags, file], { stopsAfter: 0 })
        assert.deepStrictEqual(toldIn(err), ["import", ...dryRun, ...flags, file])
      }
    }))

  it.live("of reencrypt takes the next part of the same size", () =>
    Effect.gen(function*() {
      const { flags } = yield* oddStore("tasks.db", 5)
      const { err } = yield* runCommand(["reencrypt", "--limit", "2", ...flags])
      assert.include(err, "There are more.")
      const next = toldIn(err) ?? []
      assert.deepStrictEqual(next.slice(0, 3), ["reencrypt", "--limit", "2"])
      assert.include((yield* runCommand(next)).out, "0 tasks of 2 sealed anew")
    }))

  const given = (url: string) =>
    Effect.map(
      makeNextCommand.pipe(
        Effect.provideService(UrlFlag, Option.some(url)),
        Effect.provideService(KeysFlag, Option.none()),
        Effect.provideService(JsonFlag, false),
        Effect.provideService(TablePrefixFlag, Option.none()),
        Effect.provideService(DatabaseSchemaFlag, Option.some("tasks"))
      ),
      (nextCommand) => nextCommand({ words: ["ls"], cursor: "abc" })
    )

  for (
    const [url, shown] of [
      ["postgres://app@db:5432/tasks?sslmode=require", "'postgres://app@db:5432/tasks?sslmode=require'"],
      ["postgres://app:pass@word@db/tasks", "'postgres://app:***@db/tasks'"],
      ["postgres://app:pass word@db/tasks", "'postgres://app:***@db/tasks'"],
      ["postgres://db/tasks?user=app&password=pass word&ssl=1", "'postgres://db/tasks?user=app&password=***&ssl=1'"],
      ["sqlite:/my tasks/a:b@c.db", "'sqlite:/my tasks/a:b@c.db'"]
    ] as const
  ) {
    it.effect(`hides the password of a URL: ${shown}`, () =>
      Effect.map(
        given(url),
        (command) =>
          assert.strictEqual(command, `mcp-task-storage ls --cursor abc --url ${shown} --database-schema tasks`)
      ))
  }
})

describe("words of a command", () => {
  for (
    const word of [
      "plain",
      "",
      "two words",
      "it's",
      "$HOME `id` !!",
      "a\\b",
      "'\\'",
      "line\nbreak",
      "tab\t",
      "\u001b[2J",
      "\u202e'x",
      "é 🙂"
    ]
  ) {
    it(`are for a shell what they were: ${JSON.stringify(word)}`, () => {
      const text = shellWords([word])
      assert.deepStrictEqual(wordsOf(text), [word])
      // oxlint-disable-next-line no-control-regex -- control characters are what is searched for
      assert.notMatch(text, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
    })
  }
})
