/** That the page about the tables names everything that is in them, and that its queries run. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { openTaskStorage } from "mcp-task-storage/promise"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { indexes, tableDefinition } from "../../src/layers/dynamodb/TableDefinition.ts"
import {
  payloadFields,
  plainAttributes,
  readTask,
  stamps,
  summaryAttributes
} from "../../src/layers/dynamodb/TaskItem.ts"
import { makeTriggers as postgresTriggers } from "../../src/layers/postgres/PostgresLimits.ts"
import { migrations as postgresMigrations } from "../../src/layers/postgres/PostgresSchema.ts"
import { makeSeatTriggers as postgresSeatTriggers } from "../../src/layers/postgres/PostgresSeats.ts"
import { structureOf } from "../../src/layers/sql/SqlStructure.ts"
import { taskTables } from "../../src/layers/sql/TaskTables.ts"
import {
  makeSeatTriggers as sqliteSeatTriggers,
  makeTriggers as sqliteTriggers,
  migrations as sqliteMigrations
} from "../../src/layers/sqlite/SqliteSchema.ts"
import { connect } from "../layers/postgres/database.ts"
import { freshUrl } from "../layers/postgres/engine.ts"

const page = readFileSync(join(import.meta.dirname, "../../docs/schema.md"), "utf8")

/** The lines from a heading to the next one of its rank or above. */
const section = (heading: string): string => {
  const [, rank = ""] = /^(#+) /.exec(heading) ?? []
  const [, rest = ""] = page.split(`${heading}\n`)
  return rest.split(new RegExp(`^#{1,${rank.length}} `, "m"))[0] ?? ""
}

const queries = (heading: string): ReadonlyArray<string> =>
  Array.from(section(heading).matchAll(/^```sql\n([^]*?)^```$/gm), ([, query = ""]) => query)

const named = (text: string, name: string) => assert.isTrue(text.includes(`\`${name}\``), `${name} is not on the page`)

const tables = Result.getOrThrow(taskTables())
const structures = [
  [sqliteMigrations(tables), [...sqliteTriggers(tables), ...sqliteSeatTriggers(tables)]],
  [postgresMigrations(tables), [...postgresTriggers(tables), ...postgresSeatTriggers(tables)]]
] as const

describe.each(structures)("the tables", (migrations, triggers) => {
  const { functions, indexes, tables, triggers: own } = structureOf([
    ...migrations.flatMap(({ statements }) => statements),
    ...triggers
  ])

  it.each(Array.from(tables))("%s has its columns", (table, { columns }) => {
    const text = section(`### \`${table}\``)
    for (const column of columns.keys()) named(text, column)
  })

  it("and their indexes and triggers are named", () => {
    for (const name of [...indexes.keys(), ...own.keys()]) named(page, name)
  })

  it("and functions that are not those of a trigger of the same name", () => {
    for (const name of functions.keys()) if (!own.has(name)) named(page, name)
  })
})

describe("the view of the tasks", () => {
  it.each(structures)("has its columns", (migrations) => {
    const { views } = structureOf(migrations.flatMap(({ statements }) => statements))
    const [view] = views.values()
    const [, list = ""] = /AS SELECT\n([^]*)\nFROM/.exec(view?.statement ?? "") ?? []
    const columns = list.split(",\n").map((column) => /\w+$/.exec(column)?.[0] ?? "")
    assert.includeMembers(columns, ["task_id", "name", "reason"])
    for (const column of columns) named(section("### `mcp_task_overview`"), column)
  })
})

describe("the table of DynamoDB", () => {
  const text = section("## The table of DynamoDB")

  it("has its attributes", () => {
    const { attributes, ttlAttribute = "" } = Result.getOrThrow(tableDefinition({ tableName: "mcp-tasks" }))
    const names = [...attributes.map(([name]) => name), ttlAttribute, ...summaryAttributes, ...payloadFields, ...stamps]
    for (const name of names) named(text, name)
  })

  it("and its indexes", () => {
    const [, table = ""] = text.split("\n| index")
    for (const { hash, include, name, range } of Object.values(indexes)) {
      const row = new RegExp(`^\\| \`${name}\` .*$`, "m").exec(table)?.[0] ?? ""
      const found = Array.from(row.matchAll(/`([^`]+)`/g), ([, quote]) => quote)
      assert.deepStrictEqual(found, [name, ...hash, ...range, ...include])
    }
  })

  it("and what else a task is written with", () => {
    const text = (value: string) => ({ S: value })
    const number = { N: "1" }
    const task = readTask({
      taskId: text("id"),
      incarnation: text("x"),
      status: text("working"),
      originalMethod: text("\"tools/call\""),
      createdAt: number,
      lastUpdatedAt: number,
      revision: number,
      attempt: number,
      ttl: number
    })
    const names = [true, false].flatMap((is) => Object.keys(plainAttributes(task, 8, { counted: is, seat: is })))
    for (const name of [...names, "parts"]) named(section("## The table of DynamoDB"), name)
  })
})

describe("the queries", () => {
  it("run in SQLite", async () => {
    const folder = mkdtempSync(join(tmpdir(), "schema-"))
    const filename = join(folder, "tasks.db")
    await prepare(`sqlite:${filename}`)
    const database = new DatabaseSync(filename, { readOnly: true })
    const found = queries("### In SQLite").map((query) => database.prepare(query).all())
    database.close()
    rmSync(folder, { recursive: true })
    check(found)
  })

  it.effect("run in PostgreSQL", () =>
    Effect.gen(function*() {
      const url = yield* freshUrl
      yield* Effect.promise(() => prepare(url))
      const sql = yield* connect(url)
      check(yield* Effect.forEach(queries("### In PostgreSQL"), (query) => sql.unsafe<Row>(query)))
    }))
})

type Row = Readonly<Record<string, unknown>>

/** Tasks that run, by a lease and by a worker, that wait for a worker and for a time, that threw, and whose tool says that it failed. */
const prepare = async (url: string): Promise<void> => {
  const storage = await openTaskStorage(url)
  const call = (name: string) => ({ originalMethod: "tools/call", originalParams: { name }, sessionId: "ann" })
  await storage.createTask({ ...call("runs"), lease: 60_000 })
  const { workerId } = await storage.registerWorker({ host: "here", pid: 7, lease: 60_000 })
  await storage.createTask({ ...call("is held"), worker: workerId })
  await storage.createTask({ ...call("waits"), lease: 0 })
  await storage.createTask({ ...call("sleeps"), delay: 60_000 })
  const thrown = await storage.createTask(call("throws"))
  const internal = { _tag: "Error", code: -32603, message: "Internal error" } as const
  await storage.settleTask(thrown.taskId, internal, { failure: new TypeError("no paper") })
  const told = await storage.createTask(call("tells"))
  const value = { isError: true, content: [] }
  await storage.settleTask(told.taskId, { _tag: "Success", value }, { statusMessage: "no ink" })
  await storage.close()
}

const check = (found: ReadonlyArray<ReadonlyArray<Row>>): void => {
  const rows = found.flat()
  const namesWith = (column: string) =>
    rows.filter((row) => row[column] !== undefined && row[column] !== null).map(({ name }) => name)
  assert.deepStrictEqual(namesWith("started").toSorted(), ["is held", "runs"])
  assert.deepStrictEqual(
    rows.filter(({ host }) => host !== undefined).map(({ host, pid, tasks }) => [host, Number(pid), Number(tasks)]),
    [["here", 7, 1]]
  )
  const waiting = rows.filter((row) => row["waits_for"] !== undefined).map((row) =>
    `${row["name"]}: ${row["waits_for"]}`
  )
  if (waiting.length > 0) assert.deepStrictEqual(waiting.toSorted(), ["sleeps: its time", "waits: a worker"])
  assert.deepStrictEqual(namesWith("failures").toSorted(), ["tells", "throws"])
  assert.deepStrictEqual(
    rows.filter(({ why }) => why !== undefined).map(({ name, why }) => `${name}: ${why}`).toSorted(),
    ["tells: no ink", "throws: TypeError: no paper"]
  )
}
