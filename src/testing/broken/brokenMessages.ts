/**
 * Drivers that break the message queues.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { MessageDriver, TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { StoredJson } from "../../domain/json/StoredJson.ts"
import type { BrokenDriver } from "./BrokenDriver.ts"

const messaging = (change: (good: MessageDriver) => Partial<MessageDriver>) => (good: TaskDriver): TaskDriver => ({
  ...good,
  messages: { ...good.messages, ...change(good.messages) }
})

/** Takes everything out, and puts back what it does not give; others come in between. */
const takeOne =
  (good: MessageDriver, choose: (bodies: ReadonlyArray<StoredJson>) => number): MessageDriver["shift"] =>
  (queue, now) =>
    Effect.gen(function*() {
      const bodies = yield* good.drain(queue, now)
      yield* Effect.yieldNow
      const chosen = choose(bodies)
      for (const [index, body] of bodies.entries()) {
        if (index !== chosen) yield* good.push({ queue, body, expiresAt: now + 1_000, maxSize: undefined, now })
      }
      return bodies[chosen]
    })

/** Runs a primitive on a task so that the messages of its queue are there afterwards as they were before. */
const sparing = <A>(good: TaskDriver, queue: string, now: number, primitive: Effect.Effect<A, TaskDriverError>) =>
  Effect.gen(function*() {
    const bodies = yield* good.messages.drain(queue, now)
    const answer = yield* primitive
    for (const body of bodies) {
      yield* good.messages.push({ queue, body, expiresAt: now + 1_000, maxSize: undefined, now })
    }
    return answer
  })

/**
 * @since 0.1.0
 * @category drivers
 */
export const brokenMessages: ReadonlyArray<BrokenDriver> = [
  {
    name: "gives the last message first",
    subject: "messages",
    checks: ["model"],
    breakDriver: messaging((good) => ({ shift: takeOne(good, (bodies) => bodies.length - 1) }))
  },
  {
    name: "takes messages out and puts them back",
    subject: "messages",
    checks: [],
    breakDriver: messaging((good) => ({ shift: takeOne(good, () => 0) }))
  },
  {
    name: "gives a message twice",
    subject: "messages",
    checks: ["model"],
    breakDriver: messaging((good) => {
      const given = new Map<string, StoredJson>()
      return {
        shift: (queue, now) =>
          Effect.suspend(() => {
            const again = given.get(queue)
            given.delete(queue)
            if (again !== undefined) return Effect.succeed(again)
            return Effect.tap(good.shift(queue, now), (body) =>
              Effect.sync(() => {
                if (body !== undefined) given.set(queue, body)
              }))
          })
      }
    })
  },
  {
    name: "leaves drained messages where they are",
    subject: "messages",
    checks: ["model", "linearizability"],
    breakDriver: messaging((good) => ({
      drain: (queue, now) =>
        Effect.tap(
          good.drain(queue, now),
          (bodies) =>
            Effect.forEach(
              bodies,
              (body) => good.push({ queue, body, expiresAt: now + 1_000, maxSize: undefined, now })
            )
        )
    }))
  },
  {
    name: "ignores the bound of a queue",
    subject: "messages",
    checks: ["model", "linearizability"],
    breakDriver: messaging((good) => ({ push: (message) => good.push({ ...message, maxSize: undefined }) }))
  },
  {
    name: "keeps messages for ever",
    subject: "messages",
    checks: ["model"],
    breakDriver: messaging((good) => ({
      push: (message) => good.push({ ...message, expiresAt: Number.MAX_SAFE_INTEGER })
    }))
  },
  {
    name: "mixes up queues",
    subject: "messages",
    checks: ["model", "linearizability"],
    breakDriver: messaging((good) => ({
      push: (message) => good.push({ ...message, queue: "one" }),
      shift: (_, now) => good.shift("one", now),
      drain: (_, now) => good.drain("one", now)
    }))
  },
  {
    name: "leaves the messages of a deleted task behind",
    subject: "messages",
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      remove: (taskId, scope) => sparing(good, taskId, scope.now, good.remove(taskId, scope))
    })
  },
  {
    name: "leaves the messages of a task that was replaced behind",
    subject: "messages",
    checks: [],
    breakDriver: (good) => ({
      ...good,
      insert: (task, bounds, now) => sparing(good, task.taskId, now, good.insert(task, bounds, now))
    })
  },
  {
    name: "leaves the messages of an expired task behind",
    subject: "messages",
    checks: [],
    breakDriver: (good) => {
      const pushed = new Map<string, Parameters<MessageDriver["push"]>[0]>()
      return {
        ...good,
        messages: {
          ...good.messages,
          push: (message) => {
            pushed.set(message.queue, message)
            return good.messages.push(message)
          }
        },
        removeExpired: (now, limit) =>
          Effect.tap(good.removeExpired(now, limit), (ids) =>
            Effect.forEach(ids, (id) => {
              const message = pushed.get(id)
              return message === undefined ? Effect.void : Effect.asVoid(good.messages.push(message))
            }))
      }
    }
  },
  {
    name: "takes the messages of a task that stays",
    subject: "messages",
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      remove: (taskId, scope) => Effect.tap(good.remove(taskId, scope), () => good.messages.drain(taskId, scope.now))
    })
  },
  {
    name: "takes the messages that were there before a task was created",
    subject: "messages",
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      insert: (task, bounds, now) =>
        Effect.tap(good.insert(task, bounds, now), () => good.messages.drain(task.taskId, now))
    })
  },
  {
    name: "does not sweep messages",
    subject: "maintenance",
    checks: [],
    breakDriver: messaging(() => ({ removeExpired: () => Effect.succeed(0) }))
  }
]
