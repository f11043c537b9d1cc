/** A store of SQL that is broken, and what a look at it finds. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"

export type Failure = SqlError | TaskDriverError | TaskStorageError

export interface Database {
  readonly sql: SqlClient
  /** The file of SQLite. */
  readonly filename: string
  /** Opens it as it is. */
  readonly storage: Effect.Effect<TaskStorageShape, Failure, Scope.Scope>
}

export interface InspectionCase {
  readonly name: string
  /** Breaks a store with three tasks, of which two are of the session `s`; tasks are counted. */
  readonly harm:
    | ReadonlyArray<string>
    | ((database: Database, storage: TaskStorageShape) => Effect.Effect<unknown, Failure>)
  /** What is found, in this order: the code, the subject, and what the problem and the advice say. */
  readonly found: ReadonlyArray<readonly [code: string, subject: string, problem: RegExp, advice: RegExp]>
  readonly mends: boolean
  readonly deep?: boolean
  /** How far the clock of the process is behind. */
  readonly behind?: number
}
