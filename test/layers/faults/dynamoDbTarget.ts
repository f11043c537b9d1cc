/** The DynamoDB backend, under faults. */
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { InvalidInput } from "../../../src/domain/task/TaskError.ts"
import * as DynamoDbTaskStorage from "../../../src/layers/DynamoDbTaskStorage.ts"
import { emptyTable } from "../dynamodb/emptyTable.ts"
import { bareClient, connection, freshTable } from "../dynamodb/engine.ts"
import type { Endpoint } from "./Behaviour.ts"
import type { EmptiedTarget, FaultStore, RemoteTarget } from "./FaultTarget.ts"

type Failure = InvalidInput | TaskDriverError

/** What the engine of the test file answers at, once it was started. */
const endpointOfFile = (): Endpoint => {
  const { hostname, port } = new URL(connection().endpoint)
  return { host: hostname, port: Number(port) }
}

/** A table behind an endpoint. */
export const dynamoDbStore = (tableName: string, endpoint: Endpoint): FaultStore<Failure> => {
  const { credentials, region } = connection()
  const address = ({ host, port }: Endpoint) => `http://${host}:${port}`
  return {
    url: `dynamodb://${tableName}?region=${region}&endpoint=${encodeURIComponent(address(endpoint))}`,
    openDriver: ({ impatient = false, through = endpoint } = {}) =>
      DynamoDbTaskStorage.makeDriver({
        credentials,
        region,
        endpoint: address(through),
        tableName,
        nativeTtl: false,
        ...(impatient ? { requestTimeout: 1_000, retryTimeout: 2_000, watchInterval: 200 } : {})
      })
  }
}

export const dynamoDbTarget: EmptiedTarget<Failure> & RemoteTarget<Failure> = {
  name: "dynamodb",
  remote: true,
  endpoint: Effect.sync(endpointOfFile),
  freshStore: Effect.map(freshTable, (tableName) => dynamoDbStore(tableName, endpointOfFile())),
  openPair: Effect.map(
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const { openDriver } = dynamoDbStore(tableName, endpointOfFile())
      return { tableName, pair: { first: yield* openDriver(), second: yield* openDriver() }, client: bareClient() }
    }),
    ({ client, pair, tableName }) => Effect.as(Effect.promise(() => emptyTable(client, tableName)), pair)
  )
}
