/** The PostgreSQL server that the test files share. Each makes databases of its own. */
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import { portOf } from "../../support/engines/portOf.ts"
import { postgresAt } from "./startPostgres.ts"

/** A server that runs. */
export type Postgres = ReturnType<typeof postgresAt>

export const postgres: Effect.Effect<Postgres> = Effect.map(portOf("postgres"), postgresAt)

/** A name for a role, which all databases of a server know. */
export const freshRole = Effect.sync(() => `role_${randomUUID().replaceAll("-", "")}`)

/** The URL of an empty database. */
export const freshUrl: Effect.Effect<string> = Effect.flatMap(
  postgres,
  ({ database, url }) => Effect.map(database, (name) => url(name))
)
