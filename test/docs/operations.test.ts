/** That the commands of the runbook do what it says, on a store as somebody on call finds it. */
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import { readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import type { TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../src/domain/task/TaskError.ts"
import { openStore } from "../admin/cli/stores.ts"
import { freshUrl } from "../layers/postgres/engine.ts"
import { bare, folder } from "../layers/sqlite/database.ts"
import { bundled } from "../support/engines/shared.ts"
import { type Block, blocksOf, root } from "./blocksOf.ts"
import { runCommands } from "./runCommands.ts"

const page = readFileSync(join(root, "docs/operations.md"), "utf8")

const idOf = (ending: string): string => `0199a1b2-0000-7000-8000-0000${ending}`
const failed = idOf("3f9a21bc")
const runs = idOf("5d0c77e1")
const asks = idOf("90b4e6d2")
const waits = idOf("00000001")
const interrupted = idOf("00000002")
const old = idOf("00000003")
const done = idOf("00000004")
const all = [waits, interrupted, old, done, failed, runs, asks].toSorted()

const internalError = { _tag: "Error", code: -32603, message: "Internal error" } as const
const success = { _tag: "Success", value: { content: [] } } as const
const call = (name: string, sessionId: string) => ({
  originalMethod: "tools/call",
  originalParams: { name },
  sessionId
})

/** A night: one tool throws, a worker has died, a question waits, and some work is old. */
const seed = Effect.fnUntraced(function*(storage: TaskStorageShape) {
  const now = yield* DateTime.now
  const past = (days: number) => {
    const time = DateTime.subtract(now, { days })
    return { createdAt: time, lastUpdatedAt: time }
  }
  const live = yield* storage.registerWorker({
    host: "app-1",
    pid: 7,
    name: "reports",
    version: "2.3.1",
    lease: "1 hour"
  })
  const dead = yield* storage.registerWorker({
    host: "app-2",
    pid: 8,
    name: "reports",
    version: "2.3.1",
    lease: "1 hour"
  })
  yield* storage.createTask({ ...call("report", "customer-17"), taskId: failed })
  yield* storage.settleTask(failed, internalError, { failure: new TypeError("rows is not iterable") })
  yield* storage.createTask({ ...call("report", "customer-18"), taskId: interrupted, worker: dead.workerId })
  yield* storage.settleTask(interrupted, internalError, { statusMessage: "Interrupted" })
  yield* storage.endWorker(dead.workerId)
  yield* storage.createTask({ ...call("report", "customer-18"), taskId: runs, worker: live.workerId })
  yield* storage.createTask({ ...call("report", "customer-17"), taskId: waits, lease: 0 })
  yield* storage.createTask({ ...call("report", "customer-18"), taskId: done, status: "completed", result: success })
  yield* storage.createTask({
    ...call("mail", "customer-18"),
    ...past(8),
    taskId: old,
    status: "completed",
    result: success
  })
  yield* storage.createTask({
    ...call("mail", "customer-18"),
    ...past(3),
    taskId: asks,
    status: "input_required",
    inputRequests: { to: { method: "elicitation/create", params: { message: "To whom?" } } }
  })
  return { live: live.workerId, dead: dead.workerId }
})

interface Seeded {
  readonly storage: TaskStorageShape
  readonly workers: { readonly live: string; readonly dead: string }
  readonly cwd: string
  readonly url: string
  readonly newUrl: string
}

const seeded = Effect.fnUntraced(function*(engine: Engine, newEngine: Engine) {
  const cwd = yield* folder
  const makeUrl = (of: Engine, name: string) => of === "sqlite" ? Effect.succeed(`sqlite:${join(cwd, name)}`) : freshUrl
  const url = yield* makeUrl(engine, "tasks.db")
  const newUrl = yield* makeUrl(newEngine, "new.db")
  const storage = yield* openStore(url)
  return { storage, workers: yield* seed(storage), cwd, url, newUrl } satisfies Seeded
})

const main = new URL("../../src/admin/cli/main.ts", import.meta.url)

/** Runs a block for a store. The page names a worker as it would be shown there. */
const runFor = ({ cwd, newUrl, url, workers }: Seeded, code: string) =>
  Effect.promise(async () => {
    const block = { code: code.replace("7c61d9f0", workers.dead.slice(-8)) }
    return runCommands(block, await bundled(main), cwd, { TASKS_URL: url, NEW_URL: newUrl })
  })

const statusOf = (storage: TaskStorageShape, taskId: string) =>
  Effect.map(storage.getTask(taskId), (task) => task._tag === "Some" ? task.value.status : undefined)

const idsIn = (storage: TaskStorageShape) =>
  Effect.map(storage.listTaskSummaries({}), ({ tasks }) => tasks.map(({ taskId }) => taskId).toSorted())

const says = (text: string | undefined, ...parts: ReadonlyArray<string | RegExp>): void => {
  for (const part of parts) {
    if (typeof part === "string") assert.include(text, part)
    else assert.match(text ?? "", part)
  }
}

interface Section {
  /** What happens before a block, such as that servers are stopped. */
  readonly before?: (seeded: Seeded, block: number) => Effect.Effect<void, TaskStorageError>
  readonly check: (
    printed: ReadonlyArray<string>,
    seeded: Seeded
  ) => Effect.Effect<void, TaskStorageError, Scope.Scope>
}

const sections: { readonly [heading: string]: Section } = {
  Runbook: { check: ([stats]) => Effect.sync(() => says(stats, "7 tasks")) },
  "Look first": {
    check: ([looks]) =>
      Effect.sync(() => says(looks, /failed +2/, /TypeError/, "Workers: 1 live, 1 dead", "Nothing is wrong."))
  },
  "Stuck tasks": {
    check: Effect.fnUntraced(function*([looks, cancelled], { storage }) {
      says(looks, /app-1, pid 7, live/, waits)
      says(cancelled, "1 task cancelled")
      assert.strictEqual(yield* statusOf(storage, runs), "cancelled")
    })
  },
  Failures: {
    check: ([looks, payloads]) =>
      Effect.sync(() => {
        says(looks, failed, interrupted, "TypeError: rows is not iterable", "-32603 Internal error", /Stack of/)
        says(payloads, "\"name\": \"report\"")
      })
  },
  "Who runs what": {
    check: ([looks]) =>
      Effect.sync(() => says(looks, /live +1 +app-1 +7/, /dead +0 +app-2/, runs, "app-1, pid 7, live"))
  },
  "Run again": {
    check: Effect.fnUntraced(function*([one, many], { storage }) {
      says(one, `${failed} run again as`)
      says(many, "1 task would be run again, and 1 task skipped", "1 task run again, 1 skipped, 0 failed")
      assert.strictEqual(yield* storage.taskCount(), all.length + 2)
    })
  },
  "Stop one tool": {
    check: Effect.fnUntraced(function*([paused, stopped, resumed], { storage }) {
      says(paused, "Paused: report")
      says(stopped, "2 tasks would be cancelled")
      says(resumed, "Resumed: report")
      assert.deepStrictEqual(yield* storage.pausedTasks(), [])
    })
  },
  Questions: {
    check: Effect.fnUntraced(function*([looks], { storage }) {
      says(looks, asks, "To whom?")
      assert.strictEqual(yield* statusOf(storage, asks), "cancelled")
    })
  },
  "Erase one customer": {
    check: Effect.fnUntraced(function*([erased], { cwd, storage }) {
      says(erased, "2 tasks would be erased", "2 tasks erased")
      assert.deepStrictEqual(yield* idsIn(storage), all.filter((id) => id !== failed && id !== waits))
      const lines = readFileSync(join(cwd, "customer-18.ndjson"), "utf8").trim().split("\n")
      // One runs.
      assert.strictEqual(lines.length, 4)
    })
  },
  "Disk full": {
    check: Effect.fnUntraced(function*([room], { storage }) {
      says(room, "1 task deleted")
      assert.deepStrictEqual(yield* idsIn(storage), all.filter((id) => id !== old))
    })
  },
  Outage: { check: ([looks, lost]) => Effect.sync(() => (says(looks, "Nothing is wrong."), says(lost, interrupted))) },
  "A worker died": {
    check: ([looks, again]) =>
      Effect.sync(() => {
        says(looks, /dead +0 +app-2/, "1 live, 1 dead")
        says(again, "1 task would be run again")
      })
  },
  "Roll back": { check: ([looks]) => Effect.sync(() => says(looks, "Up to date")) },
  "Move to another engine": {
    before: ({ storage, workers }, block) => block === 1 ? storage.endWorker(workers.live) : Effect.void,
    check: Effect.fnUntraced(function*([ended, rest], { newUrl }) {
      says(ended, "4 tasks copied, 0 the same, 0 different, 0 left out, 0 failed")
      says(rest, "3 tasks copied, 4 the same, 0 different, 0 left out, 0 failed", "Nothing is wrong.")
      assert.deepStrictEqual(yield* idsIn(yield* openStore(newUrl)), all)
    })
  },
  "Back up SQLite": {
    before: ({ storage }, block) => block === 1 ? Effect.asVoid(storage.deleteTask(failed)) : Effect.void,
    check: Effect.fnUntraced(function*([, restored], { cwd, url }) {
      says(restored, "Paused: all tasks of tools/call", "Nothing is wrong.")
      assert.deepStrictEqual(yield* idsIn(yield* openStore(url)), all)
      for (const file of ["backup.db", "tasks.db"]) assert.strictEqual(statSync(join(cwd, file)).mode & 0o077, 0)
    })
  },
  "Back up PostgreSQL": {
    check: Effect.fnUntraced(function*([, restored], { newUrl }) {
      says(restored, "Paused: all tasks of tools/call", "Nothing is wrong.")
      assert.deepStrictEqual(yield* idsIn(yield* openStore(newUrl)), all)
    })
  },
  Alerts: {
    check: ([looks]) =>
      Effect.sync(() => {
        const [stats = "", report = ""] = looks?.trim().split("\n") ?? []
        const { byStatus, failures, paused, waitingForInput, workers } = JSON.parse(stats)
        assert.deepStrictEqual(
          [typeof byStatus.working.oldest, failures.length, paused, waitingForInput.count, workers.live],
          ["string", 2, [], 1, 1]
        )
        assert.deepStrictEqual(JSON.parse(report).findings, [])
      })
  }
}

type Engine = "sqlite" | "postgres"

const blocks = blocksOf("docs/operations.md").filter(({ fence }) => /^sh\b/.test(fence) && fence !== "sh no-run")

/** `pg_dump` refuses servers that are newer than itself. */
const dumps = (() => {
  const { status, stdout } = spawnSync("pg_dump", ["--version"], { encoding: "utf8" })
  const hasIt = status === 0 && Number(/\) (\d+)/.exec(stdout)?.[1]) >= 18
  if (!hasIt) console.warn("NOT RUN: the backup of PostgreSQL in the runbook needs pg_dump 18 or later")
  return hasIt
})()

/** On PostgreSQL those that name a new store: that commands do the same on every engine, `test/admin/cli` shows. */
const isFor = (engine: Engine) => ({ code, fence }: Block) =>
  fence === `sh ${engine}` || (fence === "sh" && (engine === "sqlite" || code.includes("$NEW_URL")))

describe.each(["sqlite", "postgres"] as const)("on %s", (engine) => {
  const own = blocks.filter(isFor(engine))
  const headings = [...new Set(own.map(({ heading }) => heading))]

  for (const heading of headings) {
    it.live.skipIf(heading === "Back up PostgreSQL" && !dumps)(heading, () =>
      Effect.gen(function*() {
        const otherEngine = engine === "sqlite" ? "postgres" : "sqlite"
        const place = yield* seeded(engine, heading === "Move to another engine" ? otherEngine : engine)
        const { before = () => Effect.void, check = () => assert.fail("no check of this section") } =
          sections[heading] ??
            {}
        const printed: Array<string> = []
        for (const [at, { code }] of own.filter((block) => block.heading === heading).entries()) {
          yield* before(place, at)
          printed.push(yield* runFor(place, code))
        }
        yield* check(printed, place)
      }), 120_000)
  }
})

it.live("an older version is told whether it may run on a newer schema", () =>
  Effect.gen(function*() {
    const given = yield* seeded("sqlite", "sqlite")
    const database = yield* bare(join(given.cwd, "tasks.db"))
    const [{ code } = { code: "" }] = blocks.filter(({ heading }) => heading === "Roll back")
    database.exec("UPDATE mcp_schema SET version = 1000")
    says(yield* runFor(given, code), "Up to date", "schema version 1000")
    database.exec("UPDATE mcp_schema SET compatible_with = 1000")
    says(
      yield* runFor(given, `${code.trim()} || echo exits with $?`),
      "needs a library of at least version 1000",
      "exits with 3"
    )
    says(yield* runFor(given, "npx mcp-task-storage doctor || echo exits with $?"), "1000", "exits with 3")
  }))

it("each section begins with a command", () => {
  for (const [heading, text] of page.split(/^## /m).slice(1).map((section) => section.split("\n\n"))) {
    if (heading !== "Alerts" && heading !== "What commands take") assert.match(text ?? "", /^```sh/, heading)
  }
})
