/**
 * Holds the DynamoDB backend to the contract: two clients on one table, as two processes have them.
 *
 * The random checks make fewer runs than elsewhere by default, because each takes some hundred requests.
 */
import * as Effect from "effect/Effect"
import * as DynamoDbTaskStorage from "mcp-task-storage/dynamodb"
import { fromDrivers } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"
import { perFile } from "../../support/perFile.ts"
import { runsOr } from "../../support/runs.ts"
import { emptyTable } from "./emptyTable.ts"
import { bareClient, connection, describeWithEngine, freshTable } from "./engine.ts"
import { listingAlone } from "./listingAlone.ts"

const maxPayloadBytes = { outcome: 3 * 1024 * 1024, content: 512 * 1024 }

describeWithEngine("DynamoDB Local", () => {
  const pair = perFile(Effect.gen(function*() {
    const tableName = yield* freshTable
    const options = { ...connection(), tableName, nativeTtl: false, shards: 2, watchInterval: 100 } as const
    const wrap = yield* listingAlone
    const drivers = {
      first: wrap(yield* DynamoDbTaskStorage.makeDriver(options)),
      second: wrap(yield* DynamoDbTaskStorage.makeDriver(options))
    }
    return { client: bareClient(), tableName, drivers }
  }))
  const makeDrivers = Effect.flatMap(
    pair,
    ({ client, drivers, tableName }) => Effect.as(Effect.promise(() => emptyTable(client, tableName)), drivers)
  )
  taskStorageSuite("dynamodb", fromDrivers({ makeDrivers, maxPayloadBytes }), { runs: runsOr(50) })
})
