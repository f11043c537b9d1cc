/**
 * Tasks in DynamoDB: durable, without a server to run, for any number of processes.
 *
 * It uses `@aws-sdk/client-dynamodb`. One table holds everything. No operation scans it.
 *
 * @since 0.1.0
 * @module
 */
import * as Sdk from "@aws-sdk/client-dynamodb"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { TaskDriver, TaskDriverError } from "../domain/driver/TaskDriver.ts"
import type { OptionNames } from "../domain/options/optionNames.ts"
import type { InvalidInput, TaskStorageUnavailable } from "../domain/task/TaskError.ts"
import type { TaskStorage } from "../domain/TaskStorage.ts"
import { cloudFormation } from "./dynamodb/cloudFormation.ts"
import { decodeStreamRecord, type StreamedTask, type StreamRecord } from "./dynamodb/decodeStreamRecord.ts"
import { DynamoDbClient, dynamodbClientNames, type DynamoDbClientOptions } from "./dynamodb/DynamoDbClient.ts"
import {
  type AwsCredentials,
  dynamodbDriverNames,
  type DynamoDbDriverOptions,
  type TableOptions
} from "./dynamodb/DynamoDbOptions.ts"
import { makeDynamoDbDriver } from "./dynamodb/makeDynamoDbDriver.ts"
import { openDynamoDbDriver } from "./dynamodb/openDynamoDbDriver.ts"
import { type TableDefinition, tableDefinition } from "./dynamodb/TableDefinition.ts"
import { terraform } from "./dynamodb/terraform.ts"
import { closed, layerOfDriver } from "./layerOfDriver.ts"
import type { LayerOptions } from "./LayerOptions.ts"
import type { SchemaMode } from "./SchemaMode.ts"

export { cloudFormation, decodeStreamRecord, DynamoDbClient, tableDefinition, terraform }
export type {
  AwsCredentials,
  DynamoDbClientOptions,
  SchemaMode,
  StreamedTask,
  StreamRecord,
  TableDefinition,
  TableOptions
}

/**
 * Options of {@link layerClient}: those of every layer, and how the table is used.
 *
 * @since 0.1.0
 * @category options
 */
export interface ClientOptions extends LayerOptions, DynamoDbDriverOptions {}

/**
 * Options of {@link layer}.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options extends ClientOptions, DynamoDbClientOptions {}

/**
 * Keeps tasks in a DynamoDB table, which is made if it is not there.
 *
 * Fails with `InvalidInput` when an option is wrong, and with `TaskStorageUnavailable` when the table cannot be reached
 * or is not what `schema` asks for.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable> =>
  layerOfDriver(openDriver(options), options, ownNames)

/**
 * Keeps tasks in a DynamoDB table, with options from the configuration.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Wrap<Options>
): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable | Config.ConfigError> =>
  Layer.unwrap(Effect.map(Config.unwrap(options), layer))

/**
 * Keeps tasks in a DynamoDB table, through your client. Whether that client retries by itself makes no difference to the
 * answers.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerClient = (
  options: ClientOptions
): Layer.Layer<TaskStorage, InvalidInput | TaskStorageUnavailable, DynamoDbClient> =>
  layerOfDriver(
    Effect.flatMap(DynamoDbClient, (client) => makeDynamoDbDriver(Sdk, client, options)),
    options,
    [...dynamodbDriverNames, "tableName"]
  )

/**
 * Makes the driver of {@link layer}, for those who wrap drivers. The scope closes the connections.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeDriver = (
  options: DynamoDbClientOptions & DynamoDbDriverOptions
): Effect.Effect<TaskDriver, InvalidInput | TaskDriverError, Scope.Scope> =>
  closed(options, ownNames, openDriver(options))

const openDriver = (options: DynamoDbClientOptions & DynamoDbDriverOptions) => openDynamoDbDriver(Sdk, options)

const ownNames: OptionNames<Omit<Options, keyof LayerOptions>> = [
  ...dynamodbClientNames,
  ...dynamodbDriverNames,
  "tableName"
]
