/**
 * The driver of the DynamoDB backend, on any client of the AWS SDK.
 *
 * @since 0.1.0
 */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { backgroundTicks } from "../../domain/effects/backgroundSleep.ts"
import { parseCount, parseMillis } from "../../domain/options/ArgumentParsers.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import { parseSchemaMode } from "../SchemaMode.ts"
import type { AwsSdk } from "./AwsSdk.ts"
import { makeForget } from "./Counters.ts"
import type { DynamoDbDriverOptions } from "./DynamoDbOptions.ts"
import { makeRequests } from "./DynamoDbRequests.ts"
import { makeTable } from "./DynamoDbTable.ts"
import { makeFreeTaskLists } from "./FreeTaskLists.ts"
import { makeDynamoDbInspector } from "./makeDynamoDbInspector.ts"
import { makeDynamoDbMessages } from "./makeDynamoDbMessages.ts"
import { makeDynamoDbPauses } from "./makeDynamoDbPauses.ts"
import { makeDynamoDbTally } from "./makeDynamoDbTally.ts"
import { makeDynamoDbWorkers } from "./makeDynamoDbWorkers.ts"
import { makeTokens } from "./makeTokens.ts"
import { sweepExpired } from "./sweepExpired.ts"
import { tableDefinition } from "./TableDefinition.ts"
import { findShards, prepareTable } from "./TableSchema.ts"
import { makeTaskInsertion } from "./TaskInsertion.ts"
import { makeTaskLists } from "./TaskLists.ts"
import { makeTaskPatching } from "./TaskPatching.ts"
import { makeTaskReads } from "./TaskReads.ts"
import { makeTaskRemoval } from "./TaskRemoval.ts"

/** A transaction, which splitting takes, holds 4 MB. */
const maxPayloadBytes = { outcome: 3 * 1024 * 1024, content: 512 * 1024 }

const mostShards = 1_000

/**
 * Makes a driver of a client, and prepares the table; with `asItIs` it takes the table as it finds it, whatever it lacks.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeDynamoDbDriver = Effect.fnUntraced(function*(
  sdk: AwsSdk,
  client: DynamoDBClient,
  options: DynamoDbDriverOptions,
  asItIs = false
): Effect.fn.Return<TaskDriver, InvalidInput | TaskDriverError> {
  const settings = yield* Effect.fromResult(parseOptions(options))
  const { definition, mode, requestTimeout, retryTimeout, watchInterval } = settings
  const requests = makeRequests(sdk, client, { tableName: definition.tableName, requestTimeout, retryTimeout })
  const table = makeTable(requests)
  const shards = asItIs
    ? yield* findShards(requests, table, settings.shards)
    : yield* prepareTable(requests, table, definition, mode, settings.shards)

  const nextToken = makeTokens()
  const { remove, removeIfExpired } = makeTaskRemoval(table, nextToken)
  const patch = makeTaskPatching(table, shards, nextToken)
  const messages = makeDynamoDbMessages(table, shards, nextToken)
  const reads = makeTaskReads(table)
  const partitions = Array.from({ length: shards }, (_, index) => String(index))
  return {
    backendName: "dynamodb",
    findsSeats: true,
    maxPayloadBytes,
    ...reads,
    ...makeTaskLists(table, shards),
    ...makeDynamoDbTally(table, shards, reads.find),
    ...makeFreeTaskLists(table, shards, patch),
    ...makeTaskInsertion(table, shards, nextToken, removeIfExpired),
    patch,
    remove,
    removeExpired: (now, limit) =>
      sweepExpired(table, partitions, now, limit, ({ pk }) => {
        const taskId = pk?.S?.slice(2) ?? ""
        return Effect.map(removeIfExpired(taskId, now), (was) => was ? taskId : undefined)
      }),
    forget: makeForget(table),
    workers: makeDynamoDbWorkers(table, shards, nextToken),
    kinds: makeDynamoDbPauses(table, nextToken),
    messages,
    inspector: makeDynamoDbInspector({ requests, table, definition, shards, messages, nextToken }),
    foreignWrites: backgroundTicks(watchInterval)
  }
})

const parseOptions = (options: DynamoDbDriverOptions) =>
  Result.gen(function*() {
    if (typeof options !== "object" || options === null) {
      return yield* refuse("options", "must be an object with a tableName")
    }
    const { nativeTtl, tableName, throughput } = options
    const mode = yield* parseSchemaMode(options.schema)
    const shards = options.shards === undefined ? undefined : yield* parseCount("shards", options.shards)
    if (mode === "trust" && shards === undefined) {
      return yield* refuse(
        "shards",
        "must be given with schema \"trust\", which does not read what the table was made with"
      )
    }
    if (shards !== undefined && shards > mostShards) return yield* refuse("shards", `must be at most ${mostShards}`)
    return {
      definition: yield* tableDefinition({ tableName, throughput, nativeTtl }),
      mode,
      shards,
      requestTimeout: yield* parseMillis("requestTimeout", options.requestTimeout ?? Duration.seconds(3), 1),
      retryTimeout: yield* parseMillis("retryTimeout", options.retryTimeout ?? Duration.seconds(10), 0),
      watchInterval: yield* parseMillis("watchInterval", options.watchInterval ?? Duration.seconds(1), 1)
    }
  })

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))
