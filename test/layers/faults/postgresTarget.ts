/** The PostgreSQL backend, under faults. */
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import type { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { InvalidInput } from "../../../src/domain/task/TaskError.ts"
import * as PostgresTaskStorage from "../../../src/layers/PostgresTaskStorage.ts"
import { perFile } from "../../support/perFile.ts"
import { connect, emptied } from "../postgres/database.ts"
import type { Postgres } from "../postgres/engine.ts"
import { startPostgres } from "../postgres/startPostgres.ts"
import type { EmptiedTarget, FaultStore, RemoteTarget, RestartableTarget } from "./FaultTarget.ts"

type Failure = InvalidInput | TaskDriverError

/** A server for the tests of one file. */
export const makePostgresTarget = (): EmptiedTarget<Failure> & RemoteTarget<Failure> & RestartableTarget<Failure> => {
  const server = perFile(startPostgres)
  return {
    ...postgresTargetOn(server),
    start: Effect.flatMap(server, ({ start }) => start),
    stop: (how) => Effect.flatMap(server, ({ stop }) => stop(how))
  }
}

/** Stores on a server that others may use too. */
export const postgresTargetOn = (
  server: Effect.Effect<Pick<Postgres, "port" | "url">>
): EmptiedTarget<Failure> & RemoteTarget<Failure> => {
  const prefix = `s${randomUUID().slice(0, 8)}_`
  let stores = 0
  const fresh = Effect.map(server, ({ port, url }) => {
    const endpoint = endpointOf({ port })
    const tablePrefix = `${prefix}${stores++}_`
    const store: FaultStore<Failure> = {
      url: `${url("postgres")}#${tablePrefix}`,
      openDriver: ({ connections = 10, impatient = false, through = endpoint } = {}) =>
        PostgresTaskStorage.makeDriver({
          url: url("postgres", through.port),
          tablePrefix,
          maxConnections: connections,
          ...(impatient ? { statementTimeout: 800, connectTimeout: 800 } : {})
        })
    }
    return { store, tablePrefix }
  })
  return {
    name: "postgres",
    remote: true,
    endpoint: Effect.map(server, endpointOf),
    freshStore: Effect.map(fresh, ({ store }) => store),
    openPair: Effect.map(
      Effect.gen(function*() {
        const { store: { openDriver }, tablePrefix } = yield* fresh
        const sql = yield* Effect.orDie(connect((yield* server).url("postgres")))
        return { sql, first: yield* openDriver(), second: yield* openDriver(), prefix: tablePrefix }
      }),
      (pair) => Effect.orDie(emptied(pair))
    )
  }
}

const endpointOf = ({ port }: { readonly port: number }) => ({ host: "127.0.0.1", port })
