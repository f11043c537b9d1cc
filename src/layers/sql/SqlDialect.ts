/**
 * What differs between SQL engines.
 *
 * @since 0.1.0
 */
import type { SqlError } from "effect/sql/SqlError"
import type { AllCounters } from "./SqlCounters.ts"
import type { SqlStatement } from "./SqlStatement.ts"
import type { TaskTables } from "./TaskTables.ts"

/**
 * A step of the schema: statements that bring a database from the version before to `id`, and write that down in the one
 * row of the schema table: `version`, and `compatible_with`, the oldest version whose library still runs on it.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlMigration {
  readonly id: number
  readonly name: string
  readonly statements: ReadonlyArray<string>
}

/**
 * The meaning of an engine's error. `locked` is worth waiting for. `applied` says whether the write may have happened, and `concerns`
 * whether every other write meets the same.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlFault {
  readonly locked: boolean
  readonly reason: string
  readonly retryable: boolean
  readonly applied: "no" | "unknown"
  readonly concerns?: "store"
  /** What to show as the cause instead of the error itself, which may hold values. */
  readonly cause?: Error
}

/**
 * A part of a database: what it is called, and, if it can be made anew without a loss, what makes it.
 *
 * @since 0.2.0
 * @category models
 */
export interface DatabasePart {
  readonly kind: "table" | "column" | "constraint" | "index" | "trigger" | "function" | "view"
  readonly name: string
  /** The table that an index or a trigger belongs to. */
  readonly table: string | undefined
  readonly statement: string | undefined
}

/** Statements around a change of the schema. None are needed where transactions begin with a lock. */
interface SchemaLock {
  readonly take: ReadonlyArray<SqlStatement>
  readonly leave: ReadonlyArray<SqlStatement>
}

/**
 * The differences between SQL engines; everything else is shared.
 *
 * @since 0.1.0
 * @category models
 */
export interface SqlDialect {
  /** A statement as the engine takes it, of one that has `?` for each value. */
  readonly native: (statement: SqlStatement) => SqlStatement
  /** What a query that chooses rows for removal ends with: wait for their locks, or leave out what is locked. */
  readonly forUpdate: string
  readonly skipLocked: string
  /** Tests that a key is among the few that a query selects, so that each is looked up, however many there may be. */
  readonly among: (select: string) => string
  /** Says of a condition that few rows meet it, so that their index is the one to look in. */
  readonly selective: (condition: string) => string
  /** The name of a task, as it is in the index of names. */
  readonly indexedName: string
  /** The conditions of the indexes of names. Each task that has ended meets one of them. */
  readonly nameIndexes: ReadonlyArray<string>
  /**
   * Selects how many of all tasks that have ended there are of each method, name and status, and when the oldest was created. Its two
   * parameters are the time.
   */
  readonly groups: (tasks: string) => string
  /** Tests that an id ends with a text. The parameters are the number of its characters and the text. */
  readonly endsWith: string
  /** Selects the ids that the one parameter lists, as a JSON array. */
  readonly idList: string
  /** The elements of the one parameter, a JSON array, in a column `value`. */
  readonly elements: string
  /** The key of a kind, by which free tasks are found: of an expression for the text of its method and then its name. */
  readonly kindKey: (text: string) => string
  /** What the keys of all kinds of a method begin with, and of few others: of an expression for its text. */
  readonly methodKey: (text: string) => string
  /**
   * Joins each row before it with tasks that it leads to, one row after the other: behind `WHERE` there are the condition on
   * them, their order and their number. `lock` is for a statement that writes them.
   */
  readonly joinEach: (tasks: string, where: string, lock: boolean) => string
  /** Gives how many seats a parameter leaves in a session, whose key in the counts is an expression. */
  readonly seatsLeft: (tables: TaskTables, key: string) => string
  /** Gives a parameter, or a number if that is less. It is not negative. */
  readonly atMost: (number: string) => string
  /** The time of the engine in milliseconds, where it says more than that of the process. */
  readonly engineTime: string | undefined
  /** Whether a write takes a lock that keeps all others from writing, so that a look comes first. */
  readonly locksWhole: boolean
  /** Whether an open transaction is still usable after a failed statement, so that the statement can be retried in it. */
  readonly retriesInTransaction: boolean
  /** What a transaction begins with where the database may be set up to show it only what was there at its start. */
  readonly beginTransaction: string | undefined
  /** What takes the lock under which the schema changes, and what comes after the change, within its transaction. */
  readonly schemaLock: (tables: TaskTables) => SchemaLock
  /** Selects one row when the table, named by the one parameter, exists. */
  readonly tableExists: string
  /**
   * Selects the statements that would make these tables and views, with their indexes and triggers, and these functions, as they are;
   * one a row.
   */
  readonly definitions: (tables: ReadonlyArray<string>, functions: ReadonlyArray<string>) => SqlStatement
  /** The schema, oldest step first. `structureOf` reads them too, and has to know each change of a table. */
  readonly migrations: (tables: TaskTables) => ReadonlyArray<SqlMigration>
  /** What keeps the counts of limits. */
  readonly counters: AllCounters
  /** Makes an index, a trigger, a function or a view anew, whether there is one of its name or not. */
  readonly remake: (part: DatabasePart, tables: TaskTables) => ReadonlyArray<string>
  /** Whether a part is made outside of a transaction, so that others can write meanwhile. */
  readonly isMadeAlone: (part: DatabasePart) => boolean
  /** What to run by hand for a change of the schema, as one transaction. */
  readonly script: (statements: ReadonlyArray<string>, tables: TaskTables) => ReadonlyArray<string>
  readonly fault: (error: SqlError) => SqlFault
  /** Called when the engine has answered. A refusal after that may mean something else. */
  readonly noteAnswer: () => void
}
