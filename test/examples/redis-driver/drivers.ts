/** Drivers on a server of the test file. */
import * as Effect from "effect/Effect"
import { makeRedisDriver } from "../../../examples/redis-driver/makeRedisDriver.ts"
import { makeConnection, stepsScript } from "../../../examples/redis-driver/RedisConnection.ts"
import { connect } from "../../../examples/redis-driver/RedisTaskStorage.ts"
import { perFile } from "../../support/perFile.ts"
import { inMemory, startRedis } from "./server.ts"

/** Gives what opens two drivers on an empty store, each with a connection of its own. */
export const openDrivers = () => {
  const clients = perFile(
    Effect.flatMap(startRedis(inMemory), ({ url }) => Effect.all({ first: connect(url), second: connect(url) }))
  )
  let stores = 0
  return (script = stepsScript) =>
    Effect.map(clients, ({ first, second }) => {
      const prefix = `{store-${stores++}}`
      return {
        first: makeRedisDriver(makeConnection(first, prefix, script)),
        second: makeRedisDriver(makeConnection(second, prefix, script))
      }
    })
}
