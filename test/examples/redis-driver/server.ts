/**
 * A real Redis or Valkey server for the tests of a file.
 *
 * It comes from the packages of the system. Without it the tests are reported as not run, unless MCP_TASK_STORAGE_REQUIRE_ENGINES
 * says that they must be.
 */
import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeClient } from "../../../examples/redis-driver/RedisConnection.ts"
import { freePort } from "../../support/freePort.ts"

const program = ["redis-server", "valkey-server"].find((name) => spawnSync(name, ["--version"]).status === 0)

if (program === undefined && process.env["MCP_TASK_STORAGE_REQUIRE_ENGINES"] === "1") {
  throw new Error(
    "MCP_TASK_STORAGE_REQUIRE_ENGINES is set, and there is no redis-server; install it (apt-get install redis-server)"
  )
}
if (program === undefined) console.warn("NOT RUN: the tests of the Redis driver need redis-server, and there is none")

/** Tests with the engine. Where they must run, the file has failed above without it. */
export const describeWithRedis = (name: string, tests: () => void): void => {
  if (program === undefined) describe.skip(name, tests)
  else describe(name, tests)
}

export interface RedisServer {
  readonly url: string
  /** Kills it, as a crash does. */
  readonly crash: Effect.Effect<void>
  /** Starts it again on what it has stored. */
  readonly start: Effect.Effect<void>
}

/** Keeps what it acknowledges, at a sync of the disk for each write. */
export const durable = ["--appendonly", "yes", "--appendfsync", "always"]

export const inMemory = ["--save", ""]

/** Starts a server with these settings. */
export const startRedis = Effect.fnUntraced(function*(
  settings: ReadonlyArray<string>
): Effect.fn.Return<RedisServer, never, Scope.Scope> {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "mcp-task-storage-redis-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
  )
  const port = yield* freePort
  const url = `redis://127.0.0.1:${port}`
  let child: ChildProcess | undefined
  const stop = Effect.promise(async () => {
    if (child === undefined) return
    const exited = once(child, "exit")
    child.kill("SIGKILL")
    await exited
  })
  const start = Effect.andThen(
    Effect.sync(() => {
      const place = ["--dir", folder, "--port", String(port), "--bind", "127.0.0.1"]
      child = spawn(program ?? "redis-server", [...place, ...settings], { stdio: "ignore" })
    }),
    Effect.promise(() => answers(url))
  )
  yield* Effect.addFinalizer(() => stop)
  yield* start
  return { url, crash: stop, start }
})

const answers = async (url: string): Promise<void> => {
  const client = makeClient(url)
  await client.connect()
  await client.ping()
  client.destroy()
}
