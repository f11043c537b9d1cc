/**
 * The client of AWS that the backend works with.
 *
 * @since 0.1.0
 */
import type { DynamoDBClient, DynamoDBClientConfig } from "@aws-sdk/client-dynamodb"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { optionNames } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"
import type { AwsSdk } from "./AwsSdk.ts"
import type { DynamoDbAddress } from "./DynamoDbOptions.ts"

/**
 * Your own client of the AWS SDK. Its retries may be on or off: a write that arrives twice is recognised.
 *
 * @since 0.1.0
 * @category services
 */
export class DynamoDbClient extends Context.Service<DynamoDbClient, DynamoDBClient>()(
  "mcp-task-storage/DynamoDbClient"
) {}

/**
 * Options of a new client.
 *
 * @since 0.1.0
 * @category options
 */
export interface DynamoDbClientOptions extends DynamoDbAddress {
  /** Anything else that the client of the AWS SDK takes. */
  readonly clientConfig?: DynamoDBClientConfig | undefined
}

/**
 * @since 0.2.0
 * @category constants
 */
export const dynamodbClientNames = optionNames<DynamoDbClientOptions>({
  region: true,
  endpoint: true,
  credentials: true,
  clientConfig: true
})

/**
 * Makes a client that does not retry by itself, since the backend does. The scope closes its connections.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeClient = (
  sdk: AwsSdk,
  options: DynamoDbClientOptions
): Effect.Effect<DynamoDBClient, InvalidInput | TaskDriverError, Scope.Scope> =>
  Effect.gen(function*() {
    if (typeof options !== "object" || options === null) {
      return yield* new InvalidInput({ field: "options", reason: "must be an object with a tableName" })
    }
    const { clientConfig, credentials, endpoint, region } = options
    const config: DynamoDBClientConfig = {
      maxAttempts: 1,
      ...clientConfig,
      ...(region === undefined ? {} : { region: yield* text("region", region) }),
      ...(endpoint === undefined ? {} : { endpoint: yield* address(endpoint) }),
      ...(credentials === undefined ? {} : { credentials: named(credentials) })
    }
    const client = yield* Effect.acquireRelease(
      Effect.try({ try: () => new sdk.DynamoDBClient(config), catch: unusable }),
      (client) => Effect.sync(() => client.destroy())
    )
    yield* Effect.tryPromise({ try: () => client.config.region(), catch: noRegion })
    return client
  })

/** Any failure of a function for credentials is reported as that. */
const named = (credentials: NonNullable<DynamoDbAddress["credentials"]>): typeof credentials =>
  typeof credentials !== "function" ? credentials : async () => {
    try {
      return await credentials()
    } catch (cause) {
      throw Object.assign(new Error("no credentials", { cause }), { name: "CredentialsProviderError" })
    }
  }

const text = (field: string, value: unknown): Effect.Effect<string, InvalidInput> =>
  typeof value === "string" && value !== ""
    ? Effect.succeed(value)
    : Effect.fail(new InvalidInput({ field, reason: "must be a string that is not empty" }))

const address = (endpoint: unknown): Effect.Effect<string, InvalidInput> =>
  typeof endpoint === "string" && /^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")
    ? Effect.succeed(endpoint)
    : Effect.fail(new InvalidInput({ field: "endpoint", reason: "must be a URL, as in http://localhost:8000" }))

const unusable = (cause: unknown) =>
  new TaskDriverError({
    reason: "the client of DynamoDB cannot be made; check endpoint, credentials and clientConfig",
    retryable: false,
    applied: "no",
    cause
  })

const noRegion = (cause: unknown) =>
  new TaskDriverError({
    reason: "no AWS region is known; pass the option region, or set AWS_REGION",
    retryable: false,
    applied: "no",
    cause
  })
