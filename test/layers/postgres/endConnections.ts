/** The end of connections, as a server that restarts brings it about. */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { realSleep } from "../../../src/layers/realSleep.ts"
import { eventually } from "./eventually.ts"

/** Ends the connections of a role, and waits until the clients in this process have heard of it. */
export const endConnections = (sql: SqlClient, role: string): Effect.Effect<void, SqlError> =>
  Effect.gen(function*() {
    yield* sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${role}`
    yield* eventually(
      "they have ended",
      Effect.map(sql`SELECT 1 FROM pg_stat_activity WHERE usename = ${role}`, (rows) => rows.length === 0)
    )
    // Each turn of the event loop looks at the sockets. One long sleep of a process that stands still would be no turn at all.
    for (let turn = 0; turn < 20; turn++) yield* realSleep(5)
  })
