/** A port that nobody listens at. */
import * as Effect from "effect/Effect"
import { once } from "node:events"
import { createServer } from "node:net"

/**
 * Below the ports that systems give to connections, each of which could take one that was free a moment ago. The processes of a run
 * have some each.
 */
const first = 10_000
const each = 1_000
const processes = 20

const begin = first + (Number(process.env["VITEST_POOL_ID"] ?? 0) % processes) * each
let next = Math.floor(Math.random() * each)

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer().listen(port, "127.0.0.1")
  const listening = once(server, "listening").then(() => true, () => false)
  if (!await listening) return false
  server.close()
  await once(server, "close")
  return true
}

export const freePort: Effect.Effect<number> = Effect.promise(async () => {
  for (let tries = 0; tries < each; tries++) {
    const port = begin + next++ % each
    if (await isFree(port)) return port
  }
  throw new Error("no port")
})
