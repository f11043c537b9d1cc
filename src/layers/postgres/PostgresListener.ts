/**
 * Hearing what other processes have written.
 *
 * @since 0.1.0
 */
import type * as PgConnection from "@effect/sql-pg/PgConnection"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { realSleep } from "../realSleep.ts"
import type { PgModules } from "./PgModules.ts"

/** Milliseconds between two looks while nobody would tell, and so long after a connection was lost. */
const pollInterval = 500

/** Every so many of these there is a look all the same: a connection can be dead without anybody being told. */
const pollsWhileListening = 10

/**
 * Gives the ids of tasks that others write, and `undefined` whenever something may have been missed. It listens on a
 * connection of its own, since one of the pool would be missing there; while that is lost, or with no `config` at all, it
 * signals twice a second.
 *
 * @since 0.1.0
 * @category constructors
 */
export const listenForWrites = (
  { make }: PgModules["PgConnection"],
  config: PgConnection.Config | undefined,
  channel: string,
  ownSender: string
): Stream.Stream<string | undefined> =>
  Stream.callback<string | undefined>((queue) => {
    let listening = false
    const signal = Effect.sync(() => Queue.offerUnsafe(queue, undefined))

    const poll = (count: number): Effect.Effect<never> =>
      Effect.suspend(() => {
        if (!listening || count % pollsWhileListening === 0) Queue.offerUnsafe(queue, undefined)
        return Effect.andThen(realSleep(pollInterval), poll(count + 1))
      })
    if (config === undefined) return poll(0)

    const listen = Effect.scoped(Effect.gen(function*() {
      const connection = yield* make(config)
      const notifications = yield* connection.listen(channel)
      listening = true
      yield* signal
      while (true) {
        const { payload } = yield* Queue.take(notifications)
        const [sender, ...taskIds] = payload.split("\n")
        if (sender !== ownSender) { for (const taskId of taskIds) Queue.offerUnsafe(queue, taskId) }
      }
    })).pipe(
      Effect.catchCause(() => {
        listening = false
        return Effect.andThen(signal, realSleep(pollInterval))
      }),
      Effect.forever
    )
    return Effect.all([listen, poll(0)], { concurrency: "unbounded", discard: true })
  })
