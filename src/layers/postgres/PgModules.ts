/**
 * What is used of `@effect/sql-pg`.
 *
 * Nothing else in this folder imports it at run time. So a program that names its storage by a URL can be bundled where
 * that package is not installed, and where it is installed it is loaded only when it is needed.
 *
 * @since 0.2.0
 */
import type * as PgClient from "@effect/sql-pg/PgClient"
import type * as PgConnection from "@effect/sql-pg/PgConnection"
import type * as PgPool from "@effect/sql-pg/PgPool"

/**
 * The modules of `@effect/sql-pg`, however they were loaded.
 *
 * @since 0.2.0
 * @category models
 */
export interface PgModules {
  readonly PgClient: Pick<typeof PgClient, "makeCompiler">
  readonly PgConnection: Pick<typeof PgConnection, "make">
  readonly PgPool: Pick<typeof PgPool, "make">
}
