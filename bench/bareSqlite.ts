/**
 * Bare `node:sqlite`: the same statements as the library sends, with the same pragmas, and nothing around them.
 *
 * The statements are not repeated here: they are listened to while the library runs each operation once.
 */
import { openTaskStorage, type PromiseTaskStorage } from "mcp-task-storage/promise"
import { DatabaseSync, type SQLInputValue, StatementSync } from "node:sqlite"
import { payload, result } from "./settings.ts"

/** A statement as the library sent it. */
interface Sent {
  readonly text: string
  readonly params: ReadonlyArray<SQLInputValue>
}

/** What the library sent for each operation, and the pragmas with which it opened the database. */
export interface Statements {
  readonly pragmas: ReadonlyArray<string>
  readonly create: Sent
  readonly get: Sent
  readonly transition: Sent
  readonly settle: Sent
  readonly page: Sent
}

/** The task that is operated on while the library is listened to. */
const spied = "00000000-0000-7000-8000-000000000000"

/** Listens to `node:sqlite` while `run` runs. */
const listen = async (run: () => Promise<unknown>) => {
  const executed: Array<string> = []
  const sent: Array<Sent> = []
  const { exec } = DatabaseSync.prototype
  const { all } = StatementSync.prototype
  DatabaseSync.prototype.exec = function(sql) {
    executed.push(sql)
    exec.call(this, sql)
  }
  StatementSync.prototype.all = function(...args: ReadonlyArray<SQLInputValue | Record<string, SQLInputValue>>) {
    sent.push({ text: this.sourceSQL, params: args.filter(isValue) })
    return Reflect.apply(all, this, args)
  }
  try {
    await run()
  } finally {
    DatabaseSync.prototype.exec = exec
    StatementSync.prototype.all = all
  }
  return { executed, sent }
}

/** The library names no parameters. */
const isValue = (value: SQLInputValue | Record<string, SQLInputValue>): value is SQLInputValue =>
  typeof value !== "object" || value === null || ArrayBuffer.isView(value)

const sentBy = async (run: () => Promise<unknown>): Promise<Sent> => {
  const { sent } = await listen(run)
  const [only, ...others] = sent
  if (only === undefined || others.length > 0) throw new Error(`expected one statement, heard ${sent.length}`)
  return only
}

/** Learns the statements of the library. */
export const learnStatements = async (filename: string): Promise<Statements> => {
  const open = () => openTaskStorage(`sqlite:${filename}`, { maintenance: false, sqlite: { synchronous: "normal" } })
  let storage: PromiseTaskStorage | undefined
  const { executed } = await listen(async () => {
    storage = await open()
  })
  await using opened = storage ?? await open()
  const task = { taskId: spied, originalMethod: "tools/call", originalParams: payload }
  return {
    pragmas: executed.filter((sql) => sql.startsWith("PRAGMA")),
    create: await sentBy(() => opened.createTask(task)),
    get: await sentBy(() => opened.getTask(spied)),
    transition: await sentBy(() => opened.updateTaskStatus(spied, "input_required")),
    settle: await sentBy(() => opened.settleTask(spied, { _tag: "Success", value: result })),
    page: await sentBy(() => opened.listTasks({ limit: 50 }))
  }
}

/** A bare database, with each statement prepared. */
export class BareSqlite {
  readonly #database: DatabaseSync
  readonly create: (id: string) => unknown
  readonly get: (id: string) => unknown
  readonly transition: (id: string) => unknown
  readonly settle: (id: string) => unknown
  readonly page: () => unknown

  constructor(filename: string, statements: Statements) {
    this.#database = new DatabaseSync(filename)
    for (const pragma of statements.pragmas) this.#database.exec(pragma)
    this.create = this.#prepare(statements.create)
    this.get = this.#prepare(statements.get)
    this.transition = this.#prepare(statements.transition)
    this.settle = this.#prepare(statements.settle)
    const page = this.#prepare(statements.page)
    this.page = () => page(spied)
  }

  /** Runs a statement with the id and the present time in the places where the library sent its own. */
  #prepare({ params, text }: Sent): (id: string) => unknown {
    const statement = this.#database.prepare(text)
    statement.setReturnArrays(true)
    const values = [...params]
    const ids = [...values.keys()].filter((index) => values[index] === spied)
    const times = [...values.keys()].filter((index) => isRecent(values[index]))
    return (id) => {
      for (const index of ids) values[index] = id
      if (times.length > 0) {
        const now = Date.now()
        for (const index of times) values[index] = now
      }
      return statement.all(...values)
    }
  }

  /** Runs many writes as one transaction. */
  transaction(run: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE")
    run()
    this.#database.exec("COMMIT")
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }
}

const isRecent = (value: SQLInputValue | undefined): boolean =>
  typeof value === "number" && Math.abs(value - Date.now()) < 3_600_000
