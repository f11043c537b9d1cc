/** Commands that change tasks stop at once where the store takes no write at all, and say how to go on. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SqlError } from "effect/sql/SqlError"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { connect } from "../../layers/postgres/database.ts"
import { freshRole, freshUrl } from "../../layers/postgres/engine.ts"
import { folder } from "../../layers/sqlite/database.ts"
import { runCommand } from "./runCommand.ts"
import { seededStore, sqlite, stores } from "./stores.ts"

interface Unwritable {
  readonly name: string
  /** Gives the URL under which a store with these tasks can be read alone. */
  readonly url: Effect.Effect<string, SqlError | TaskStorageError, Scope.Scope>
  readonly reason: string
  /** What `doctor` says. */
  readonly finding: RegExp
}

const seededPostgres = Effect.gen(function*() {
  const store = stores.find(({ name }) => name === "postgres") ?? assert.fail("there is no PostgreSQL")
  const { url } = yield* seededStore({ ...store, freshUrl })
  return { url, sql: yield* connect(url) }
})

const unwritable: ReadonlyArray<Unwritable> = [
  {
    name: "a file that is opened to be read",
    url: Effect.map(seededStore(sqlite), ({ url }) => url.replace(/^sqlite:(.*)$/, "sqlite:file:$1?mode=ro")),
    reason: "the database is read-only; check the permissions",
    finding: /^ERROR read_only \S+: The database is read-only for this user/m
  },
  {
    name: "a database that is read-only",
    url: Effect.gen(function*() {
      const { sql, url } = yield* seededPostgres
      yield* sql.unsafe(`ALTER DATABASE "${new URL(url).pathname.slice(1)}" SET default_transaction_read_only = on`)
      return url
    }),
    reason: "the database is read-only, as a standby is",
    finding: /^ERROR read_only default_transaction_read_only: Transactions are read-only here/m
  },
  {
    name: "a role that may read alone",
    url: Effect.gen(function*() {
      const { sql, url } = yield* seededPostgres
      const role = yield* freshRole
      yield* sql.unsafe(`CREATE ROLE ${role} LOGIN PASSWORD 'p'`)
      yield* sql.unsafe(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
      return Object.assign(new URL(url), { username: role, password: "p" }).href
    }),
    reason: "PostgreSQL denies access to the tables",
    finding: /^ERROR read_only mcp_tasks: The role of this connection may not write the table mcp_tasks/m
  }
]

const key = Buffer.alloc(32, 7).toString("base64")

interface Case {
  readonly name: string
  readonly command: (url: string, place: string) => Effect.Effect<ReadonlyArray<string>, TaskStorageError, Scope.Scope>
  readonly done: string
  /** What the command is like that goes on. */
  readonly goesOn: RegExp
}

const given = (...words: ReadonlyArray<string>): Case["command"] => (url) => Effect.succeed([...words, "--url", url])

const cases: ReadonlyArray<Case> = [
  {
    name: "rm",
    command: given("rm", "--all", "--limit", "5", "--yes"),
    done: "0 tasks deleted",
    goesOn: /rm --all --limit 5 --cursor/
  },
  {
    name: "rm of ids",
    command: given("rm", "--yes", "task-done-0001", "task-fail-0002"),
    done: "0 tasks deleted",
    goesOn: /rm .*task-done-0001 task-fail-0002$/
  },
  {
    name: "cancel",
    command: given("cancel", "--all", "--limit", "5", "--yes"),
    done: "0 tasks cancelled",
    goesOn: /cancel --all --limit 5 --cursor/
  },
  {
    name: "rerun",
    command: given("rerun", "--status", "failed", "--limit", "5", "--yes"),
    done: "0 tasks run again",
    goesOn: /rerun --status failed .*--limit 5 --cursor/
  },
  {
    name: "erase",
    command: given("erase", "--session", "alice", "--yes"),
    done: "0 tasks erased",
    goesOn: /erase --session alice/
  },
  {
    name: "copy",
    command: (url) =>
      Effect.map(seededStore(sqlite), (from) => ["copy", "--from", from.url, "--to", url, "--limit", "5"]),
    done: "0 tasks copied",
    goesOn: /copy .*--limit 5 --cursor/
  },
  {
    name: "import",
    command: (url, place) =>
      Effect.gen(function*() {
        const other = yield* seededStore(sqlite)
        const file = join(place, "tasks.ndjson")
        const { out } = yield* runCommand(["export", "--url", other.url])
        writeFileSync(file, out.replaceAll("task-", "other-"))
        return ["import", file, "--url", url]
      }),
    done: "0 tasks copied",
    goesOn: /import .*tasks.ndjson/
  },
  {
    name: "reencrypt",
    command: (url, place) =>
      Effect.sync(() => {
        const keys = join(place, "keys.json")
        writeFileSync(keys, JSON.stringify({ current: "k1", keys: { k1: key } }), { mode: 0o600 })
        return ["reencrypt", "--keys", keys, "--limit", "5", "--url", url]
      }),
    done: "0 tasks sealed anew",
    goesOn: /reencrypt --limit 5/
  }
]

for (const { finding, name, reason, url } of unwritable) {
  describe(name, () => {
    it.live("doctor", () =>
      Effect.gen(function*() {
        const { code, err, out } = yield* runCommand(["doctor", "--url", yield* url])
        assert.strictEqual(code, 3, err)
        assert.match(out, finding)
      }))

    for (const { command, done, goesOn, name } of cases) {
      it.live(name, () =>
        Effect.gen(function*() {
          const { code, err } = yield* runCommand(yield* command(yield* url, yield* folder))
          assert.strictEqual(code, 1, err)
          assert.include(err, `Stopped: ${done} so far.`)
          assert.include(err, reason)
          assert.notMatch(err, /^(?:task|other)-\S+ failed/m)
          assert.match(/Go on with: mcp-task-storage (.*)/.exec(err)?.[1] ?? err, goesOn)
        }))
    }
  })
}
