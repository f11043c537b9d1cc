/**
 * What is PostgreSQL's own in the SQL of tasks.
 *
 * @since 0.1.0
 */
import type { SqlDialect } from "../sql/SqlDialect.ts"
import type { SqlStatement } from "../sql/SqlStatement.ts"
import { postgresFault } from "./PostgresFault.ts"
import { makeTriggers, triggersExist } from "./PostgresLimits.ts"
import { migrations } from "./PostgresSchema.ts"

/**
 * Makes the dialect, which remembers the texts that it has translated.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makePostgresDialect = (): SqlDialect => {
  const texts = new Map<string, string>()
  const numbered = (text: string): string => {
    const known = texts.get(text)
    if (known !== undefined) return known
    let count = 0
    const made = text.replaceAll("?", () => `$${++count}`)
    texts.set(text, made)
    return made
  }
  return {
    // As text every value takes the type of its column, so that one statement serves null and numbers of any size.
    native: ({ params, text }): SqlStatement => ({
      text: numbered(text),
      params: params.map((value) => value === null ? null : String(value))
    }),
    forUpdate: " FOR UPDATE",
    skipLocked: " FOR UPDATE SKIP LOCKED",
    // What a query selects would be taken for a good part of the table, which would be read as a whole.
    among: (select) => `= ANY (ARRAY(${select}))`,
    idList: "SELECT jsonb_array_elements_text(CAST(? AS jsonb))",
    retriesInTransaction: false,
    // Who waits for the lock of the schema has to see what the one before has made.
    beginTransaction: "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
    lockSchema: ({ schema }) => ({ text: "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", params: [schema] }),
    tableExists: "SELECT 1 FROM pg_class WHERE oid = to_regclass(?)",
    migrations,
    triggersExist,
    makeTriggers,
    fault: postgresFault
  }
}
