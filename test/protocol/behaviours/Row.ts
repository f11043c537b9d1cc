/** One row of the table: a rule, and how it shows on the wire. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TasksLimits } from "../../../src/protocol/TasksOptions.ts"
import type { Revision } from "./BehaviourServer.ts"

type Check<E> = (url: string, storage: TaskStorageShape) => Effect.Effect<void, E, Scope.Scope>

export interface Row {
  readonly name: string
  readonly revision: Revision
  /** Of the server. */
  readonly limits: TasksLimits
  /** Fails where the server does otherwise. The storage is on the file of the server. */
  readonly check: Check<never>
}

/** Makes the rows of a revision, some of which need a server with limits. */
export const rowOf =
  (revision: Revision) =>
  <E>(name: string, ...given: readonly [check: Check<E>] | readonly [limits: TasksLimits, check: Check<E>]): Row => {
    const [limits, check] = given.length === 1 ? [{}, given[0]] as const : given
    return { name, revision, limits, check: (url, storage) => Effect.orDie(check(url, storage)) }
  }
