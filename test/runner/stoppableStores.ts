/** Stores of which the engine can be taken away, and given back. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TaskDriverError } from "../../src/domain/driver/TaskDriver.ts"
import type { InvalidInput } from "../../src/domain/task/TaskError.ts"
import { freshTable } from "../layers/dynamodb/engine.ts"
import type { Behaviour } from "../layers/faults/Behaviour.ts"
import { dynamoDbStore, dynamoDbTarget } from "../layers/faults/dynamoDbTarget.ts"
import type { FaultStore, RestartableTarget } from "../layers/faults/FaultTarget.ts"
import { sqliteStore } from "../layers/faults/sqliteTarget.ts"
import { makeTcpProxy } from "../layers/faults/tcpProxy.ts"
import { bare, freshFile } from "../layers/sqlite/database.ts"

interface Stoppable<E> {
  readonly store: FaultStore<E>
  readonly stop: Effect.Effect<void>
  readonly start: Effect.Effect<void>
}

export type MakeStoppable<E> = Effect.Effect<Stoppable<E>, E, Scope.Scope>

/** A file that somebody else locks. */
export const lockedSqlite: MakeStoppable<InvalidInput | TaskDriverError> = Effect.gen(function*() {
  const filename = yield* freshFile
  const other = yield* bare(filename)
  return {
    store: sqliteStore(filename),
    stop: Effect.sync(() => other.exec("BEGIN EXCLUSIVE")),
    start: Effect.sync(() => other.exec("COMMIT"))
  }
})

/** An engine that crashes, and starts again. No other store may be on it meanwhile. */
export const crashed = <E>({ freshStore, start, stop }: RestartableTarget<E>): MakeStoppable<E> =>
  Effect.map(freshStore, (store) => ({ store, stop: stop("at once"), start }))

/** DynamoDB behind a network that is away in one of its ways. */
export const unreachableDynamoDb = (
  behaviour: Behaviour
): MakeStoppable<InvalidInput | TaskDriverError> =>
  Effect.gen(function*() {
    const { behave, cut, endpoint } = yield* makeTcpProxy(yield* dynamoDbTarget.endpoint)
    return {
      store: dynamoDbStore(yield* freshTable, endpoint),
      stop: Effect.andThen(behave(behaviour), cut),
      start: behave({ _tag: "Pass" })
    }
  })
