/**
 * A table that is looked at.
 *
 * @since 0.2.0
 */
import type { MessageDriver } from "../../domain/driver/TaskDriver.ts"
import type { DynamoDbRequests } from "./DynamoDbRequests.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import type { TableDefinition } from "./TableDefinition.ts"

/**
 * What a look at a table goes through.
 *
 * @since 0.2.0
 * @category models
 */
export interface InspectedTable {
  readonly requests: DynamoDbRequests
  readonly table: DynamoDbTable
  readonly definition: TableDefinition
  readonly shards: number
  readonly messages: MessageDriver
  readonly nextToken: () => string
}
