/** What `ls`, `show` and `workers` say, on each engine. */
import { assert, describe, it } from "@effect/vitest"
import { displayWidth } from "effect/cli/CliOutput"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { existsSync } from "node:fs"
import { runCommand } from "./runCommand.ts"
import { seededStore, sqlite, stores } from "./stores.ts"

const idsOf = (out: string): ReadonlyArray<unknown> =>
  out.trim() === "" ? [] : out.trim().split("\n").map((line) => JSON.parse(line).taskId)

const [done, failed, mailbox, asks, runs] = [
  "task-done-0001",
  "task-fail-0002",
  "task-fail-0003",
  "task-asks-0004",
  "task-runs-0005"
]

const filters: ReadonlyArray<readonly [flags: string, ids: ReadonlyArray<string | undefined>]> = [
  ["", [runs, asks, mailbox, failed, done]],
  ["--order oldest", [done, failed, mailbox, asks, runs]],
  ["--limit 2", [runs, asks]],
  ["--status failed", [mailbox, failed]],
  ["--status failed --status completed", [mailbox, failed, done]],
  ["--status failed --name report", [failed]],
  ["--unnamed", [runs]],
  ["--method prompts/get", [runs]],
  ["--session alice", [failed, done]],
  ["--result-kind error", [mailbox, failed]],
  ["--result-kind error --result-kind tool_error", [mailbox, failed]],
  ["--since 48m", [runs, asks]],
  ["--created-after 52m --created-before 48m", [mailbox]],
  ["--updated-before 48m --status failed", [mailbox, failed]],
  ["--updated-after 42m", [runs]],
  ["--created-before 2001-01-01", []],
  ["--worker nobody", []]
]

for (const store of stores) {
  store.describe(store.name, () => {
    it.live("ls lists what the flags of the filter say", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store)
        for (const [flags, ids] of filters) {
          const args = ["ls", "--json", "--url", url, ...flags.split(" ").filter((flag) => flag !== "")]
          const { code, out } = yield* runCommand(args)
          assert.strictEqual(code, 0, flags)
          assert.deepStrictEqual(idsOf(out), ids, flags)
        }
      }))

    it.live("ls goes on behind a cursor, and lists all pages with --all", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store)
        const first = yield* runCommand(["ls", "--json", "--limit", "2", "--url", url])
        const [, cursor = ""] = /--cursor (\S+)/.exec(first.err) ?? []
        const second = yield* runCommand(["ls", "--json", "--all", "--cursor", cursor, "--url", url])
        assert.deepStrictEqual([...idsOf(first.out), ...idsOf(second.out)], [runs, asks, mailbox, failed, done])
        assert.strictEqual(second.err, "")
      }))

    it.live("ls tells how to go on so that times and the size of pages stay what they were", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store)
        const list = (words: ReadonlyArray<string>) => runCommand(words, { env: { TASKS_URL: url } })
        const first = yield* list(["ls", "--since", "52m", "--limit", "1", "--json"])
        const next = /There are more: mcp-task-storage (.*)/.exec(first.err)?.[1] ?? ""
        const second = yield* list(next.split(" "))
        assert.deepStrictEqual([idsOf(first.out), idsOf(second.out)], [[runs], [asks]])
        const last = /There are more: mcp-task-storage (.*)/.exec(second.err)?.[1] ?? ""
        const third = yield* list(last.split(" "))
        assert.deepStrictEqual([idsOf(third.out), third.err], [[mailbox], ""])
      }))

    it.live("stats counts by status, by name and by reason", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store)
        const { code, out } = yield* runCommand(["stats", "--url", url])
        assert.strictEqual(code, 0)
        for (
          const told of [
            /^5 tasks$/m,
            /^failed +2 +55m$/m,
            /^report +tools\/call +2 +1 +1$/m,
            /^Waiting for input: 1 task, the first for 45m$/m,
            /^ +1 +55m +report +TypeError$/m,
            /^ +1 +50m +mail +No such mailbox$/m
          ]
        ) assert.match(out, told)
        const json = yield* runCommand(["stats", "--json", "--session", "bob", "--failures-since", "10m", "--url", url])
        assert.deepInclude(JSON.parse(json.out), { count: 1, failures: [] })
      }))

    it.live("show tells why a task failed, and shows payloads only when it is asked to", () =>
      Effect.gen(function*() {
        const { url } = yield* seededStore(store)
        const payloads = /params-of-the-client|meta-of-the-client|result-of-the-tool|data-of-the-error|elicitation/
        for (const id of [done, failed, asks]) {
          for (const json of [[], ["--json"]]) {
            const brief = yield* runCommand(["show", id, "--url", url, ...json])
            const whole = yield* runCommand(["show", id, "--url", url, "--payloads", ...json])
            assert.strictEqual(brief.code, 0)
            assert.notMatch(brief.out, payloads)
            assert.match(whole.out, payloads)
          }
        }
        assert.include((yield* runCommand(["show", done, "--url", url, "--payloads"])).out, "meta-of-the-client")
        assert.notMatch((yield* runCommand(["ls", "--url", url, "--json"])).out, payloads)
        const { out } = yield* runCommand(["show", failed, "--url", url])
        for (
          const told of ["failed (error)", "TypeError: rows is not iterable", "at report.ts:12:3", "-32603", "alice"]
        ) {
          assert.include(out, told)
        }
      }))

    it.live("workers tells who lives and what each has", () =>
      Effect.gen(function*() {
        const { storage, url } = yield* seededStore(store)
        const { workerId } = yield* storage.registerWorker({ host: "mill", pid: 7, name: "reports", lease: "1 minute" })
        const ended = yield* storage.registerWorker({ host: "barn", lease: "1 minute" })
        yield* storage.endWorker(ended.workerId)
        yield* storage.claimTask(runs, { worker: workerId })
        const { out } = yield* runCommand(["workers", "--url", url])
        assert.match(out, /live +1 +mill +7 +reports/)
        assert.match(out, /dead +0 +barn/)
        const json = yield* runCommand(["workers", "--json", "--url", url])
        assert.deepStrictEqual(json.out.trim().split("\n").map((line) => JSON.parse(line).tasks).toSorted(), [0, 1])
        assert.match((yield* runCommand(["show", runs, "--url", url])).out, /worker .*mill, pid 7, live/)
        yield* storage.renewWorker(workerId, { lease: 1 })
        yield* Effect.sleep(5)
        assert.match((yield* runCommand(["workers", "--url", url])).out, /overdue +1 +mill/)
        assert.match((yield* runCommand(["show", runs, "--url", url])).out, /worker .*mill, pid 7, overdue/)
      }))

    it.live("a worker is found by an end of its id, as tables show it", () =>
      Effect.gen(function*() {
        const { storage, url } = yield* seededStore(store)
        const { workerId } = yield* storage.registerWorker({ host: "mill", lease: "1 minute" })
        const other = yield* storage.registerWorker({ host: "barn", lease: "1 minute" })
        yield* storage.claimTask(runs, { worker: workerId })
        for (const given of [workerId, workerId.slice(-12), `…${workerId.slice(-12)}`]) {
          const { out } = yield* runCommand(["ls", "--worker", given, "--json", "--url", url])
          assert.deepStrictEqual(idsOf(out), [runs])
        }
        const cancelled = yield* runCommand(["cancel", "--worker", workerId.slice(-12), "--dry-run", "--url", url])
        assert.include(cancelled.out, "1 task would be cancelled")
        const exported = yield* runCommand(["export", "--worker", other.workerId.slice(-12), "--url", url])
        assert.deepStrictEqual({ code: exported.code, out: exported.out }, { code: 0, out: "" })
        const gone = yield* runCommand(["ls", "--worker", "gone", "--url", url])
        assert.deepInclude(gone, { code: 0, out: "" })
        const several = yield* runCommand(["ls", "--worker", "", "--url", url])
        assert.strictEqual(several.code, 2)
        assert.include(several.err, "The ids of several workers end with")
      }))

    it.live("maintenance removes what has expired", () =>
      Effect.gen(function*() {
        const { storage, url } = yield* seededStore(store)
        yield* storage.createTask({ originalMethod: "tools/call", taskId: "brief", ttl: 1 })
        yield* Effect.sleep(5)
        const { code, out } = yield* runCommand(["maintenance", "--url", url])
        assert.strictEqual(code, 0)
        assert.include(out, "Removed 1 expired tasks")
      }))

    it.live("watch tells each change of a task until it ends", () =>
      Effect.gen(function*() {
        const { storage, url } = yield* seededStore(store)
        const told = yield* Deferred.make<void>()
        const watching = yield* Effect.forkChild(
          runCommand(["watch", runs, "--url", url, "--json"], {
            onOut: () => void Deferred.doneUnsafe(told, Effect.void)
          })
        )
        yield* Deferred.await(told)
        yield* storage.settleTask(runs, { _tag: "Success", value: null })
        const { code, out } = yield* Fiber.join(watching)
        assert.strictEqual(code, 0)
        assert.deepStrictEqual(out.trim().split("\n").map((line) => JSON.parse(line).status), ["working", "completed"])
      }))
  })
}

describe("tables", () => {
  const long = "x".repeat(300)

  it.live("fit the terminal, however narrow", () =>
    Effect.gen(function*() {
      const { storage, url } = yield* seededStore(sqlite)
      for (const text of [long, "字".repeat(200), "👩‍👩‍👧".repeat(80), `${"e\u0301".repeat(200)}`]) {
        yield* storage.createTask({
          originalMethod: "tools/call",
          taskId: Array.from(text).slice(0, 60).join(""),
          name: Array.from(text).slice(0, 80).join(""),
          sessionId: Array.from(text).slice(0, 80).join(""),
          statusMessage: text
        })
      }
      for (const columns of [40, 80, 120, 200]) {
        const { out } = yield* runCommand(["ls", "--url", url], { columns })
        const widths = out.trimEnd().split("\n").map(displayWidth)
        assert.strictEqual(widths.length, 10)
        assert.isAtMost(Math.max(...widths), columns)
      }
    }))

  it.live("at 80 columns tell which task it is, how it is and why", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const { out } = yield* runCommand(["ls", "--url", url, "--session", "alice"], { columns: 80 })
      assert.match(out, /ail-0002 +failed +report +55m +55m .*TypeError: rows is not/)
    }))

  it.live("are coloured on a terminal alone, and say in words what colours say", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const coloured = yield* runCommand(["ls", "--url", url], { columns: 80, colours: true })
      const plain = yield* runCommand(["ls", "--url", url], { columns: 80 })
      assert.include(coloured.out, "\u001b[31mfailed\u001b[0m")
      // oxlint-disable-next-line no-control-regex -- control characters are what is searched for
      assert.strictEqual(coloured.out.replaceAll(/\u001b\[\d+m/g, ""), plain.out)
    }))

  it.live("show nothing that a terminal would obey", () =>
    Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      for (const command of [["ls"], ["ls", "--json"], ["show", "task-fail-0003"], ["watch", "task-fail-0003"]]) {
        const { out } = yield* runCommand([...command, "--url", url])
        // oxlint-disable-next-line no-control-regex -- control characters are what is searched for
        assert.notMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/, command.join(" "))
        assert.include(out, "\\u001b[2J\\u202eevil", command.join(" "))
      }
    }))
})

describe("opening", () => {
  it.live("changes nothing: no file is made, and no schema is migrated", () =>
    Effect.gen(function*() {
      const url = yield* sqlite.freshUrl
      for (const command of [["ls"], ["workers"], ["show", "x"], ["maintenance"]]) {
        const { code, err } = yield* runCommand([...command, "--url", url])
        assert.strictEqual(code, 1, command.join(" "))
        assert.include(err, "there is no such database file")
      }
      assert.isFalse(existsSync(url.slice("sqlite:".length)))
    }))
})
