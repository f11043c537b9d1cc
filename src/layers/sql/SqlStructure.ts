/**
 * The structure that statements give a database: tables, columns, constraints, indexes, triggers, functions and views.
 *
 * It reads the migrations, which say what should be there, and the definitions of an engine, which say what is there. So
 * nothing is listed twice.
 *
 * @since 0.2.0
 */
import { splitList, SqlReader } from "./SqlReader.ts"
import { canonical, type SqlToken } from "./SqlToken.ts"

/**
 * @since 0.2.0
 * @category models
 */
export interface TableStructure {
  /** What SQLite says of a table behind its columns. */
  readonly options: string
  readonly columns: Map<string, ColumnStructure>
  /** The columns of the primary key. */
  primaryKey: string
  /** What else a row has to meet. */
  readonly constraints: Set<string>
}

interface ColumnStructure {
  readonly shape: string
  readonly isNotNull: boolean
  /** Whether a row that does not name the column is refused. */
  readonly isRequired: boolean
}

/** Something that belongs to a table, or to none. */
interface PartStructure {
  readonly table: string | undefined
  readonly shape: string
  /** What made it. */
  readonly statement: string
}

type Part = Omit<PartStructure, "statement">

/**
 * The structure of a database, by names without qualifiers.
 *
 * @since 0.2.0
 * @category models
 */
export interface SqlStructure {
  readonly tables: Map<string, TableStructure>
  readonly indexes: Map<string, PartStructure>
  readonly triggers: Map<string, PartStructure>
  readonly functions: Map<string, PartStructure>
  readonly views: Map<string, PartStructure>
}

/**
 * Gives the structure after statements have run, one after the other. Throws for a change of a table that it does not know: a
 * new migration may need more of it.
 *
 * @since 0.2.0
 * @category constructors
 */
export const structureOf = (statements: ReadonlyArray<string>): SqlStructure => {
  const structure: SqlStructure = {
    tables: new Map(),
    indexes: new Map(),
    triggers: new Map(),
    functions: new Map(),
    views: new Map()
  }
  for (const statement of statements) apply(structure, statement)
  return structure
}

const apply = (structure: SqlStructure, statement: string): void => {
  const reader = SqlReader.of(statement)
  if (reader.reads("create")) create(structure, reader, statement)
  else if (reader.reads("drop")) drop(structure, reader)
  else if (reader.reads("alter table")) {
    reader.reads("if exists")
    reader.reads("only")
    const name = reader.name()
    for (const action of splitList(reader.rest())) alter(structure, name, new SqlReader(action), statement)
  }
}

const create = (structure: SqlStructure, reader: SqlReader, statement: string): void => {
  reader.reads("or replace")
  const unique = reader.reads("unique") ? "unique " : ""
  const kind = reader.readsOneOf(kinds)
  if (kind === undefined) return
  reader.reads("concurrently")
  reader.reads("if not exists")
  const name = reader.name()
  switch (kind) {
    case "table": {
      const items = reader.group()
      // A table made from a query. This library makes none.
      if (items === undefined) return
      structure.tables.set(name, tableOf(items, reader))
      return
    }
    case "index":
      structure.indexes.set(name, { ...indexOf(unique, reader), statement })
      return
    case "trigger":
      structure.triggers.set(name, { ...triggerOf(reader), statement })
      return
    case "function":
      structure.functions.set(name, { ...functionOf(reader), statement })
      return
    case "view":
      structure.views.set(name, { ...viewOf(reader), statement })
      return
  }
}

const kinds = ["table", "index", "trigger", "function", "view"] as const

const tableOf = (items: ReadonlyArray<SqlToken>, reader: SqlReader): TableStructure => {
  const rest = canonical(reader.rest())
  const options = ["strict", "without rowid"].filter((option) => rest.includes(option)).join(", ")
  const table: TableStructure = { options, columns: new Map(), primaryKey: "", constraints: new Set() }
  for (const item of splitList(items)) addItem(table, new SqlReader(item))
  return table
}

/** Adds a column, or a constraint. That a column is not null is part of the column. */
const addItem = (table: TableStructure, reader: SqlReader): void => {
  if (reader.reads("constraint")) reader.name()
  if (reader.reads("primary key")) {
    table.primaryKey = list(reader.group())
    return
  }
  if (reader.reads("not null")) return
  const kind = reader.readsOneOf(constraintWords)
  if (kind !== undefined) {
    table.constraints.add(`${kind} ${canonical(reader.rest())}`)
    return
  }
  const name = reader.name()
  table.columns.set(name, columnOf(reader, table, name))
}

const constraintWords = ["unique", "check", "foreign key", "exclude"] as const

const columnOf = (reader: SqlReader, table: TableStructure, name: string): ColumnStructure => {
  const parts = [canonical(reader.until(columnWords))]
  let isNotNull = false
  let hasValue = false
  while (!reader.isAtEnd) {
    if (reader.reads("not null")) isNotNull = true
    else if (reader.reads("primary key")) table.primaryKey = name
    else if (reader.reads("collate")) parts.push(`collate ${reader.name()}`)
    else if (reader.readsOneOf(["generated always as identity", "generated by default as identity"]) !== undefined) {
      isNotNull = true
      hasValue = true
      parts.push("identity")
    } else if (reader.readsOneOf(["generated always as", "as"]) !== undefined) {
      hasValue = true
      parts.push(`generated (${canonical(reader.group() ?? [])})`)
      if (reader.reads("stored")) parts.push("stored")
    } else if (reader.reads("default")) {
      hasValue = true
      parts.push(`default ${canonical(reader.group() ?? reader.until(columnWords))}`)
    } else if (reader.reads("check")) table.constraints.add(`check ${canonical(reader.group() ?? [])}`)
    else if (reader.reads("unique")) table.constraints.add(`unique ${name}`)
    else if (reader.reads("references")) {
      table.constraints.add(`foreign key ${name} references ${canonical(reader.until(columnWords))}`)
    } else if (reader.group() === undefined) reader.token()
  }
  return { shape: parts.join(" "), isNotNull, isRequired: isNotNull && !hasValue }
}

/** What the type of a column, and its default, ends at. */
const columnWords = new Set(
  ["as", "check", "collate", "constraint", "default", "generated", "not", "null", "primary", "references", "unique"]
)

const indexOf = (unique: string, reader: SqlReader): Part => {
  reader.reads("on")
  reader.reads("only")
  const table = reader.name()
  const method = reader.reads("using") ? reader.name() : "btree"
  const columns = list(reader.group())
  const included = reader.reads("include") ? ` include (${list(reader.group())})` : ""
  reader.until(new Set(["where"]))
  const where = reader.reads("where") ? ` where ${canonical(reader.rest())}` : ""
  return {
    table,
    shape: `${unique}${method === "btree" ? "" : `${method} `}on ${table} (${columns})${included}${where}`
  }
}

const triggerOf = (reader: SqlReader): Part => {
  const event = canonical(reader.until(new Set(["on"])))
  reader.reads("on")
  const table = reader.name()
  return { table, shape: `${event} on ${table} ${canonical(reader.rest())}` }
}

/**
 * Whether it is called for null, and what it promises to leave alone, change what it does. Of the settings that its owner gives it,
 * only some do.
 */
const functionOf = (reader: SqlReader): Part => {
  const parameters = list(reader.group())
  const returns = canonical(reader.until(functionWords))
  const traits: Array<string> = []
  while (!reader.isAtEnd && !reader.reads("as")) {
    if (reader.reads("language")) traits.push(reader.name())
    else if (reader.readsOneOf(["strict", "returns null on null input"]) !== undefined) traits.push("strict")
    else if (reader.reads("set")) {
      const setting = reader.name()
      const value = canonical(reader.until(functionWords))
      if (!harmlessSettings.has(setting)) traits.push(`set ${setting} ${value}`)
    } else {
      const volatility = reader.readsOneOf(["immutable", "stable"])
      if (volatility === undefined) reader.token()
      else traits.push(volatility)
    }
  }
  const body = reader.token()?.value.replaceAll(/\s+/g, " ").trim() ?? ""
  return { table: undefined, shape: `(${parameters}) ${returns} ${traits.join(" ")} as ${body}` }
}

/** What may follow the type that a function returns. */
const functionWords = new Set([
  "as",
  "called",
  "cost",
  "immutable",
  "language",
  "leakproof",
  "parallel",
  "returns",
  "rows",
  "security",
  "set",
  "stable",
  "strict",
  "volatile"
])

/** Owners set where a function looks for tables, so that nobody can put others before them. */
const harmlessSettings = new Set(["search_path"])

const viewOf = (reader: SqlReader): Part => {
  reader.until(new Set(["as"]))
  reader.reads("as")
  return { table: undefined, shape: canonical(reader.rest()) }
}

const drop = (structure: SqlStructure, reader: SqlReader): void => {
  const kind = reader.readsOneOf(kinds)
  if (kind === undefined) return
  reader.reads("concurrently")
  reader.reads("if exists")
  const name = reader.name()
  switch (kind) {
    case "table":
      structure.tables.delete(name)
      for (const parts of [structure.indexes, structure.triggers]) {
        for (const [part, { table }] of parts) if (table === name) parts.delete(part)
      }
      return
    case "index":
      structure.indexes.delete(name)
      return
    case "trigger":
      structure.triggers.delete(name)
      return
    case "function":
      structure.functions.delete(name)
      return
    case "view":
      structure.views.delete(name)
      return
  }
}

const alter = (structure: SqlStructure, name: string, reader: SqlReader, statement: string): void => {
  const table = structure.tables.get(name)
  const unknown = () => new Error(`no structure can be told from: ${statement}`)
  if (table === undefined) throw unknown()
  if (reader.reads("rename to")) {
    const renamed = reader.name()
    structure.tables.delete(name)
    structure.tables.set(renamed, table)
    for (const parts of [structure.indexes, structure.triggers]) {
      for (const [part, { table, ...rest }] of parts) if (table === name) parts.set(part, { ...rest, table: renamed })
    }
  } else if (reader.reads("add")) {
    reader.reads("column")
    reader.reads("if not exists")
    addItem(table, reader)
  } else if (reader.reads("drop column")) {
    reader.reads("if exists")
    table.columns.delete(reader.name())
  } else if (reader.reads("alter column")) {
    reader.name()
    // Where an engine keeps the values of a column changes nothing else.
    if (!reader.reads("set storage")) throw unknown()
  } else throw unknown()
}

const list = (tokens: ReadonlyArray<SqlToken> = []): string => splitList(tokens).map(canonical).join(", ")
