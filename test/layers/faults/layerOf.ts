/** How the processes of the fault tests open a store, by the URL that they are told. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { TaskStorageOptions } from "../../../src/domain/options/TaskStorageOptions.ts"
import { layerFromUrl, type UrlLayer } from "../../../src/layers/TaskStorageUrl.ts"

/** What stands behind the `#` of a `postgres:` URL is the prefix of the tables. No other backend is loaded. */
export const layerOf = (url: string, options: TaskStorageOptions): UrlLayer => {
  switch (new URL(url).protocol) {
    case "postgres:":
      return load(() => postgres(url, options))
    case "dynamodb:":
      return load(() => dynamoDb(url, options))
    default:
      return layerFromUrl(url, options)
  }
}

const load = (layer: () => Promise<UrlLayer>): UrlLayer => Layer.unwrap(Effect.promise(layer))

const postgres = async (url: string, options: TaskStorageOptions): Promise<UrlLayer> => {
  const { layer } = await import("../../../src/layers/PostgresTaskStorage.ts")
  const { hash } = new URL(url)
  return layer({ ...options, url: url.slice(0, -hash.length), tablePrefix: hash.slice(1), maxConnections: 4 })
}

const dynamoDb = async (url: string, options: TaskStorageOptions): Promise<UrlLayer> => {
  const { layer } = await import("../../../src/layers/DynamoDbTaskStorage.ts")
  const { host, searchParams } = new URL(url)
  return layer({
    ...options,
    tableName: host,
    region: searchParams.get("region") ?? "",
    endpoint: searchParams.get("endpoint") ?? "",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    nativeTtl: false
  })
}
