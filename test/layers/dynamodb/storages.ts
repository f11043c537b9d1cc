/** Drivers and storages on the engine of the tests. */
import * as Sdk from "@aws-sdk/client-dynamodb"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import type { DynamoDbDriverOptions } from "../../../src/layers/dynamodb/DynamoDbOptions.ts"
import { makeDynamoDbDriver } from "../../../src/layers/dynamodb/makeDynamoDbDriver.ts"
import * as DynamoDbTaskStorage from "../../../src/layers/DynamoDbTaskStorage.ts"
import { connection } from "./engine.ts"

/** A storage of its own on a table. Its tables are never swept by themselves. */
export const open = (options: Omit<DynamoDbTaskStorage.Options, "region">) =>
  Effect.map(
    Layer.build(
      Layer.fresh(DynamoDbTaskStorage.layer({ ...connection(), maintenance: false, nativeTtl: false, ...options }))
    ),
    (built) => Context.get(built, TaskStorage)
  )

/** The same, through a client of the test. */
export const openThrough = (client: Sdk.DynamoDBClient, options: DynamoDbTaskStorage.ClientOptions) =>
  Effect.map(
    Layer.build(
      Layer.fresh(DynamoDbTaskStorage.layerClient({ maintenance: false, nativeTtl: false, ...options })).pipe(
        Layer.provide(Layer.succeed(DynamoDbTaskStorage.DynamoDbClient, client))
      )
    ),
    (built) => Context.get(built, TaskStorage)
  )

/** A driver on a table, made if it is not there. */
export const driverOn = (tableName: string) =>
  DynamoDbTaskStorage.makeDriver({ ...connection(), tableName, nativeTtl: false })

/** The same, through a client of the test. */
export const driverThrough = (client: Sdk.DynamoDBClient, options: DynamoDbDriverOptions) =>
  makeDynamoDbDriver(Sdk, client, { nativeTtl: false, ...options })

export const anyone = (now: number) => ({ now, session: undefined })

export const unlimited = { maxTasks: null, maxTasksPerSession: null }
