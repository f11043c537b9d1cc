/**
 * DynamoDB Local: how many requests each operation takes, and the Effect API against the same requests through the bare
 * AWS SDK. DynamoDB Local takes long for each request, which the network does in earnest.
 */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TaskStorage, type TaskStorageError, type TaskStorageShape } from "mcp-task-storage"
import * as DynamoDbTaskStorage from "mcp-task-storage/dynamodb"
import { startDynamoDb } from "../test/layers/dynamodb/startDynamoDb.ts"
import { prepareRequests, sendRequests, type Sent, tapped } from "./bareDynamoDb.ts"
import { fibers, promises, subjectOf } from "./callers.ts"
import { countRequests } from "./dynamoDbRequests.ts"
import { newId } from "./ids.ts"
import { measure } from "./measure.ts"
import { measuresDynamoDb } from "./measuresDynamoDb.ts"
import { openClient } from "./openClient.ts"
import { type ByOperation, call, hearEach, type Operation, operations } from "./operations.ts"
import { type Comparison, printTable, printThroughput } from "./report.ts"
import { settings } from "./settings.ts"

const { callerCounts, dynamoDbPages, dynamoDbRounds, serverOperations, serverWarmUp } = settings

/** Both ways to the table, what the library sends, and the ids of tasks that are only read. */
interface Ways {
  readonly storage: TaskStorageShape
  readonly client: DynamoDBClient
  readonly requests: ByOperation<ReadonlyArray<Sent>>
  readonly stored: ReadonlyArray<string>
}

const openStorage = (client: DynamoDBClient) =>
  Effect.map(
    Layer.build(
      Layer.provide(
        DynamoDbTaskStorage.layerClient({ tableName: "tasks", maintenance: false }),
        Layer.succeed(DynamoDbTaskStorage.DynamoDbClient, client)
      )
    ),
    (built) => Context.get(built, TaskStorage)
  )

const createTasks = (storage: TaskStorageShape, size: number) =>
  Effect.forEach(
    Array.from({ length: size }),
    () => Effect.map(storage.createTask({ ...call, sessionId: "session" }), ({ taskId }) => taskId),
    { concurrency: 16 }
  )

const compareBare = async ({ client, requests, storage, stored }: Ways) => {
  const comparisons: Array<Comparison> = []
  for (const callers of callerCounts) {
    for (const name of ["create", "get", "transition", "settle", "page"] as const) {
      const operation: Operation = operations[name]
      const count = name === "page" ? Math.max(callers, dynamoDbPages) : serverOperations
      const prepare = {
        new: async () => Array.from({ length: count }, newId),
        fresh: () => Effect.runPromise(createTasks(storage, count)),
        stored: async () => stored
      }
      const ids = prepare[operation.ids]
      const load = { callers, operations: count }
      const effect = fibers({ ...load, prepare: ids }, (id) => operation.operate(storage, id))
      const sdk = promises(
        { ...load, prepare: async () => (await ids()).map((id) => prepareRequests(client, requests[name], id)) },
        sendRequests
      )
      const micros = await measure([effect, sdk], dynamoDbRounds, serverWarmUp)
      comparisons.push({
        subject: subjectOf(operation.subject, callers),
        micros: micros(effect),
        baseline: micros(sdk),
        target: 0.9
      })
    }
  }
  printThroughput(
    "DynamoDB Local: the Effect API against the same requests through the AWS SDK",
    ["Effect", "SDK"],
    comparisons
  )
}

const program = Effect.gen(function*() {
  const { connection } = yield* startDynamoDb()
  const client = yield* openClient(connection)
  let heard: Array<Sent> = []
  const listened = yield* openStorage(tapped(client, (sent) => heard.push(sent)))
  const hear = (run: Effect.Effect<unknown, TaskStorageError>) =>
    Effect.suspend(() => {
      heard = []
      return Effect.map(Effect.orDie(run), () => heard)
    })

  const stored = yield* createTasks(listened, 200)
  printTable("DynamoDB: requests of each operation", yield* countRequests(listened, hear))

  const requests = yield* hearEach(listened, hear)
  const storage = yield* openStorage(yield* openClient(connection))
  yield* Effect.promise(() => compareBare({ storage, client, requests, stored }))
})

/** Measures and prints, where there is Java. */
export const benchDynamoDb = async (): Promise<void> => {
  if (measuresDynamoDb()) await Effect.runPromise(Effect.scoped(program))
}
