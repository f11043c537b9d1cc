/** One row of the table: a rule, and how it shows on the wire. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TaskStorageShape } from "../../../src/domain/TaskOperations.ts"
import type { Revision } from "./BehaviourServer.ts"

export interface Row {
  readonly name: string
  readonly revision: Revision
  /** Fails where the server does otherwise. The storage is on the file of the server. */
  readonly check: (url: string, storage: TaskStorageShape) => Effect.Effect<void, never, Scope.Scope>
}

/** Makes the rows of a revision. */
export const rowOf = (revision: Revision) =>
<E>(
  name: string,
  check: (url: string, storage: TaskStorageShape) => Effect.Effect<void, E, Scope.Scope>
): Row => ({ name, revision, check: (url, storage) => Effect.orDie(check(url, storage)) })
