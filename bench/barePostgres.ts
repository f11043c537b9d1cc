/**
 * Bare PostgreSQL: the same statements as the library sends, through `@effect/sql-pg` and through `pg`.
 *
 * The statements are not repeated here: they are listened to while the library runs each operation once.
 */
import { PgClient } from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import { TaskStorage } from "mcp-task-storage"
import * as PostgresTaskStorage from "mcp-task-storage/postgres"
import type { Pool } from "pg"
import { type ByOperation, hearEach, isRecent, type Operation, spied } from "./operations.ts"

/** A statement as the library sent it; it sends all values as text. */
interface Sent {
  readonly text: string
  readonly params: ReadonlyArray<unknown>
}

/** What the library sends for each operation. */
export type Statements = ByOperation<Sent>

/** A client that tells of each statement before it is sent. */
const tapped = (client: PgClient, tell: (sent: Sent) => void): PgClient =>
  new Proxy(client, {
    get: (target, key) =>
      key !== "unsafe" ? Reflect.get(target, key) : (text: string, params: ReadonlyArray<unknown> = []) => {
        tell({ text, params })
        return target.unsafe(text, params)
      }
  })

/** Learns the statements of the library, whose tables it makes. */
export const learnStatements = (client: PgClient): Effect.Effect<Statements> =>
  Effect.suspend(() => {
    let heard: Array<Sent> = []
    const layer = PostgresTaskStorage.layerClient({ notifications: false, maintenance: false })
    return Effect.flatMap(TaskStorage, (storage) =>
      hearEach(storage, (run) => {
        heard = []
        return Effect.map(run, () => {
          const [only, ...others] = heard
          if (only === undefined || others.length > 0) throw new Error(`expected one statement, heard ${heard.length}`)
          return only
        })
      })).pipe(
        Effect.provide(layer),
        Effect.provideService(PgClient, tapped(client, (sent) => heard.push(sent))),
        Effect.orDie
      )
  })

/** Gives the values of a statement, with the id and the present time in the places where the library sent its own. */
const makeValues = ({ params }: Sent): (id: string) => Array<unknown> => {
  const ids = [...params.keys()].filter((index) => params[index] === spied)
  const times = [...params.keys()].filter((index) => isRecent(Number(params[index])))
  return (id) => {
    const values = [...params]
    for (const index of ids) values[index] = id
    if (times.length > 0) {
      const now = String(Date.now())
      for (const index of times) values[index] = now
    }
    return values
  }
}

/** Sends a statement through `@effect/sql-pg`. */
export const throughSqlPg = (client: PgClient, sent: Sent) => {
  const values = makeValues(sent)
  return (id: string) => client.unsafe(sent.text, values(id)).values
}

/** Sends a statement through `pg`, prepared under a name. */
export const throughPg = (pool: Pool, { subject: name }: Operation, sent: Sent) => {
  const values = makeValues(sent)
  return (id: string) => pool.query({ name, text: sent.text, values: values(id), rowMode: "array" })
}
