/**
 * How DynamoDB is reached and used. This file names no type of its client, so that programs without that client compile.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import { optionNames } from "../../domain/options/optionNames.ts"
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
  /** Paid by request (`"on-demand"`, the default), or this many units a second for the table and for each index. */
  readonly throughput?: "on-demand" | { readonly read: number; readonly write: number } | undefined
  /** Whether DynamoDB itself also removes expired items: `true` by default. */
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
   * How many partitions the indexes have: 8 by default. Each takes about 1000 writes a second. A list of all tasks asks each of
   * them. The table keeps the number that it was made with, and refuses another one. With `schema: "trust"` nobody looks, so
   * the option is required there.
   */
  readonly shards?: number | undefined
  /** How long one request may take: 3 seconds by default. */
  readonly requestTimeout?: Duration.Input | undefined
  /** How long a request that is throttled, fails or gets no answer is retried: 10 seconds by default. */
  readonly retryTimeout?: Duration.Input | undefined
  /** How often to look at the tasks that somebody waits for, in one request for 100 of them: every second by default. */
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
 * Where DynamoDB is. Absent options come from the environment, as everywhere in the AWS SDK.
 *
 * @since 0.1.0
 * @category options
 */
export interface DynamoDbAddress {
  readonly region?: string | undefined
  /** Where DynamoDB answers, if not at its address in the region: `http://localhost:8000` for DynamoDB Local. */
  readonly endpoint?: string | undefined
  /** Keys, or a function that gives new ones when the SDK asks. */
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
