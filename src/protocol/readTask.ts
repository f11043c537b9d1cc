/**
 * Reading a task for a client.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskStorageError } from "../domain/task/TaskError.ts"
import { failWire, unknownTask, type WireError } from "./WireError.ts"

/**
 * Gives what was read, or tells the client that there is no such task, or what went wrong.
 *
 * @since 0.2.0
 * @category combinators
 */
export const orUnknown = <A>(
  taskId: string,
  reading: Effect.Effect<Option.Option<A>, TaskStorageError>
): Effect.Effect<A, WireError> =>
  reading.pipe(
    Effect.catch((error) => failWire(error, taskId)),
    Effect.flatMap(Option.match({
      onNone: () => Effect.fail(unknownTask(taskId)),
      onSome: (found) => Effect.succeed(found)
    }))
  )
