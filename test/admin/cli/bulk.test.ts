/** What `rerun`, `cancel` and `rm` do, ask and say, on each engine. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { runCommand } from "./runCommand.ts"
import { seededStore, sqlite, stores } from "./stores.ts"

const linesOf = (out: string): ReadonlyArray<{ readonly [key: string]: unknown }> =>
  out.trim() === "" ? [] : out.trim().split("\n").map((line) => JSON.parse(line))

const statuses = (url: string) =>
  Effect.map(
    runCommand(["ls", "--json", "--order", "oldest", "--url", url]),
    ({ out }) => linesOf(out).map(({ status }) => status)
  )

const seeded = ["completed", "failed", "failed", "input_required", "working"]

interface Case {
  readonly command: ReadonlyArray<string>
  readonly after: ReadonlyArray<string>
  readonly says: string
}

const cases: ReadonlyArray<Case> = [
  {
    command: ["rerun", "--status", "failed"],
    after: [...seeded, "working", "working"],
    says: "2 tasks run again, 0 skipped"
  },
  {
    command: ["cancel", "--all"],
    after: ["completed", "failed", "failed", "cancelled", "cancelled"],
    says: "2 tasks cancelled, 3 skipped"
  },
  { command: ["rm", "--session", "alice"], after: seeded.slice(2), says: "2 tasks deleted, 0 skipped" }
]

for (const store of stores) {
  store.describe(store.name, () => {
    for (const { after, command, says } of cases) {
      it.live(`${command.join(" ")} asks, and does it once`, () =>
        Effect.gen(function*() {
          const { url } = yield* seededStore(store)
          const call = [...command, "--url", url]

          const dry = yield* runCommand([...call, "--dry-run"])
          assert.strictEqual(dry.code, 0)
          assert.include(dry.out, "2 tasks would be ")

          const alone = yield* runCommand(call)
          assert.strictEqual(alone.code, 2)
          assert.include(alone.err, "Give --yes")

          const refused = yield* runCommand(call, { answers: ["n"] })
          assert.strictEqual(refused.code, 1)
          assert.include(refused.err, "[y/N] Nothing was done.")
          assert.deepStrictEqual(yield* statuses(url), seeded)

          const done = yield* runCommand(call, { answers: ["y"] })
          assert.strictEqual(done.code, 0)
          assert.include(done.out, says)
          assert.deepStrictEqual(yield* statuses(url), [...after])

          const again = yield* runCommand([...call, "--yes"])
          assert.strictEqual(again.code, 0)
          assert.deepStrictEqual(yield* statuses(url), [...after])
        }))
    }

    it.live("an end of an id will do, if no other task has it", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store)
        const several = yield* runCommand(["rerun", "fail-0002", "3", "--url", url])
        assert.strictEqual(several.code, 0)
        assert.match(several.out, /task-fail-0002 run again as [\w-]+\ntask-fail-0003 run again as/)
        const twice = yield* runCommand(["rerun", "task-fail-0002", "--url", url])
        assert.match(
          twice.out,
          /task-fail-0002 skipped: it was run again before, as [\w-]+\n0 tasks run again, 1 skipped/
        )
        const all = yield* runCommand(["rerun", "--status", "failed", "--yes", "--url", url])
        assert.include(all.out, "  skipped 2 tasks: it was run again before\n")
        assert.strictEqual((yield* runCommand(["show", "…one-0001", "--url", url])).code, 0)
      }))

    it.live("as JSON, each task says what became of it", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store)
        const { out } = yield* runCommand(["cancel", "--all", "--yes", "--json", "--url", url])
        assert.deepStrictEqual(
          linesOf(out).map(({ _tag }) => _tag),
          ["Skipped", "Skipped", "Skipped", "Done", "Done"]
        )
      }))
  })
}

describe("an id that is not one task's", () => {
  it.live("does nothing, and says why", () =>
    Effect.gen(function*() {
      const { storage, url } = yield* seededStore(sqlite)
      yield* storage.createTask({ originalMethod: "tools/call", taskId: "other-0001" })
      const several = yield* runCommand(["rm", "0001", "--yes", "--url", url])
      assert.strictEqual(several.code, 2)
      assert.include(several.err, "several ids: other-0001, task-done-0001;")
      const none = yield* runCommand(["rm", "task-done-0001", "nobody", "--yes", "--url", url])
      assert.strictEqual(none.code, 1)
      assert.include(none.err, "nobody")
      assert.deepStrictEqual(yield* statuses(url), [...seeded, "working"])
    }))
})

describe("a task that comes while the person thinks", () => {
  it.live("is not met, for nobody has seen it", () =>
    Effect.gen(function*() {
      const { storage, url } = yield* seededStore(sqlite)
      const whileAsked = Effect.orDie(storage.createTask({ originalMethod: "tools/call", status: "failed" }))
      const { code, out } = yield* runCommand(["rm", "--status", "failed", "--url", url], {
        answers: ["y"],
        whileAsked
      })
      assert.strictEqual(code, 0)
      assert.include(out, "2 tasks deleted")
      assert.strictEqual(yield* storage.taskCount(), 4)
    }))
})

describe("what is no selection", () => {
  for (const args of [[], ["--all", "--status", "failed"], ["some-id", "--status", "failed"], ["some-id", "--all"]]) {
    it.live(args.join(" ") || "nothing", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(sqlite)
        for (const command of ["rerun", "cancel", "rm"]) {
          const { code } = yield* runCommand([command, ...args, "--yes", "--url", url])
          assert.strictEqual(code, 2)
        }
        assert.deepStrictEqual(yield* statuses(url), seeded)
      }))
  }
})

describe("a run that stops early", () => {
  const many = Effect.gen(function*() {
    const { storage, url } = yield* seededStore(sqlite)
    yield* Effect.forEach(
      Array.from({ length: 1_200 }, (_, at) => at),
      (at) =>
        storage.createTask({ originalMethod: "tools/call", taskId: `many-${at}`, name: "many", status: "failed" }),
      { concurrency: 100 }
    )
    return { storage, url }
  })

  const goOn = (err: string): ReadonlyArray<string> =>
    (/Go on with: mcp-task-storage (.*)/.exec(err)?.[1] ?? "").split(" ")

  it.live("says how far it came, and goes on from there", () =>
    Effect.gen(function*() {
      const { storage, url } = yield* many
      const env = { TASKS_URL: url }
      const flags = ["--name", "many", "--since", "1h", "--yes", "--json"]
      const first = yield* runCommand(["rerun", ...flags], { env, stopsAfter: 0 })
      assert.strictEqual(first.code, 130)
      assert.include(first.err, "Stopped: 500 tasks run again so far.")
      const second = yield* runCommand([...goOn(first.err), "--yes"], { env })
      assert.strictEqual(second.code, 0)
      assert.include(second.err, "700 tasks run again, 0 skipped")
      assert.strictEqual(yield* storage.taskCount(), 5 + 2 * 1_200)
    }))

  it.live("stops when nobody reads its answers, and says so", () =>
    Effect.gen(function*() {
      const { url } = yield* many
      const env = { TASKS_URL: url }
      const first = yield* runCommand(["rm", "--name", "many", "--yes", "--json"], { env, closesAfter: 1 })
      assert.strictEqual(first.code, 1)
      assert.include(first.err, "nobody reads the answers")
      const second = yield* runCommand([...goOn(first.err), "--yes"], { env })
      assert.include(second.err, "200 tasks deleted")
    }))

  it.live("shows how far it is on a terminal", () =>
    Effect.gen(function*() {
      const { url } = yield* many
      const { err, out } = yield* runCommand(["rm", "--name", "many", "--url", url], { answers: ["yes"], columns: 80 })
      assert.match(err, /Delete 1,200 tasks for good\? \[y\/N\] /)
      assert.include(err, "[##########--------------] 41%  500 of 1,200")
      assert.include(out, "1,200 tasks deleted")
    }))
})
