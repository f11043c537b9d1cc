/**
 * That the primitives on workers, on what they hold and on free tasks answer as those in memory do: after each of many random
 * writes the same is free, abandoned, held and told.
 */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeDriver, makeStore } from "mcp-task-storage/memory"
import type { FreeKindsQuery, FreeQuery, TaskDriver, TaskDriverError } from "../../src/domain/driver/TaskDriver.ts"
import type { TaskGuard, TaskPatch } from "../../src/domain/driver/TaskWrite.ts"
import { StoredJson } from "../../src/domain/json/StoredJson.ts"
import { heldByWorker } from "../../src/domain/task/StoredTask.ts"
import * as PostgresTaskStorage from "../../src/layers/PostgresTaskStorage.ts"
import * as SqliteTaskStorage from "../../src/layers/SqliteTaskStorage.ts"
import { unlimited } from "./postgres/database.ts"
import { freshUrl } from "./postgres/engine.ts"
import { storedTask, text } from "./storedTask.ts"

const backends = [
  ["sqlite", SqliteTaskStorage.makeDriver({ filename: ":memory:" })],
  ["postgres", Effect.flatMap(freshUrl, (url) => PostgresTaskStorage.makeDriver({ url, notifications: false }))]
] as const

/** Numbers that look random, the same in each run. */
const makeRandom = (seed: number) => {
  let state = seed
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor(state / 2 ** 32 * below)
  }
  return {
    next,
    of: <const A>(values: readonly [A, ...ReadonlyArray<A>]): A => values[next(values.length)] ?? values[0]
  }
}
type Random = ReturnType<typeof makeRandom>

const workers = ["w", "v", "nobody"] as const
const sessions = [null, "a", "b", "\u{10000}", "\uFFFD"] as const
/** Names that begin alike for longer than an index of PostgreSQL takes. */
const long = "x".repeat(1_000)
const kinds = [
  { originalMethod: text("m"), name: null },
  { originalMethod: text("m"), name: text("n") },
  { originalMethod: text("m"), name: text("n2") },
  { originalMethod: text("m2"), name: null },
  { originalMethod: text(`${long}1`), name: null },
  { originalMethod: text(`${long}2`), name: null }
] as const

const pickHold = ({ next, of }: Random, now: number): TaskPatch =>
  of<TaskPatch>([
    { leaseExpiresAt: heldByWorker, dueAt: null, worker: of(workers), startedAt: now },
    { leaseExpiresAt: now + next(20), dueAt: null, worker: null, startedAt: now },
    { leaseExpiresAt: 0, dueAt: null, worker: null, startedAt: null },
    { leaseExpiresAt: now + 10, dueAt: now + 10, worker: null, startedAt: null },
    { leaseExpiresAt: null }
  ])

const pickQuery = ({ of }: Random, now: number): FreeQuery => ({
  kind: of(kinds),
  freeBy: of([0, now, now + 5]),
  now,
  behind: of([undefined, undefined, "a", "c"]),
  except: of<FreeQuery["except"]>([[], ["a"], ["b", "\u{10000}"]]),
  perSession: of([1, 2, 1_000]),
  limit: of([1, 3, 1_000])
})

type Step = (driver: TaskDriver) => Effect.Effect<unknown, TaskDriverError>

/** Those of all names of a method, and single ones: all that anybody may name. */
const meant = [
  { originalMethod: text("a"), name: undefined },
  kinds[0],
  kinds[1],
  { originalMethod: text("m"), name: text("n1") },
  { originalMethod: text("m2"), name: undefined },
  { originalMethod: text("n"), name: null },
  { originalMethod: text(`${long}0`), name: undefined },
  { originalMethod: text(`${long}1`), name: undefined },
  kinds[5]
] as const
const ofMethods = [
  { originalMethod: text("m"), name: undefined },
  { originalMethod: text(`${long}2`), name: undefined }
] as const

const pickKinds = ({ next, of }: Random): FreeKindsQuery["kinds"] =>
  of([undefined, ofMethods, [], meant.filter(() => next(3) === 0), meant])

/** A write, whose answer is compared too. */
const pickWrite = (random: Random, now: number): Step => {
  const { next, of } = random
  const taskId = `t${next(25)}`
  const scope = { now, session: undefined }
  switch (next(10)) {
    case 0:
    case 1:
    case 2: {
      const { leaseExpiresAt, ...hold } = pickHold(random, now)
      const task = storedTask(taskId, {
        ...of(kinds),
        ...hold,
        leaseExpiresAt: leaseExpiresAt ?? null,
        sessionId: of(sessions),
        createdAt: now,
        ttl: of([null, null, 30]),
        incarnation: `i${next(1_000_000)}`
      })
      return (driver) => driver.insert(task, unlimited, now)
    }
    case 3: {
      const patch = { lastUpdatedAt: now, ...pickHold(random, now) }
      const guard = of<TaskGuard>([{}, { attempt: 0 }, { leaseExpiredBy: now }, { freeSince: now }])
      return (driver) => driver.patch(taskId, scope, guard, patch)
    }
    case 4: {
      const patch = of<TaskPatch>([
        { status: "input_required", lastUpdatedAt: now },
        { status: "working", lastUpdatedAt: now },
        { status: "cancelled", lastUpdatedAt: now, leaseExpiresAt: null },
        { lastUpdatedAt: now, meta: text("m") },
        { leaseExpiresAt: now + 5, dueAt: null }
      ])
      return (driver) => driver.patch(taskId, scope, { statuses: ["working", "input_required"] }, patch)
    }
    case 5:
      return next(2) === 0
        ? (driver) => driver.remove(taskId, scope)
        : (driver) => Effect.map(driver.removeExpired(now, 100), (ids) => [...ids].sort())
    case 6: {
      const worker = {
        workerId: of(workers),
        registeredAt: now,
        leaseExpiresAt: now + next(10),
        diedAt: null,
        about: StoredJson.fromJson({ pid: 1 })
      }
      if (worker.workerId === "nobody") return (driver) => driver.workers.removeDead(now - 20, 10)
      return ({ workers }) =>
        Effect.flatMap(
          workers.find(worker.workerId),
          (found) =>
            found === undefined ? workers.insert(worker) : workers.renew(worker.workerId, worker.leaseExpiresAt).pipe(
              Effect.map((renewal) => renewal.worker)
            )
        )
    }
    case 7: {
      const query = { expiredBy: now, at: now, except: of([undefined, "w"]), limit: 10 }
      return (driver) => Effect.map(driver.workers.declareDead(query), (ids) => [...ids].sort())
    }
    case 8: {
      const release = { workerId: of([undefined, ...workers]), leaseExpiresAt: now, limit: 1_000 }
      const ended = of(workers)
      return ({ workers }) => Effect.all([workers.release(release), workers.end(ended, now)])
    }
    default: {
      const query = pickQuery(random, now)
      const patch = { lastUpdatedAt: now, leaseExpiresAt: heldByWorker, dueAt: null, worker: "w", startedAt: now }
      return (driver) => driver.take?.(query, patch) ?? Effect.die("takes nothing")
    }
  }
}

/** Everything that can be asked. */
const look = (random: Random, now: number): Step => {
  const query = pickQuery(random, now)
  const time = { freeBy: query.freeBy, now }
  const whose = random.of(workers)
  const meant = pickKinds(random)
  const behind = random.of([undefined, undefined, ...kinds])
  const limit = random.of([1, 2, 4])
  return (driver) =>
    Effect.all({
      free: Effect.map(driver.free(query), (tasks) =>
        tasks.map(({ attempt, dueAt, leaseExpiresAt, sessionId, taskId }) => ({
          attempt,
          dueAt,
          leaseExpiresAt,
          sessionId,
          taskId
        }))),
      kinds: Effect.map(
        driver.freeKinds({ ...time, kinds: meant, behind, limit }),
        (found) =>
          found.map(({ name, originalMethod }) => [originalMethod.text, name?.text])
      ),
      abandoned: Effect.map(
        driver.abandoned({ expiredBy: now, now, limit: 100 }),
        (found) =>
          found.map(({ taskId }) => taskId)
      ),
      workers: driver.workers.list({ behind: undefined, limit: 10 }),
      news: Effect.map(driver.workers.takeNews(whose), (ids) => [...ids].sort())
    })
}

const isTask = (value: unknown): value is { readonly task: { readonly taskId: string } } =>
  typeof value === "object" && value !== null && "task" in value

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, value: unknown) => {
      if (value instanceof StoredJson) return value.text
      return key === "before" || value === undefined ? null : value
    })
  )

const cases = backends.flatMap(([name, makeBackend]) => [7, 8, 9].map((seed) => [name, seed, makeBackend] as const))

it.live.each(cases)("%s answers as memory does, seed %i", ([, seed, makeBackend]) =>
  Effect.gen(function*() {
    const memory = makeDriver(yield* makeStore)
    const driver = yield* makeBackend
    const random = makeRandom(seed)
    let taken = 0
    for (let now = 1_000; now < 1_600; now++) {
      const write = pickWrite(random, now)
      const expected = yield* write(memory)
      if (Array.isArray(expected) && expected.some(isTask)) taken++
      expect(plain(yield* write(driver)), `write at ${now}`).toEqual(plain(expected))
      const ask = look(random, now)
      expect(plain(yield* ask(driver)), `look at ${now}`).toEqual(plain(yield* ask(memory)))
    }
    expect(taken).toBeGreaterThan(10)
  }), 120_000)
