/** That free tasks are found in order, whatever their kinds and sessions are called, and that a look reads no others. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type {
  FreeQuery,
  StoredKind,
  TakenTask,
  TaskDriver,
  TaskDriverError
} from "../../../src/domain/driver/TaskDriver.ts"
import { heldByWorker, type StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { kindOf, lineOf } from "../../../src/layers/dynamodb/FreeLine.ts"
import { storedTask, text } from "../storedTask.ts"
import { describeWithEngine, freshTable } from "./engine.ts"
import { throttled } from "./faults.ts"
import { interceptedClient } from "./interceptedClient.ts"
import { putItem, putItems, taskItemOf } from "./items.ts"
import { randomText } from "./randomText.ts"
import { anyone, driverOn, driverThrough, unlimited } from "./storages.ts"

const kindNamed = (name: string | null, method = "tools/call"): StoredKind => ({
  originalMethod: text(method),
  name: name === null ? null : text(name)
})

const query = (kind: StoredKind, change: Partial<FreeQuery> = {}): FreeQuery => ({
  kind,
  behind: undefined,
  except: [],
  perSession: 10,
  limit: 1_000,
  freeBy: 10,
  now: 10,
  ...change
})

const released = { leaseExpiresAt: 0 }

/** A driver, and how many entries its queries of the index of free tasks have read. */
const counting = Effect.gen(function*() {
  const count = { requests: 0, entries: 0 }
  const client = yield* interceptedClient(async ({ input, perform }) => {
    const output = await perform()
    // Once a second there are others, for what processes of the version before may have left.
    if (!("IndexName" in input) || input.IndexName !== "free") return output
    count.requests++
    if ("ScannedCount" in output) count.entries += output.ScannedCount ?? 0
    return output
  })
  const tableName = yield* freshTable
  const driver = yield* driverThrough(client, { tableName, shards: 2 })
  const costOf = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.suspend(() => {
      Object.assign(count, { requests: 0, entries: 0 })
      return Effect.map(effect, (answer) => ({ answer, ...count }))
    })
  return { driver, costOf, tableName }
})

describe("lines", () => {
  it("come in the order of methods, of names and of sessions, and tell the kind", () => {
    const tasks: ReadonlyArray<readonly [method: string, name: string | null, session: string | null]> = [
      // A blank comes before the quotation mark at the end.
      ["a b", null, null],
      ["a", null, null],
      ["a", null, "s"],
      ["a", " ", "s"],
      ["a", "", null],
      ["a", "b", "s"],
      ["a", "b", "s s"],
      ["a", "b", "s\uFF5E"],
      ["a", "b", "s𝒳"],
      ["a", "bc", null],
      ["b", "a", null],
      ["~", null, null]
    ]
    const stored = tasks.map(([method, name, sessionId]) => storedTask("t", { ...kindNamed(name, method), sessionId }))
    const lines = stored.map((task) => lineOf(task, false))
    expect(lines.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))).toEqual(lines)
    expect(new Set(lines).size).toBe(lines.length)
    for (const [index, line] of lines.entries()) {
      const kind = kindOf(line)
      expect([kind?.originalMethod.text, kind?.name?.text]).toEqual([
        stored[index]?.originalMethod.text,
        stored[index]?.name?.text
      ])
    }
  })

  it("are short enough for a key, however long the texts are", () => {
    const long = "\uFFFD".repeat(255)
    const line = lineOf(storedTask("t", { ...kindNamed(long, randomText(10_000)), sessionId: long }), true)
    expect(Buffer.byteLength(line)).toBeLessThan(640)
    expect(kindOf(line)).toBeUndefined()
    expect(line).not.toBe(lineOf(storedTask("t", { ...kindNamed(long), sessionId: `${long}x` }), true))
  })
})

describeWithEngine("free tasks", () => {
  it.live("are found whatever length their kind, session and id have", () =>
    Effect.gen(function*() {
      const driver = yield* driverOn(yield* freshTable)
      const long = "\uFF5E".repeat(255)
      const kinds = [kindNamed(long), kindNamed("short", randomText(200_000)), kindNamed(null, randomText(500_000))]
      for (const [index, kind] of kinds.entries()) {
        const task = storedTask(`${index}${long.slice(1)}`, { ...kind, sessionId: long, ...released })
        yield* driver.insert(task, unlimited, 0)
      }
      const found = yield* driver.freeKinds({ freeBy: 10, now: 10, limit: 10 })
      const byText = (kind: StoredKind) => `${kind.originalMethod.text} ${kind.name?.text}`
      expect(found.map(byText).toSorted()).toEqual(kinds.map(byText).toSorted())
      for (const [index, kind] of kinds.entries()) {
        expect(yield* driver.free(query(kind))).toMatchObject([{ taskId: `${index}${long.slice(1)}`, sessionId: long }])
      }
      expect(yield* driver.free(query(kindNamed("\uFF5E".repeat(254))))).toEqual([])
    }))

  it.live("are given session by session over all partitions, each by lease and id", () =>
    Effect.gen(function*() {
      const driver = yield* driverOn(yield* freshTable)
      const kind = kindNamed("search")
      const expected: Array<string> = []
      for (const session of [null, "a", "a ", "b", "\uFF5E", "𝒳"]) {
        for (let index = 0; index < 4; index++) {
          const taskId = `${session} ${index}`
          // Later ones are free earlier.
          const leaseExpiresAt = index < 2 ? 0 : 8 - index
          expected.push(taskId)
          yield* driver.insert(storedTask(taskId, { ...kind, sessionId: session, leaseExpiresAt }), unlimited, 0)
        }
        expected.push(...expected.splice(-2).toReversed())
      }
      yield* driver.insert(storedTask("later", { ...kind, leaseExpiresAt: 11 }), unlimited, 0)
      yield* driver.insert(storedTask("gone", { ...kind, createdAt: 0, ttl: 10, leaseExpiresAt: 0 }), unlimited, 0)
      const list = (change: Partial<FreeQuery> = {}) =>
        Effect.map(driver.free(query(kind, change)), (found) => found.map(({ taskId }) => taskId))
      expect(yield* list()).toEqual(expected)
      expect(yield* list({ perSession: 1 })).toEqual(expected.filter((_, index) => index % 4 === 0))
      expect(yield* list({ perSession: 3, limit: 7 })).toEqual(expected.filter((_, index) => index % 4 < 3).slice(0, 7))
      expect(yield* list({ behind: "a" })).toEqual(expected.slice(8))
      expect(yield* list({ except: ["a", "b"] })).toEqual([
        ...expected.slice(0, 4),
        ...expected.slice(8, 12),
        ...expected.slice(16)
      ])
      expect(yield* list({ freeBy: 0 })).toEqual(expected.filter((_, index) => index % 4 < 2))
    }))

  it.live("are listed and their kinds are found at a cost that does not grow with what else there is", () =>
    Effect.gen(function*() {
      const { costOf, driver } = yield* counting
      const kind = kindNamed("wanted")
      const kinds = driver.freeKinds({ freeBy: 10, now: 10, limit: 10 })
      const fields: ReadonlyArray<Partial<StoredTask>> = [
        { leaseExpiresAt: heldByWorker, worker: "one" },
        { leaseExpiresAt: 1_000, dueAt: 1_000 },
        { leaseExpiresAt: 2_000 },
        { ...released, status: "input_required" },
        {}
      ]
      const insert = (count: number) =>
        Effect.forEach(
          Array.from({ length: count }, (_, index) => index),
          (index) =>
            Effect.forEach(fields, (some, way) =>
              driver.insert(storedTask(`${count} ${index} ${way}`, { ...kind, ...some }), unlimited, 0)),
          { concurrency: 8 }
        )
      yield* insert(1)
      yield* kinds
      // One query for each partition, which reads the first of what waits.
      expect(yield* costOf(kinds)).toMatchObject({ answer: [], requests: 2 })
      yield* insert(40)
      expect(yield* costOf(kinds)).toMatchObject({ answer: [], requests: 2, entries: 2 })
      expect(yield* costOf(driver.free(query(kind)))).toMatchObject({ answer: [], requests: 2, entries: 0 })

      // Others of many sessions and one with a backlog cost nothing of those that are wanted.
      yield* driver.insert(storedTask("wanted", { ...kind, sessionId: "z", ...released }), unlimited, 0)
      for (let index = 0; index < 60; index++) {
        yield* driver.insert(storedTask(`backlog ${index}`, { ...kind, sessionId: "a", ...released }), unlimited, 0)
        const other = { ...kindNamed("other"), sessionId: `session ${index}`, ...released }
        yield* driver.insert(storedTask(`other ${index}`, other), unlimited, 0)
      }
      const { answer, entries } = yield* costOf(driver.free(query(kind, { perSession: 1 })))
      expect(answer.map(({ taskId }) => taskId)).toEqual(["backlog 0", "wanted"])
      expect(entries).toBeLessThan(60)
      const found = yield* costOf(driver.freeKinds({ freeBy: 10, now: 11, limit: 10 }))
      expect(found.answer.map(({ name }) => name?.text)).toEqual(["\"other\"", "\"wanted\""])
      expect(found.entries).toBeLessThan(20)
    }))

  it.live(
    "of two kinds are found at the same cost among 5 000 kinds that nobody can run",
    () =>
      Effect.gen(function*() {
        const { costOf, driver, tableName } = yield* counting
        const handled = [kindNamed("kind 2500"), kindNamed("kind 5500"), { ...kindNamed(null, "z"), name: undefined }]
        const kinds = driver.freeKinds({ freeBy: 10, now: 10, kinds: handled, limit: 100 })
        yield* driver.insert(storedTask("one", { ...kindNamed("kind 1000"), ...released }), unlimited, 0)
        const template = yield* taskItemOf(tableName, "one")
        if (template === undefined) throw new Error("it was just stored")
        const crowd = Array.from({ length: 5_000 }, (_, index) => ({
          ...Object.fromEntries(
            Object.entries(template).map(([field, value]) =>
              [
                field,
                value.S === undefined ? value : { S: value.S.replace("kind 1000", `kind ${index + 1_000}`) }
              ] as const
            )
          ),
          pk: { S: `t#${index}` },
          place: { S: `0000000000000000#${index}` }
        }))
        yield* kinds
        const before = yield* costOf(kinds)
        yield* putItems(tableName, crowd)
        const among = yield* costOf(kinds)
        expect(among.answer.map(({ name }) => name?.text)).toEqual(["\"kind 2500\"", "\"kind 5500\""])
        // In each of two partitions: two kinds, and what comes behind each.
        expect(before.requests).toBeLessThanOrEqual(4)
        expect(among.requests).toBeLessThanOrEqual(before.requests + 4)
        expect(among.entries).toBeLessThanOrEqual(8)
        const many = Array.from({ length: 2_000 }, (_, index) => kindNamed(`x ${index}`, "w"))
        const none = yield* costOf(driver.freeKinds({ freeBy: 10, now: 10, kinds: many, limit: 1_000 }))
        expect(none).toMatchObject({ answer: [] })
        expect(none.requests).toBeLessThanOrEqual(4)
      })
  )

  it.live("are claimed by many at once, each by one, and none is left", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const drivers = yield* Effect.all([driverOn(tableName), driverOn(tableName), driverOn(tableName)])
      const kind = kindNamed("work")
      const [first] = drivers
      const ids = Array.from({ length: 40 }, (_, index) => `task ${index}`)
      yield* Effect.forEach(
        ids,
        (taskId) => first.insert(storedTask(taskId, { ...kind, ...released }), unlimited, 0),
        { concurrency: 8, discard: true }
      )
      const patch = { lastUpdatedAt: 10, leaseExpiresAt: 100, dueAt: null, worker: null, startedAt: 10 }
      const take = (driver: TaskDriver, limit: number): Effect.Effect<ReadonlyArray<TakenTask>, TaskDriverError> =>
        Effect.gen(function*() {
          const taken = yield* driver.take?.(query(kind, { perSession: 40, limit }), patch) ?? Effect.succeed([])
          // One that loses to the others again and again takes fewer, and looks again.
          return taken.length === limit ? taken : [...taken, ...yield* take(driver, limit - taken.length)]
        })
      const taken = yield* Effect.forEach(drivers, (driver) => take(driver, 10), { concurrency: "unbounded" })
      const claimed = taken.flat().map(({ task }) => task.taskId)
      expect(claimed).toHaveLength(30)
      expect(new Set(claimed).size).toBe(30)
      const left = yield* first.free(query(kind, { perSession: 40 }))
      expect([...claimed, ...left.map(({ taskId }) => taskId)].toSorted()).toEqual(ids.toSorted())
    }))

  it.live("are kept by the one who has claimed them, though others cannot be read or claimed", () =>
    Effect.gen(function*() {
      const tableName = yield* freshTable
      const driver = yield* driverOn(tableName)
      const kind = kindNamed("work")
      for (const taskId of ["a", "b", "c"]) {
        yield* driver.insert(storedTask(taskId, { ...kind, ...released }), unlimited, 0)
      }
      const item = yield* taskItemOf(tableName, "b")
      yield* putItem(tableName, { ...item, createdAt: { N: "0.5" } })
      /** The claims of the task that cannot be claimed, each with a stamp of its own in all its tries. */
      const asked = new Set<string>()
      const client = yield* interceptedClient(async ({ input, perform }) => {
        if ("UpdateExpression" in input && input.Key?.["pk"]?.S === "t#c") {
          asked.add(JSON.stringify(input.ExpressionAttributeValues))
          throw throttled()
        }
        return perform()
      })
      const impeded = yield* driverThrough(client, { tableName, retryTimeout: 10 })
      const patch = { lastUpdatedAt: 10, leaseExpiresAt: 100, dueAt: null, worker: null, startedAt: 10 }
      const take = (driver: TaskDriver) =>
        Effect.map(
          driver.take?.(query(kind), patch) ?? Effect.succeed([]),
          (taken) => taken.map(({ task }) => task.taskId)
        )
      expect(yield* take(impeded)).toEqual(["a"])
      expect(asked.size).toBe(1)
      expect(yield* take(driver)).toEqual(["c"])
    }))

  describe("are asked for again in the next look", () => {
    const kind = kindNamed("work")
    const patch = { lastUpdatedAt: 10, leaseExpiresAt: null, dueAt: null, worker: null, startedAt: 10 }
    const active = { maxActive: 1, maxActivePerSession: null, whenMaxActive: "wait" } as const
    const bounds = { ...unlimited, active }
    const end = { status: "completed", lastUpdatedAt: 10 } as const

    const impediments: ReadonlyArray<{
      readonly name: string
      /** What happens before the claim, which goes on if nothing is thrown. */
      readonly meanwhile: (other: TaskDriver) => Promise<unknown>
      readonly afterwards: (other: TaskDriver) => Effect.Effect<unknown, TaskDriverError>
    }> = [
      {
        name: "though another process was faster to the seat",
        meanwhile: (other) => Effect.runPromise(other.insert(storedTask("other", { ...kind, ...patch }), bounds, 0)),
        afterwards: (other) => other.patch("other", anyone(10), { statuses: ["working"] }, end)
      },
      {
        name: "though the engine had no capacity before",
        meanwhile: () => Promise.reject(throttled()),
        afterwards: () => Effect.void
      }
    ]

    it.live.each(impediments)("$name", ({ afterwards, meanwhile }) =>
      Effect.gen(function*() {
        const tableName = yield* freshTable
        const other = yield* driverOn(tableName)
        // It waits, and so it takes no seat.
        yield* other.insert(storedTask("a", { ...kind, ...released }), unlimited, 0)
        let isImpeded = true
        const client = yield* interceptedClient(async ({ input, perform }) => {
          if (isImpeded && "TransactItems" in input) {
            await meanwhile(other)
            isImpeded = false
          }
          return perform()
        })
        const driver = yield* driverThrough(client, { tableName, retryTimeout: 10 })
        const take = Effect.map(
          driver.take?.({ ...query(kind), seats: active }, patch) ?? Effect.succeed([]),
          (taken) => taken.map(({ task }) => task.taskId)
        )
        yield* Effect.exit(take)
        yield* afterwards(other)
        isImpeded = false
        expect(yield* take).toEqual(["a"])
      }))
  })
})
