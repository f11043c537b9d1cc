/** A look at the statements that a client sends, and a hand in them. */
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqliteClient } from "../../../src/layers/sqlite/openSqlite.ts"

/** Changes the text of each statement before the client sends it. What controls transactions does not come by. */
export const rewriting = <Client extends SqlClient>(sql: Client, rewrite: (text: string) => string): Client => {
  const { unsafe } = sql
  if (isSqliteClient(sql)) {
    const { valuesAtOnce } = sql
    Object.assign(sql, {
      valuesAtOnce: (text: string, params: ReadonlyArray<unknown>) => valuesAtOnce(rewrite(text), params)
    })
  }
  return Object.assign(sql, {
    unsafe: (text: string, params?: ReadonlyArray<unknown>) => unsafe(rewrite(text), params)
  })
}

/** Notes the statements that the client sends from now on. */
export const recording = (sql: SqlClient): Array<string> => {
  const sent: Array<string> = []
  rewriting(sql, (text) => {
    sent.push(text)
    return text
  })
  return sent
}
