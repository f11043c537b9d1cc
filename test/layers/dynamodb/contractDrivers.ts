/** Two clients on one table, as two processes have them. The table is emptied for each case. */
import * as Effect from "effect/Effect"
import * as DynamoDbTaskStorage from "mcp-task-storage/dynamodb"
import { perFile } from "../../support/perFile.ts"
import { emptyTable } from "./emptyTable.ts"
import { bareClient, connection, freshTable } from "./engine.ts"
import { listingAlone } from "./listingAlone.ts"

/** What an item and a transaction have room for. */
export const maxPayloadBytes = { outcome: 3 * 1024 * 1024, content: 512 * 1024 }

export const makeDrivers = () => {
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
  return Effect.flatMap(
    pair,
    ({ client, drivers, tableName }) => Effect.as(Effect.promise(() => emptyTable(client, tableName)), drivers)
  )
}
