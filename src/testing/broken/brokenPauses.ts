/**
 * Drivers that pause the wrong tasks, or do not tell of it.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { type KindDriver, kindsText, newsOfPauses } from "../../domain/driver/KindDriver.ts"
import type { TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { BrokenDriver } from "./BrokenDriver.ts"

/** A driver with a mistake in how kinds are paused. */
const pausing = (
  name: string,
  checks: BrokenDriver["checks"],
  change: (kinds: KindDriver) => Partial<KindDriver>
): BrokenDriver => ({
  name,
  subject,
  checks,
  breakDriver: (good) => ({ ...good, kinds: { ...good.kinds, ...change(good.kinds) } })
})

const subject = "pauseTasks, resumeTasks"

/** Ends all pauses while it does something, and begins them again. */
const unpaused = <A>(
  { kinds }: TaskDriver,
  now: number,
  effect: Effect.Effect<A, TaskDriverError>
): Effect.Effect<A, TaskDriverError> =>
  Effect.gen(function*() {
    const pauses = yield* kinds.paused()
    for (const pause of pauses) yield* kinds.resume(pause, now)
    const answer = yield* effect
    for (const pause of pauses) yield* kinds.pause(pause)
    return answer
  })

/**
 * @since 0.2.0
 * @category drivers
 */
export const brokenPauses: ReadonlyArray<BrokenDriver> = [
  pausing("forgets a pause", ["model"], () => ({ pause: () => Effect.void })),
  pausing("pauses all names of a method instead of one", ["model"], (kinds) => ({
    pause: (pause) => kinds.pause({ ...pause, name: undefined })
  })),
  pausing("pauses what has no name instead of all names", ["model"], (kinds) => ({
    pause: (pause) => kinds.pause({ ...pause, name: pause.name ?? null })
  })),
  pausing("pauses all names instead of what has none", ["model"], (kinds) => ({
    pause: (pause) => kinds.pause({ ...pause, name: pause.name ?? undefined })
  })),
  pausing("begins a pause anew that lasts already", ["model"], (kinds) => ({
    pause: (pause) => Effect.andThen(kinds.resume(pause, pause.pausedAt), kinds.pause(pause))
  })),
  pausing("does not end a pause", ["model"], (kinds) => ({
    resume: (resumed) =>
      Effect.map(kinds.paused(), (pauses) => pauses.some((pause) => kindsText(pause) === kindsText(resumed)))
  })),
  pausing("ends the pauses of all names with one", ["model"], (kinds) => ({
    resume: (resumed, now) =>
      Effect.gen(function*() {
        const was = yield* kinds.resume(resumed, now)
        for (const pause of yield* kinds.paused()) yield* kinds.resume(pause, now)
        return was
      })
  })),
  pausing("says of every kind that it was paused", ["model"], (kinds) => ({
    resume: (...resumed) => Effect.as(kinds.resume(...resumed), true)
  })),
  {
    name: "lists kinds that are paused",
    subject,
    checks: ["model"],
    breakDriver: (good) => {
      const { take: _, ...rest } = good
      return {
        ...rest,
        freeKinds: (query) => unpaused(good, query.now, good.freeKinds(query)),
        free: (query) => unpaused(good, query.now, good.free(query))
      }
    }
  },
  {
    name: "lists what is free of a kind that is paused",
    subject,
    checks: [],
    breakDriver: (good) => ({ ...good, free: (query) => unpaused(good, query.now, good.free(query)) })
  },
  {
    name: "takes what is free of a kind that was just paused",
    subject,
    checks: [],
    breakDriver: (good) => {
      const { take } = good
      return take === undefined
        ? good
        : { ...good, take: (query, patch) => unpaused(good, query.now, take(query, patch)) }
    }
  },
  {
    name: "does not tell workers of pauses",
    subject,
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      workers: {
        ...good.workers,
        takeNews: (workerId) =>
          Effect.map(good.workers.takeNews(workerId), (news) => news.filter((taskId) => taskId !== newsOfPauses))
      }
    })
  }
]
