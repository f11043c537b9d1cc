/** Drivers that work on one database at once, as processes do. */
import * as Effect from "effect/Effect"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import * as PostgresTaskStorage from "../../../src/layers/PostgresTaskStorage.ts"
import { connect } from "./database.ts"
import { freshUrl } from "./engine.ts"

export const openTwo = (options: Omit<PostgresTaskStorage.Options, "url"> = {}, database = freshUrl) =>
  Effect.gen(function*() {
    const url = yield* database
    const sql = yield* connect(url, { maxConnections: 4 })
    const make = PostgresTaskStorage.makeDriver({ url, notifications: false, maxConnections: 6, ...options })
    const [first, second] = [yield* make, yield* make]
    /** Takes turns. */
    const driverOf = (index: number): TaskDriver => index % 2 === 0 ? first : second
    return { driverOf, first, second, sql, url }
  })

export const numbers = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

export const atOnce = <A, E>(effects: ReadonlyArray<Effect.Effect<A, E>>) =>
  Effect.all(effects, { concurrency: "unbounded" })
