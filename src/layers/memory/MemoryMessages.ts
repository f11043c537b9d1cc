/**
 * Message queues in memory.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { BTreeEx } from "sorted-btree/extended/index.js"
import type { MessageDriver } from "../../domain/driver/TaskDriver.ts"
import type { StoredJson } from "../../domain/json/StoredJson.ts"
import { byExpiry, type Expiry } from "./TaskOrder.ts"

/**
 * Queues that can be dropped as a whole.
 */
export interface MemoryMessages extends MessageDriver {
  readonly drop: (queue: string) => void
}

/**
 * Makes queues that live as long as their holder.
 */
export const makeMemoryMessages = (): MemoryMessages => {
  const queues = new Map<string, Map<string, StoredJson>>()
  const expiries = new BTreeEx<Expiry, string>(undefined, byExpiry)
  const ends = new Map<string, number>()
  let pushed = 0

  const remove = (queue: string, id: string): void => {
    const messages = queues.get(queue)
    messages?.delete(id)
    if (messages?.size === 0) queues.delete(queue)
    expiries.delete({ at: ends.get(id) ?? 0, key: id })
    ends.delete(id)
  }

  const removeExpired = (now: number, limit: number): number => {
    let removed = 0
    while (removed < limit) {
      const first = expiries.minKey()
      if (first === undefined || first.at > now) break
      remove(expiries.get(first) ?? "", first.key)
      removed++
    }
    return removed
  }

  /** The unexpired messages of a queue. It drops expired ones for good, so they do not add up. */
  const live = (queue: string, now: number): ReadonlyMap<string, StoredJson> => {
    removeExpired(now, Infinity)
    return queues.get(queue) ?? new Map()
  }

  return {
    drop: (queue) => {
      for (const id of queues.get(queue)?.keys() ?? []) remove(queue, id)
    },

    push: ({ body, expiresAt, maxSize, now, queue }) =>
      Effect.sync(() => {
        const size = live(queue, now).size
        if (maxSize !== undefined && size >= maxSize) return { _tag: "Full", size }
        const id = String(pushed++)
        const messages = queues.get(queue)
        if (messages === undefined) queues.set(queue, new Map([[id, body]]))
        else messages.set(id, body)
        expiries.set({ at: expiresAt, key: id }, queue)
        ends.set(id, expiresAt)
        return { _tag: "Pushed" }
      }),

    shift: (queue, now) =>
      Effect.sync(() => {
        for (const [id, body] of live(queue, now)) {
          remove(queue, id)
          return body
        }
        return undefined
      }),

    drain: (queue, now) =>
      Effect.sync(() => {
        const messages = [...live(queue, now)]
        for (const [id] of messages) remove(queue, id)
        return messages.map(([, body]) => body)
      }),

    removeExpired: (now, limit) => Effect.sync(() => removeExpired(now, limit))
  }
}
