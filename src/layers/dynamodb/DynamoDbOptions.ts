/**
 * How DynamoDB is reached and used. No type of its client is named here, so that those who do not install it need not know
 * it.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import { optionNames } from "../../domain/optionNames.ts"
import type { SchemaMode } from "../SchemaMode.ts"

/**
 * The table, as it is made.
 *
 * @since 0.1.0
 * @category options
 */
export interface TableOptions {
  /** 3 to 255 ASCII letters, digits, underscores, hyphens and dots. */
  readonly tableName: string
  /** Paid by request (`"on-demand"`, the default), or so many units each second for the table and for each index. */
  readonly throughput?: "on-demand" | { readonly read: number; readonly write: number } | undefined
  /** Whether DynamoDB removes expired items by itself, as well: `true` by default. */
  readonly nativeTtl?: boolean | undefined
}

/**
 * How a driver uses its table.
 *
 * @since 0.1.0
 * @category options
 */
export interface DynamoDbDriverOptions extends TableOptions {
  /** What to do about the table when it is opened: `migrate` by default. */
  readonly schema?: SchemaMode | undefined
  /**
   * Over how many partitions the indexes are spread, 8 by default: each takes some 1000 writes a second, and each list
   * of all tasks asks each of them. The table keeps the number that it was made with, and another one is refused; only with
   * `schema: "trust"` nobody looks, so that it must be given there.
   */
  readonly shards?: number | undefined
  /** How long one request may take: 3 seconds by default. */
  readonly requestTimeout?: Duration.Input | undefined
  /** How long requests that are throttled, fail or get no answer are sent again: 10 seconds by default. */
  readonly retryTimeout?: Duration.Input | undefined
  /** How often the tasks that somebody waits for are looked at, in one request for 100 of them: each second by default. */
  readonly watchInterval?: Duration.Input | undefined
}

/**
 * Keys of AWS.
 *
 * @since 0.1.0
 * @category options
 */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/**
 * Where DynamoDB is. What is left out is taken from the environment, as the AWS SDK does everywhere.
 *
 * @since 0.1.0
 * @category options
 */
export interface DynamoDbAddress {
  readonly region?: string | undefined
  /** Where DynamoDB answers, if not at its address in the region: `http://localhost:8000` for DynamoDB Local. */
  readonly endpoint?: string | undefined
  /** Keys, or a function that gives them whenever the SDK asks for fresh ones. */
  readonly credentials?: AwsCredentials | (() => Promise<AwsCredentials>) | undefined
}

/**
 * @since 0.2.0
 * @category constants
 */
export const throughputNames = optionNames<Exclude<NonNullable<TableOptions["throughput"]>, string>>({
  read: true,
  write: true
})

/**
 * @since 0.2.0
 * @category constants
 */
export const dynamodbTableNames = optionNames<Omit<TableOptions, "tableName">>({ throughput: true, nativeTtl: true })

/**
 * @since 0.2.0
 * @category constants
 */
export const dynamodbDriverNames = optionNames<Omit<DynamoDbDriverOptions, "tableName">>({
  throughput: true,
  nativeTtl: true,
  schema: true,
  shards: true,
  requestTimeout: true,
  retryTimeout: true,
  watchInterval: true
})
