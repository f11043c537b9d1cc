/**
 * Whether connections are alive. A network may drop a connection and tell neither end.
 *
 * @since 0.2.0
 */
import type { PgConnection } from "@effect/sql-pg/PgConnection"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { giveUpAfter } from "../giveUpAfter.ts"

/** Milliseconds of silence after which a connection has to prove that it is alive before it is used, at most. */
const longestSilence = 4_000

/** Milliseconds that it has for that, at most. */
const longestProof = 3_000

/**
 * What is known of a connection.
 *
 * @since 0.2.0
 * @category models
 */
export interface ConnectionState {
  /** When it answered last: the time, and how many proofs of others had been asked for until then. */
  heardAt: number
  proofs: number
  /** Whether it is alive, while that is being found out. Several callers may share a connection. */
  proving: Deferred.Deferred<boolean> | undefined
}

/**
 * Looks after the connections of a client.
 *
 * @since 0.2.0
 * @category models
 */
export interface ConnectionHealth {
  /** What is known of a connection at first: nothing. */
  readonly makeState: () => ConnectionState
  /** Notes that a connection has answered. */
  readonly noteAnswer: (state: ConnectionState) => void
  /** Tells whether a connection is alive: at once, if it has answered lately or has been silent while it should not. */
  readonly isAlive: (connection: PgConnection, state: ConnectionState) => boolean | Effect.Effect<boolean>
}

/**
 * Makes what looks after the connections. A proof may take half of the time that a statement may take, so that the other
 * half is left for a new connection.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeConnectionHealth = (statementTimeout: number): ConnectionHealth => {
  const trusted = Math.min(longestSilence, statementTimeout)
  const proofTimeout = Math.min(longestProof, Math.ceil(statementTimeout / 2))
  /** How many proofs were asked for, and the last one that failed. A connection that has been silent since is dead too. */
  let proofs = 0
  let failedProof = 0

  const noteAnswer = (state: ConnectionState): void => {
    state.heardAt = realTime()
    state.proofs = proofs
  }

  const prove = (connection: PgConnection, state: ConnectionState): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      if (state.proving !== undefined) return Deferred.await(state.proving)
      const proving = Deferred.makeUnsafe<boolean>()
      state.proving = proving
      const proof = ++proofs
      // A comment costs the server nothing, and is in nobody's statistics.
      const ping = giveUpAfter(connection.query("-- ping", [], false), proofTimeout, () => "unanswered")
      const settled = Effect.matchEffect(ping, {
        onSuccess: () => {
          noteAnswer(state)
          return Effect.succeed(true)
        },
        onFailure: () => {
          failedProof = Math.max(failedProof, proof)
          return Effect.succeed(false)
        }
      })
      const told = Effect.flatMap(settled, (isAlive) => {
        state.proving = undefined
        return Deferred.succeed(proving, isAlive)
      })
      // Others wait for it too, even if the first caller is gone.
      return Effect.andThen(Effect.forkDetach(told), Deferred.await(proving))
    })

  return {
    makeState: () => ({ heardAt: -Infinity, proofs, proving: undefined }),
    noteAnswer,
    isAlive: (connection, state) => {
      if (state.proofs < failedProof) return false
      const silence = realTime() - state.heardAt
      return silence >= 0 && silence < trusted ? true : prove(connection, state)
    }
  }
}

/** Neither a clock that stops while the machine sleeps, nor the clock of a test, would do. */
// @effect-diagnostics-next-line globalDate:off -- a network takes real time
const realTime = (): number => Date.now()
