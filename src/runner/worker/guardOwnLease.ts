/**
 * A task under a lease of its own, as one invocation has it.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"
import { HoldsProcess } from "../../domain/effects/holdProcess.ts"
import { untraced } from "../../domain/telemetry/untraced.ts"
import { persist } from "../process/persist.ts"
import { endOfHold } from "./EndOfHold.ts"
import type { TaskWorker } from "./TaskWorker.ts"
import type { WorkerSurroundings } from "./WorkerSurroundings.ts"

/**
 * Follows a task, so that answers and its end are noticed, whoever writes them; stops its worker when its time is up; and
 * extends the lease, unless that covers the time anyhow. Gives the fibers that do so, until they are interrupted.
 *
 * @since 0.2.0
 * @category combinators
 */
export const guardOwnLease = Effect.fnUntraced(function*(
  surroundings: WorkerSurroundings,
  worker: TaskWorker,
  time: number
): Effect.fn.Return<ReadonlyArray<Fiber.Fiber<void>>> {
  const guards = [follow(surroundings, worker)]
  if (time !== Infinity) guards.push(Effect.andThen(backgroundSleep(time), Effect.sync(() => worker.stop("deadline"))))
  if (time > surroundings.lease) guards.push(keepLease(surroundings, worker))
  return yield* Effect.forEach(guards, (guard) => Effect.forkChild(guard))
})

const keepLease = ({ lease, takeovers }: WorkerSurroundings, worker: TaskWorker): Effect.Effect<void> => {
  const pause = Math.floor(lease / 3)
  return takeovers.watchSleep(pause, backgroundSleep(pause)).pipe(
    Effect.andThen(worker.extendLease),
    Effect.forever,
    Effect.catchTag("HoldEnded", () => Effect.void)
  )
}

const follow = ({ lease, outages, storage }: WorkerSurroundings, worker: TaskWorker): Effect.Effect<void> => {
  const token = {}
  const following = Stream.runForEach(storage.changes(worker.taskId), (record) =>
    Effect.suspend(() => {
      worker.note(record)
      return outages.answered(token)
    }))
  return persist(() => untraced(Effect.provideService(following, HoldsProcess, false)), {
    outages,
    lease,
    token,
    isOutage: (error) => endOfHold(error) === undefined
  }).pipe(
    Effect.catch((error) => Effect.sync(() => worker.stop(endOfHold(error) ?? "ended")))
  )
}
