/**
 * Tasks in Redis or Valkey: a whole backend that was written with `mcp-task-storage/driver` alone.
 *
 * What Redis acknowledges is durable only with `appendonly yes` and `appendfsync always`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TaskStorage, type TaskStorageOptions, TaskStorageUnavailable } from "mcp-task-storage"
import { makeRedisDriver } from "./makeRedisDriver.ts"
import { makeClient, makeConnection, type RedisClient } from "./RedisConnection.ts"

export interface RedisTaskTaskStorageOptions extends TaskStorageOptions {
  /** `redis://…` or `rediss://…`. */
  readonly url: string
  /** What all keys begin with. In a cluster the braces keep them on one node. */
  readonly prefix?: string | undefined
}

export const layer = ({ prefix = "{mcp-tasks}", url, ...options }: RedisTaskTaskStorageOptions) =>
  Layer.effect(
    TaskStorage,
    Effect.flatMap(connect(url), (client) =>
      TaskStorage.fromDriver(makeRedisDriver(makeConnection(client, prefix)), options))
  )

export const connect = (url: string) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async (): Promise<RedisClient> => {
        const client = makeClient(url)
        await client.connect()
        return client
      },
      catch: (cause) =>
        new TaskStorageUnavailable({
          operation: "open",
          reason: "Redis cannot be reached; see that it runs, and that the URL is right",
          retryable: true,
          applied: "no",
          cause
        })
    }),
    (client) => Effect.promise(() => client.close())
  )
