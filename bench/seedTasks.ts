/**
 * Many tasks as a busy server leaves them: spread over thirty days, of fifty names of which ten are rare, two of a hundred
 * failed, with payloads of one to two kilobytes.
 *
 * They go past the library, which would take hours to settle a million of them, into the tables that it has made.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite"
import type { Pool } from "pg"

/** Columns that differ from task to task. All others have their defaults. */
const columns = [
  "task_id",
  "session_id",
  "status",
  "created_at",
  "last_updated_at",
  "ttl",
  "revision",
  "result_kind",
  "original_method",
  "status_message",
  "incarnation",
  "attempt",
  "name",
  "failure",
  "original_params",
  "result"
] as const

type Value = string | number | null

const spread = 30 * 86_400_000

/** The tool that is used most, and one that is hardly used. */
export const commonName = "report"
export const rareName = "rare-7"

const reasons = ["TypeError", "TimeoutError", "Interrupted", "HttpError", "ValidationError"]

/** Numbers that look random and are the same in each run, from 0 up to a bound. */
const makeRandom = () => {
  let state = 0x9e3779b9
  return (below: number): number => {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5 | 0
    return (state >>> 1) % below
  }
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0")

const json = (value: unknown): string => JSON.stringify(value)

/** Gives the rows of so many tasks, the oldest first. The last ones are of this moment. */
function* seedRows(size: number, now: number): Generator<ReadonlyArray<Value>> {
  const random = makeRandom()
  const texts = Array.from({ length: 64 }, (_, index) => {
    const length = 900 + Math.floor(index * 1_000 / 64)
    return Array.from({ length }, () => String.fromCharCode(97 + random(26))).join("")
  })
  for (let index = 0; index < size; index++) {
    const createdAt = now - spread + Math.floor((index + 1) * spread / size)
    const time = hex(createdAt, 12)
    const id = `${time.slice(0, 8)}-${time.slice(8)}-7${hex(random(4096), 3)}-8${hex(random(4096), 3)}-` +
      `${hex(random(2 ** 24), 6)}${hex(random(2 ** 24), 6)}`
    // Each of the rare ones is there as often as one of two hundred thousand tasks.
    const isRare = random(20_000) === 0
    const tool = random(60)
    const isPrompt = !isRare && random(50) === 0
    const name = isRare
      ? `rare-${random(10)}`
      : isPrompt
      ? `prompt-${random(5)}`
      : tool > 34
      ? commonName
      : `tool-${tool}`
    const isOpen = size - index <= size / 200
    const kind = random(100)
    const status = isOpen
      ? (kind < 20 ? "input_required" : "working")
      : kind < 2
      ? "failed"
      : kind < 3
      ? "cancelled"
      : "completed"
    const isFailed = status === "failed"
    const text = texts[random(texts.length)] ?? ""
    const reason = reasons[random(reasons.length)] ?? ""
    const endedAt = isOpen ? createdAt : Math.min(createdAt + random(600_000), now)
    yield [
      id,
      `session-${random(Math.max(1, size / 100))}`,
      status,
      createdAt,
      endedAt,
      index % 3 === 0 ? null : 2 * spread,
      isOpen ? 2 : 3,
      isFailed ? "error" : status === "completed" ? "success" : null,
      json(isPrompt ? "prompts/get" : "tools/call"),
      isFailed ? json("It broke") : null,
      `seed.${index}`,
      1,
      json(name),
      isFailed && random(10) > 0 ? json({ name: reason, message: text.slice(0, 80), at: endedAt }) : null,
      json({ name, arguments: { text: text.slice(0, 200) } }),
      isFailed
        ? json({ _tag: "Error", code: -32000, message: "It broke" })
        : status === "completed"
        ? json({ _tag: "Success", value: { content: [{ type: "text", text }] } })
        : null
    ]
  }
}

/** Fills a database file whose tables are there. */
export const seedSqlite = (filename: string, size: number): void => {
  using database = new DatabaseSync(filename)
  database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN")
  const insert = database.prepare(
    `INSERT INTO mcp_tasks (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`
  )
  for (const row of seedRows(size, Date.now())) insert.run(...row satisfies ReadonlyArray<SQLInputValue>)
  database.exec("COMMIT")
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)")
}

const rowsAtOnce = 2_000

/** Fills a database whose tables are there. */
export const seedPostgres = async (pool: Pool, size: number): Promise<void> => {
  const text = `INSERT INTO mcp_tasks (${columns.join(", ")}) SELECT * FROM unnest(` +
    columns.map((column, index) => `$${index + 1}::${integers.includes(column) ? "bigint" : "text"}[]`).join(", ") + ")"
  let rows: Array<ReadonlyArray<Value>> = []
  const flush = async () => {
    await pool.query({ name: "seed", text, values: columns.map((_, column) => rows.map((row) => row[column])) })
    rows = []
  }
  for (const row of seedRows(size, Date.now())) {
    rows.push(row)
    if (rows.length === rowsAtOnce) await flush()
  }
  if (rows.length > 0) await flush()
}

const integers: ReadonlyArray<string> = ["created_at", "last_updated_at", "ttl", "revision", "attempt"]
