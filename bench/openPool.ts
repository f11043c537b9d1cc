/**
 * Connections through `pg`.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Pool } from "pg"

/** Makes a pool, until the scope closes. */
export const openPool = (url: string, max: number): Effect.Effect<Pool, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const pool = new Pool({ connectionString: url, max, idleTimeoutMillis: 60_000 })
      // `end` does not wait until connections are closed, and a server that stops meanwhile ends them by an error.
      return pool.on("error", () => undefined)
    }),
    (pool) => Effect.promise(() => pool.end())
  )
