/** The registered workers. */
import * as Effect from "effect/Effect"
import { StoredJson, type StoredWorker, type TaskDriverError, type WorkerDriver } from "mcp-task-storage/driver"
import type { RedisConnection } from "./RedisConnection.ts"
import { hashOf, listOf, numberOf, textOf } from "./replies.ts"

/** Ends the hold of a worker on some tasks, and gives on how many. */
type Release = (workerId: string, limit: number, leaseExpiresAt: number) => Effect.Effect<number, TaskDriverError>

export const makeRedisWorkers = (redis: RedisConnection, release: Release): WorkerDriver => ({
  insert: ({ about, diedAt, leaseExpiresAt, registeredAt, workerId }) =>
    Effect.asVoid(redis.run("insertWorker", {
      id: workerId,
      row: {
        workerId,
        registeredAt: String(registeredAt),
        leaseExpiresAt: String(leaseExpiresAt),
        diedAt: diedAt === null ? "" : String(diedAt),
        about: about.text
      }
    })),

  renew: (id, leaseExpiresAt) =>
    Effect.map(
      redis.run("renewWorker", { id, leaseExpiresAt: String(leaseExpiresAt) }),
      (row) => ({ worker: decodeWorker(hashOf(row)) })
    ),

  find: (workerId) => Effect.map(redis.readHash(`:worker:${workerId}`), decodeWorker),

  declareDead: ({ at, except, expiredBy, limit }) =>
    Effect.map(
      redis.run("declareDead", { time: String(at), except, expiredBy: String(expiredBy), limit }),
      (dead) => listOf(dead).map(textOf)
    ),

  release: ({ leaseExpiresAt, limit, workerId }) =>
    workerId !== undefined
      ? release(workerId, limit, leaseExpiresAt)
      : Effect.gen(function*() {
        let released = 0
        for (let from = 0;; from += portion) {
          const dead = yield* redis.readRange(":dead", "+inf", from, portion)
          for (const id of dead) {
            if (released < limit) released += yield* release(id, limit - released, leaseExpiresAt)
          }
          if (dead.length < portion || released >= limit) return released
        }
      }),

  list: ({ behind, limit }) =>
    Effect.map(redis.run("listWorkers", { behind, limit }), (found) =>
      listOf(found).flatMap((one) => {
        const [row, tasks] = listOf(one)
        const worker = decodeWorker(hashOf(row))
        return worker === undefined ? [] : [{ worker, tasks: numberOf(tasks) }]
      })),

  end: (id, at) => Effect.asVoid(redis.run("endWorker", { id, time: String(at) })),

  removeDead: (diedBefore, limit) =>
    Effect.map(redis.run("removeDead", { diedBefore: String(diedBefore), limit }), numberOf),

  takeNews: (id) => Effect.map(redis.run("takeNews", { id }), (news) => listOf(news).map(textOf))
})

const portion = 100

const decodeWorker = (row: { readonly [field: string]: string }): StoredWorker | undefined => {
  const { about, diedAt, leaseExpiresAt, registeredAt, workerId } = row
  return workerId === undefined || about === undefined ? undefined : {
    workerId,
    registeredAt: Number(registeredAt),
    leaseExpiresAt: Number(leaseExpiresAt),
    diedAt: diedAt === "" ? null : Number(diedAt),
    about: StoredJson.fromText(about)
  }
}
