/**
 * Calls as plain JavaScript makes them, without a compiler.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { SessionTasks } from "../../domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"

/** Calls an operation as plain JavaScript does, with anything at all. */
export const call = (
  operation: CallableFunction,
  ...args: ReadonlyArray<unknown>
): Effect.Effect<unknown, TaskStorageError> => Effect.suspend(() => Reflect.apply(operation, undefined, args))

/** Asks for the operations of a session as plain JavaScript does. */
export const inSession = (forSession: CallableFunction, sessionId: unknown): Effect.Effect<SessionTasks> =>
  Effect.sync(() => Reflect.apply(forSession, undefined, [sessionId]))
