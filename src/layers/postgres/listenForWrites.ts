/**
 * Hearing of the writes of other processes.
 *
 * @since 0.1.0
 */
import type * as PgConnection from "@effect/sql-pg/PgConnection"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { giveUpAfter } from "../giveUpAfter.ts"
import { realSleep } from "../realSleep.ts"
import type { PgModules } from "./PgModules.ts"

/** Milliseconds between two looks while nobody would tell, and so long after a connection was lost. */
const pollInterval = 500

/** Every so many of these there is a look all the same: a connection can be dead without anybody being told. */
const pollsWhileListening = 10

/** Milliseconds between two proofs that the connection is alive, and until an answer has to be there. */
const proofInterval = 5_000
const answerTimeout = 3_000

/** The longest pause between two tries to connect, in milliseconds. */
const longestPause = 10_000

/**
 * Gives the ids of tasks that others write, and `undefined` whenever it may have missed something. It listens on a connection
 * of its own, so that the pool keeps all of its own. While that connection is lost, or without a `config`, it signals twice a
 * second.
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

    let pause = pollInterval
    const listen = Effect.scoped(Effect.gen(function*() {
      const connection = yield* make(config)
      // A listening connection is ended without asking it for anything more: it may be dead.
      const owning = yield* Scope.make()
      const letGo = Scope.close(owning, Exit.void)
      const owned = yield* Scope.provide(connection.pin, owning)
      const notifications = yield* answered(owned.listen(channel)).pipe(Effect.onError(() => letGo))
      yield* Effect.addFinalizer(() => letGo)
      listening = true
      pause = pollInterval
      yield* signal
      const hear = Effect.map(Queue.take(notifications), ({ payload }) => {
        const [sender, ...taskIds] = payload.split("\n")
        if (sender !== ownSender) { for (const taskId of taskIds) Queue.offerUnsafe(queue, taskId) }
      })
      const prove = Effect.andThen(realSleep(proofInterval), answered(owned.query("-- ping", [], false)))
      return yield* Effect.raceFirst(Effect.forever(hear), Effect.forever(prove))
    })).pipe(
      Effect.catchCause(() => {
        listening = false
        const wait = realSleep(pause)
        pause = Math.min(pause * 2, longestPause)
        return Effect.andThen(signal, wait)
      }),
      Effect.forever
    )
    return Effect.all([listen, poll(0)], { concurrency: "unbounded", discard: true })
  })

/** It is closed by those who own it, whatever it is still waiting for. */
const answered = <A, E, R>(answer: Effect.Effect<A, E, R>): Effect.Effect<A, E | "unanswered", R> =>
  giveUpAfter(answer, answerTimeout, () => "unanswered")
