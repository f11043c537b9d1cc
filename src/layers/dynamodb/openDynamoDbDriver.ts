/**
 * Making a client and its driver.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import type { AwsSdk } from "./AwsSdk.ts"
import { type DynamoDbClientOptions, makeClient } from "./DynamoDbClient.ts"
import type { DynamoDbDriverOptions } from "./DynamoDbOptions.ts"
import { makeDynamoDbDriver } from "./makeDynamoDbDriver.ts"

/**
 * Makes a driver with a client of its own. The scope closes the connections. `asItIs` opens a table that may lack anything.
 *
 * @since 0.2.0
 * @category constructors
 */
export const openDynamoDbDriver = (
  sdk: AwsSdk,
  options: DynamoDbClientOptions & DynamoDbDriverOptions,
  asItIs = false
): Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, Scope.Scope> =>
  Effect.flatMap(makeClient(sdk, options), (client) => makeDynamoDbDriver(sdk, client, options, asItIs))
