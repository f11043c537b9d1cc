/**
 * Sealing the payloads of a driver that is none of this library, as the option `encryption` does for those of its layers.
 *
 * @since 0.2.0
 * @module
 */
import * as Effect from "effect/Effect"
import type { TaskDriver, TaskDriverError } from "../domain/driver/TaskDriver.ts"
import type { InvalidInput } from "../domain/task/TaskError.ts"
import type { Encryption, EncryptionKey, FindKey } from "./sealed/Encryption.ts"
import * as sealed from "./sealed/sealDriver.ts"
import { makeSealing } from "./sealed/Sealing.ts"

export type { Encryption, EncryptionKey, FindKey }

/**
 * Wraps a driver so that the payloads of tasks and messages are sealed where it stores them. `TaskStorage.fromDriver` makes the
 * service of what it gives.
 *
 * Fails with `InvalidInput` for encryption that it cannot use, and with a `TaskDriverError` if the key that is to seal cannot be
 * had.
 *
 * @since 0.2.0
 * @category combinators
 */
export const sealDriver = (
  driver: TaskDriver,
  encryption: Encryption
): Effect.Effect<TaskDriver, InvalidInput | TaskDriverError> =>
  Effect.map(makeSealing(encryption), (sealing) => sealed.sealDriver(driver, sealing))
