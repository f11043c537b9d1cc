/** A port that nobody listens at. */
import * as Effect from "effect/Effect"
import { once } from "node:events"
import { createServer } from "node:net"

export const freePort: Effect.Effect<number> = Effect.promise(async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  await once(server, "close")
  if (address === null || typeof address === "string") throw new Error("no port")
  return address.port
})
