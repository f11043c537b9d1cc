/** The tests of faults, for each backend that binds them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { perFile } from "../../support/perFile.ts"
import { runsOr } from "../../support/runs.ts"
import { checkAborts } from "./checkAborts.ts"
import { contestChecks, startContenders } from "./checkContests.ts"
import { checkFaultyDriver } from "./checkFaultyDriver.ts"
import { checkForgotten } from "./checkForgotten.ts"
import { checkInterruptions } from "./checkInterruptions.ts"
import { checkKills, type Kills } from "./checkKills.ts"
import { room } from "./contests.ts"
import { disturbEngine, disturbNetwork } from "./disturbances.ts"
import type { EmptiedTarget, FaultTarget, RemoteTarget, RestartableTarget } from "./FaultTarget.ts"
import { makeTcpProxy } from "./tcpProxy.ts"
import { underFaults } from "./underFaults.ts"

const allRuns = runsOr(1_000)

/** A share of the random runs that are to be made. */
const runsOf = (share: number): number => Math.max(1, Math.ceil(allRuns * share))

/** Seeds from 1 on: one for each thousand of the random runs that are to be made, and no fewer than these. */
const seedsFrom = (fewest: number): ReadonlyArray<number> =>
  Array.from({ length: Math.max(fewest, Math.ceil(allRuns / 1_000)) }, (_, index) => index + 1)

/** Room for a machine that is busy with something else: milliseconds. */
const timeout = 120_000
const runTimeout = 3_000

/** How much is done on a backend, which is as much as its engine does within a few seconds. */
export interface Effort {
  /** The share of the random runs. */
  readonly share: number
  /** Milliseconds that a call is given before it is aborted, at most. */
  readonly patience: number
}

/** Failures in the middle of calls, and calls that are given up. */
export const testSteps = <E>(target: EmptiedTarget<E>, { patience, share }: Effort): void => {
  const runs = runsOf(share)

  it.live(
    "what fails at any step has happened whole or not at all, and says which",
    () => Effect.flatMap(target.openPair, (emptied) => checkFaultyDriver(emptied, { runs })),
    timeout + runs * runTimeout
  )

  it.live(
    "what is interrupted anywhere has happened whole or not at all, and gives its connection back",
    () =>
      Effect.gen(function*() {
        assert.isAbove(yield* checkInterruptions(target, { runs }), 0)
      }),
    timeout + runs * runTimeout
  )

  it.live(
    "what is aborted anywhere has happened whole or not at all, and gives its connection back",
    () =>
      Effect.gen(function*() {
        const store = yield* target.freshStore
        assert.isAbove(yield* checkAborts(store, Math.min(runs, 50), patience), 0)
      }).pipe(Random.withSeed(1)),
    timeout
  )
}

/** Processes that die, and processes that contend. */
export const testProcesses = <E>(target: FaultTarget<E>, kills: Kills): void => {
  it.live(
    "processes that are killed at work leave what was acknowledged, whole, and a store that opens",
    () =>
      Effect.gen(function*() {
        const store = yield* target.freshStore
        assert.isAbove(yield* checkKills(store, kills), 100)
      }).pipe(Random.withSeed(1)),
    timeout
  )

  describe("two processes", () => {
    const options = { maintenance: false } as const
    const contest = perFile(Effect.gen(function*() {
      const store = yield* target.freshStore
      const limited = yield* target.freshStore
      const onlooker = yield* TaskStorage.fromDriver(yield* store.openDriver(), options)
      // Opened first, with the limit, so that whatever this backend needs to keep it is there.
      const limitedDriver = yield* limited.openDriver()
      const onlookerOfLimited = yield* TaskStorage.fromDriver(limitedDriver, { ...options, maxTasks: room })
      return { hold: yield* startContenders(store, limited), onlooker, onlookerOfLimited }
    }))
    for (const [shows, check] of contestChecks) {
      it.live(
        shows,
        () =>
          Effect.flatMap(contest, ({ hold, onlooker, onlookerOfLimited }) => check(hold, onlooker, onlookerOfLimited)),
        timeout
      )
    }
  })
}

/** A network that fails. These tests mostly wait, each at a proxy of its own. */
export const testNetwork = <E>(target: RemoteTarget<E>): void => {
  describe.concurrent("a network", () => {
    it.live(
      "whose connections are dead without anybody being told holds up no call, no waiter and no end",
      () => checkForgotten(target),
      timeout
    )

    it.live.each(seedsFrom(2))(
      "that fails loses and halves nothing, and is got over (seed %i)",
      (seed) =>
        Effect.gen(function*() {
          const store = yield* target.freshStore
          const proxy = yield* makeTcpProxy(yield* target.endpoint)
          const tally = yield* underFaults({
            store,
            through: proxy.endpoint,
            seed,
            disturb: () => disturbNetwork(proxy)
          })
          assert.isAbove(tally.answered, 0)
          assert.isAbove(tally.acknowledged, 0)
          // Answers were lost to what had got through.
          assert.isAbove(yield* proxy.losses, 0)
        }).pipe(Random.withSeed(seed)),
      timeout
    )
  })
}

/** An engine that ends at work. */
export const testRestarts = <E>(target: RestartableTarget<E>): void => {
  it.live.each(seedsFrom(1))(
    "an engine that ends and comes back loses and halves nothing, and is got over (seed %i)",
    (seed) =>
      Effect.gen(function*() {
        const store = yield* target.freshStore
        const tally = yield* underFaults({
          store,
          through: undefined,
          seed,
          disturb: (progress) => disturbEngine(target, progress)
        })
        assert.isAbove(tally.answered, 0)
        assert.isAbove(tally.acknowledged, 0)
        assert.isAbove(tally.nothing + tally.unknown, 0)
      }).pipe(Random.withSeed(seed)),
    timeout
  )
}
