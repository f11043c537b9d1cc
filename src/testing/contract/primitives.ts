/**
 * What the primitives of a driver promise beyond what the operations show.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { StoredKinds } from "../../domain/driver/KindDriver.ts"
import type { FreeKindsQuery, StoredKind } from "../../domain/driver/TaskDriver.ts"
import { StoredJson } from "../../domain/json/StoredJson.ts"
import { equal, hasFields } from "./check.ts"
import type { ContractGroup } from "./ContractCase.ts"
import { driverCase, primitive } from "./driverCase.ts"
import { bury, createIn, longLease, mustGet, register, success } from "./fixtures.ts"

/** A kind as plain data. */
const plain = ({ name, originalMethod }: StoredKind) => [originalMethod.decode(), name?.decode() ?? null] as const

const kind: StoredKind = { originalMethod: StoredJson.fromString("tools/call"), name: null }

/**
 * @since 0.2.0
 * @category suite
 */
export const primitivesGroup: ContractGroup = {
  subject: "primitives",
  cases: [
    driverCase(
      "freeKinds gives the kinds of free tasks, each once, by the bytes of their texts",
      (world, drivers) =>
        Effect.gen(function*() {
          const { clock, first } = world
          const worker = yield* register(first, longLease)
          const free = [["tools/call", "b"], ["tools/call", "a"], ["tools/call", null], ["prompts/get", "\u{10000}"], [
            "prompts/get",
            "\uffee"
          ]] as const
          for (const [index, [originalMethod, name]] of [...free, ...free].entries()) {
            const fields = { originalMethod, lease: 0, ...(name === null ? {} : { name }), sessionId: `s${index}` }
            yield* createIn(first, `free-${index}`, "working", fields)
          }
          yield* createIn(first, "held", "working", { name: "held", worker })
          yield* createIn(first, "leased", "working", { name: "leased", lease: 10 })
          yield* createIn(first, "delayed", "working", { name: "delayed", delay: 10 })
          yield* createIn(first, "nobody's", "working", { name: "nobody's" })
          yield* createIn(first, "asks", "input_required", { name: "asks", lease: 0 })
          yield* createIn(first, "expired", "working", { name: "expired", lease: 0, ttl: 5 })
          yield* createIn(first, "ended", "working", { name: "ended", lease: 0 })
          yield* first.settleTask("ended", success)
          yield* clock.advance(5)
          const now = clock.currentTimeMillisUnsafe()
          const kinds = yield* primitive(drivers.second.freeKinds({ freeBy: now, now, limit: 100 }))
          // The texts are JSON in ASCII, so that a surrogate comes before what is not one.
          const sorted = [free[3], free[4], free[2], free[1], free[0]]
          yield* equal("kinds", kinds.map(plain), sorted)
          const two = yield* primitive(drivers.first.freeKinds({ freeBy: now, now, limit: 2 }))
          yield* equal("two of them", two.map(plain), sorted.slice(0, 2))
          yield* clock.advance(5)
          const later = { freeBy: now + 5, now: now + 5, limit: 100 }
          const names = (yield* primitive(drivers.second.freeKinds(later))).map((found) => plain(found)[1])
          yield* equal("once they are free", names.filter((name) => name === "leased" || name === "delayed"), [
            "delayed",
            "leased"
          ])
          const released = yield* primitive(drivers.second.freeKinds({ ...later, freeBy: 0 }))
          yield* equal("of what was released", released.map(plain), sorted)
        })
    ),

    driverCase(
      "freeKinds gives the kinds that are meant, whatever others there are before, between and behind them",
      ({ clock, first }, drivers) =>
        Effect.gen(function*() {
          const jsonOf = (text: string) => StoredJson.fromString(text)
          const kindOf = (method: string, name?: string | null): StoredKinds => ({
            originalMethod: jsonOf(method),
            name: typeof name === "string" ? jsonOf(name) : name
          })
          for (const originalMethod of ["m", "n", "o"]) {
            for (const name of [undefined, "a", "b", "c", "d"]) {
              const fields = { originalMethod, lease: 0, ...(name === undefined ? {} : { name }) }
              yield* createIn(first, `${originalMethod} ${name}`, "working", fields)
            }
          }
          yield* first.pauseTasks({ method: "o", name: "b" })
          const now = clock.currentTimeMillisUnsafe()
          const time = { freeBy: now, now }
          const list = (query: Omit<FreeKindsQuery, "freeBy" | "now">) =>
            Effect.map(
              primitive(drivers.second.freeKinds({ ...time, ...query })),
              (found) => found.map(plain).map(([method, name]) => `${method}${name === null ? "" : ` ${name}`}`)
            )
          const some = [
            kindOf("m", "b"),
            kindOf("m", "bb"),
            kindOf("m", "d"),
            kindOf("n"),
            kindOf("o", null),
            kindOf("o", "c")
          ]
          const found = ["m b", "m d", "n", "n a", "n b", "n c", "n d", "o", "o c"]
          yield* equal("some", yield* list({ kinds: some, limit: 100 }), found)
          yield* equal("as many as are asked for", yield* list({ kinds: some, limit: 4 }), found.slice(0, 4))
          yield* equal("none", yield* list({ kinds: [], limit: 100 }), [])
          yield* equal("one at the end", yield* list({ kinds: [kindOf("o", "d")], limit: 1 }), ["o d"])
          yield* equal("one that is paused", yield* list({ kinds: [kindOf("o", "b")], limit: 1 }), [])
          yield* equal("a method", yield* list({ kinds: [kindOf("o")], limit: 100 }), ["o", "o a", "o c", "o d"])
          yield* equal("what has no name", yield* list({ kinds: [kindOf("n", null)], limit: 100 }), ["n"])
          yield* equal(
            "what nobody has created",
            yield* list({
              kinds: [
                kindOf(""),
                kindOf("m", ""),
                kindOf("m", "e"),
                kindOf("p")
              ],
              limit: 100
            }),
            []
          )
          const behind = (method: string, name: string | null, kinds?: FreeKindsQuery["kinds"]) =>
            list({
              behind: { originalMethod: jsonOf(method), name: name === null ? null : jsonOf(name) },
              kinds,
              limit: 3
            })
          yield* equal("behind one", yield* behind("m", "c"), ["m d", "n", "n a"])
          yield* equal("behind one that there is not", yield* behind("m", "bb"), ["m c", "m d", "n"])
          yield* equal("behind what has no name", yield* behind("n", null), ["n a", "n b", "n c"])
          yield* equal("behind the last one", yield* behind("o", "d"), [])
          yield* equal("some behind one of them", yield* behind("m", "b", some), ["m d", "n", "n a"])
          yield* equal("some behind another one", yield* behind("m", "c", some), ["m d", "n", "n a"])
          yield* equal("some in the middle of a method", yield* behind("n", "b", some), ["n c", "n d", "o"])
          yield* equal("some behind the last of them", yield* behind("o", "c", some), [])
        })
    ),

    driverCase("free gives what is told of a task", ({ clock, first }, drivers) =>
      Effect.gen(function*() {
        const now = clock.currentTimeMillisUnsafe()
        yield* createIn(first, "a", "working", { delay: 5, sessionId: "s" })
        yield* createIn(first, "b", "working", { lease: 5, sessionId: "s" })
        yield* createIn(first, "c", "working", { lease: 0 })
        const query = { kind, behind: undefined, except: [], perSession: 2, limit: 10 }
        const found = yield* primitive(drivers.second.free({ ...query, freeBy: now + 5, now: now + 5 }))
        const told = found.map(({ attempt, dueAt, leaseExpiresAt, sessionId, taskId }) =>
          [taskId, sessionId, attempt, leaseExpiresAt, dueAt] as const
        )
        yield* equal("tasks", told, [["c", null, 0, 0, null], ["a", "s", 0, now + 5, now + 5], [
          "b",
          "s",
          1,
          now + 5,
          null
        ]])
        const early = yield* primitive(drivers.second.free({ ...query, freeBy: now + 4, now: now + 4 }))
        yield* equal("a moment before", early.map(({ taskId }) => taskId), ["c"])
      })),

    driverCase("release ends the hold on as many tasks as it may", (world, drivers) =>
      Effect.gen(function*() {
        const { clock, first, second } = world
        const [one, two] = [yield* register(first, longLease), yield* register(first, longLease)]
        for (const taskId of ["a", "b", "c"]) yield* createIn(first, taskId, "working", { worker: one })
        yield* createIn(first, "other", "working", { worker: two })
        const leaseExpiresAt = clock.currentTimeMillisUnsafe()
        const release = (workerId: string | undefined, limit: number) =>
          primitive(drivers.second.workers.release({ workerId, leaseExpiresAt, limit }))
        yield* equal("of the dead", yield* release(undefined, 10), 0)
        yield* equal("two", yield* release(one, 2), 2)
        yield* equal("free", (yield* second.claimableTasks()).length, 2)
        yield* equal("the rest", yield* release(one, 2), 1)
        yield* equal("no more", yield* release(one, 2), 0)
        yield* hasFields("of another", yield* mustGet(first, "other"), { revision: 1, worker: two })
        yield* bury(world, two)
        yield* equal("of the dead then", yield* release(undefined, 10), 1)
      })),

    driverCase("a guard on a lease that has run out lets nobody write to a task that was released, waits or is held", (
      world,
      drivers
    ) =>
      Effect.gen(function*() {
        const { clock, first } = world
        const worker = yield* register(first, longLease)
        const holds = {
          left: { lease: 5 },
          released: { lease: 0 },
          due: { delay: 5 },
          delayed: { delay: 50 },
          leased: { lease: 50 },
          held: { worker },
          free: {}
        }
        for (const [taskId, hold] of Object.entries(holds)) yield* createIn(first, taskId, "working", hold)
        yield* clock.advance(5)
        const now = clock.currentTimeMillisUnsafe()
        const patch = (taskId: string) =>
          primitive(
            drivers.second.patch(
              taskId,
              { now, session: undefined },
              { leaseExpiredBy: now },
              { lastUpdatedAt: now, pollInterval: 7 }
            )
          )
        for (const taskId of Object.keys(holds)) {
          const { _tag } = yield* patch(taskId)
          yield* equal(taskId, _tag, taskId === "left" ? "Patched" : "Rejected")
        }
      })),

    driverCase("no dead worker is removed that holds a task", (world, drivers) =>
      Effect.gen(function*() {
        const { clock, first } = world
        const [one, two] = [yield* register(first, longLease), yield* register(first, longLease)]
        yield* createIn(first, "one", "working", { worker: one })
        yield* bury(world, one)
        yield* bury(world, two)
        const later = clock.currentTimeMillisUnsafe() + 1
        yield* equal("swept", yield* primitive(drivers.second.workers.removeDead(later, 10)), 1)
        yield* equal("left", (yield* first.listWorkers()).map(({ worker }) => worker.workerId), [one])
        yield* first.claimTask("one", { lease: 1 })
        yield* equal("too early", yield* primitive(drivers.first.workers.removeDead(0, 10)), 0)
        yield* equal("once it holds none", yield* primitive(drivers.second.workers.removeDead(later, 10)), 1)
        yield* equal("workers", yield* first.listWorkers(), [])
      })),

    driverCase("dead workers are removed and declared as many as may be", (world, drivers) =>
      Effect.gen(function*() {
        const { clock, first } = world
        for (let count = 0; count < 5; count++) yield* register(first, { lease: 1 })
        yield* clock.advance(1)
        const at = clock.currentTimeMillisUnsafe()
        const declare = (limit: number) =>
          primitive(drivers.first.workers.declareDead({ expiredBy: at, at, except: undefined, limit }))
        const [some, rest] = [yield* declare(2), yield* declare(10)]
        yield* equal("declared", [some.length, rest.length, new Set([...some, ...rest]).size], [2, 3, 5])
        yield* equal("removed", yield* primitive(drivers.second.workers.removeDead(at + 1, 2)), 2)
        yield* equal("removed then", yield* primitive(drivers.second.workers.removeDead(at + 1, 10)), 3)
      })),

    driverCase("workers are listed behind one of them", ({ first }, drivers) =>
      Effect.gen(function*() {
        const ids: Array<string> = []
        for (let count = 0; count < 5; count++) ids.push(yield* register(first, longLease))
        const sorted = ids.toSorted()
        const list = (behind: string | undefined, limit: number) =>
          Effect.map(
            primitive(drivers.second.workers.list({ behind, limit })),
            (found) => found.map(({ worker }) => worker.workerId)
          )
        yield* equal("the first two", yield* list(undefined, 2), sorted.slice(0, 2))
        yield* equal("the next two", yield* list(sorted[1], 2), sorted.slice(2, 4))
        yield* equal("the rest", yield* list(sorted[3], 2), sorted.slice(4))
        yield* equal("behind the last", yield* list(sorted[4], 2), [])
      }))
  ]
}
