/** DynamoDB Local on disk, stopped and started again on the same data. */
import * as Effect from "effect/Effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { InvalidInput } from "../../../src/domain/task/TaskError.ts"
import { perFile } from "../../support/perFile.ts"
import { startDynamoDb } from "../dynamodb/startDynamoDb.ts"
import { dynamoDbStore } from "./dynamoDbTarget.ts"
import type { RestartableTarget } from "./FaultTarget.ts"

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "mcp-task-storage-dynamodb-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** An engine for the tests of one file. */
export const makeRestartableDynamoDb = (): RestartableTarget<InvalidInput | TaskDriverError> => {
  const engine = perFile(Effect.flatMap(folder, startDynamoDb))
  let stores = 0
  return {
    name: "dynamodb",
    remote: true,
    freshStore: Effect.map(
      engine,
      ({ port }) => dynamoDbStore(`restarted-${stores++}`, { host: "127.0.0.1", port })
    ),
    start: Effect.flatMap(engine, ({ start }) => start),
    stop: (how) => Effect.flatMap(engine, ({ stop }) => stop(how === "gently" ? "SIGTERM" : "SIGKILL"))
  }
}
