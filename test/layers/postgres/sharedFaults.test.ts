/** That a connection which is lost under a shared statement leaves each of its writes recognisable. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { makeDriver } from "../../../src/layers/PostgresTaskStorage.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"
import type { Behaviour } from "../faults/Behaviour.ts"
import { makeTcpProxy } from "../faults/tcpProxy.ts"
import { connect, open } from "./database.ts"
import { freshUrl } from "./engine.ts"
import { eventually } from "./eventually.ts"
import { atOnce, numbers } from "./together.ts"

const ids = numbers(20).map((index) => `t${index}`)

const paramsOf = (taskId: string) => ({ from: taskId })

/** A storage with one connection through a proxy, whose statements take a while once they are dawdling, and an onlooker. */
const setUp = Effect.gen(function*() {
  const url = new URL(yield* freshUrl)
  const proxy = yield* makeTcpProxy({ host: url.hostname, port: Number(url.port) })
  const onlooker = yield* open({ url: url.href })
  const sql = yield* connect(url.href)
  url.port = String(proxy.endpoint.port)
  const driver = yield* makeDriver({
    url: url.href,
    maxConnections: 1,
    statementTimeout: 2_000,
    connectTimeout: 1_000,
    notifications: false
  })
  const storage = yield* TaskStorage.fromDriver(driver, { maintenance: false })
  const dawdle = Effect.andThen(
    sql.unsafe(
      "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.6); RETURN NULL; END'"
    ),
    sql.unsafe(
      "CREATE TRIGGER dawdle BEFORE INSERT OR UPDATE ON mcp_tasks FOR EACH STATEMENT EXECUTE FUNCTION dawdle()"
    )
  )
  const sharedIsUnderWay = eventually(
    "a shared statement is under way",
    Effect.map(
      sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
        AND wait_event = 'PgSleep' AND query LIKE '%unnest%'`,
      (rows) => rows.length > 0
    )
  )
  const create = (taskId: string) =>
    storage.createTask({ originalMethod: "tools/call", taskId, originalParams: paramsOf(taskId) })
  const settle = (taskId: string) => storage.settleTask(taskId, { _tag: "Success", value: taskId })
  return {
    create,
    dawdle,
    hurry: sql.unsafe("DROP TRIGGER dawdle ON mcp_tasks"),
    onlooker,
    proxy,
    settle,
    sharedIsUnderWay,
    storage
  }
})

/** Asks again while there is no connection: that takes until the dead one is given up. */
const insistently = <A>(call: Effect.Effect<A, TaskStorageError>): Effect.Effect<A, TaskStorageError> =>
  Effect.catchTag(call, "TaskStorageUnavailable", () => Effect.andThen(realSleep(50), insistently(call)))

type World = Effect.Success<typeof setUp>

/** What becomes of the connection while a shared statement is under way, which happens all the same. */
const losses: ReadonlyArray<readonly [name: string, lose: (world: World) => Effect.Effect<void>]> = [
  ["its answer is lost, and then the connection", ({ proxy }) => loseAnswer(proxy, "cut")],
  ["its answer is lost, and nobody is told", ({ proxy }) => loseAnswer(proxy, "hang")],
  ["its connection is forgotten", ({ proxy }) => Effect.andThen(proxy.forget, realSleep(2_500))],
  ["its answer is cut in the middle", ({ proxy }) => cutAnswer(proxy)]
]

/** Until the answer that is under way has met it. */
const behaving = (proxy: World["proxy"], behaviour: Behaviour): Effect.Effect<void> =>
  Effect.gen(function*() {
    const before = yield* proxy.losses
    yield* proxy.behave(behaviour)
    yield* eventually("the answer is lost", Effect.map(proxy.losses, (losses) => losses > before))
    yield* proxy.behave({ _tag: "Pass" })
  })

const loseAnswer = (proxy: World["proxy"], after: "cut" | "hang") => behaving(proxy, { _tag: "LoseAnswers", after })

const cutAnswer = (proxy: World["proxy"]) => behaving(proxy, { _tag: "CutAfter", bytes: 30 })

const requireUnavailable = <A>(exit: Exit.Exit<A, TaskStorageError>) =>
  Effect.map(Effect.flip(exit), (error) => {
    if (error._tag !== "TaskStorageUnavailable") return assert.fail(error.message)
    assert.isTrue(error.retryable)
    return error
  })

// They mostly wait for limits of time.
for (const [name, lose] of losses) {
  describe.concurrent(`where ${name}`, () => {
    it.live("creations are known by their id", () =>
      Effect.gen(function*() {
        const world = yield* setUp
        yield* world.create("before")
        yield* world.dawdle
        const fibers = yield* Effect.forEach(ids, (id) => Effect.forkChild(Effect.exit(world.create(id))))
        yield* world.sharedIsUnderWay
        yield* lose(world)
        const [first, ...exits] = yield* Effect.forEach(fibers, Fiber.join)
        assert.isTrue(first !== undefined && Exit.isSuccess(first))
        for (const exit of exits) assert.strictEqual((yield* requireUnavailable(exit)).applied, "unknown")
        // The same storage goes on, and whoever asks again learns of its own write.
        yield* world.hurry
        const again = yield* atOnce(ids.slice(1).map((id) => Effect.exit(insistently(world.create(id)))))
        for (const [index, exit] of again.entries()) {
          assert.strictEqual((yield* Effect.flip(exit))._tag, "TaskAlreadyExists")
          const taskId = ids[index + 1] ?? ""
          const task = yield* world.onlooker.getTask(taskId)
          assert.deepInclude(Option.getOrThrow(task), { originalParams: paramsOf(taskId), revision: 1 })
        }
      }))

    it.live("settlements are known by their outcome", () =>
      Effect.gen(function*() {
        const world = yield* setUp
        yield* Effect.forEach(ids, world.create)
        yield* world.dawdle
        const fibers = yield* Effect.forEach(ids, (id) => Effect.forkChild(Effect.exit(world.settle(id))))
        yield* world.sharedIsUnderWay
        yield* lose(world)
        const [first, ...exits] = yield* Effect.forEach(fibers, Fiber.join)
        assert.isTrue(first !== undefined && Exit.isSuccess(first))
        for (const exit of exits) assert.strictEqual((yield* requireUnavailable(exit)).applied, "unknown")
        for (const id of ids) {
          const result = yield* world.onlooker.getTaskResult(id)
          assert.deepStrictEqual(Option.getOrThrow(result), { _tag: "Success", value: id })
        }
        yield* world.hurry
        const again = yield* atOnce(ids.map((id) => Effect.exit(insistently(world.settle(id)))))
        for (const exit of again) assert.strictEqual((yield* Effect.flip(exit))._tag, "ResultAlreadyStored")
      }))
  })
}

it.live("where no connection can be had, nothing has happened", () =>
  Effect.gen(function*() {
    const world = yield* setUp
    yield* world.create("before")
    yield* world.proxy.behave({ _tag: "Refuse" })
    yield* world.proxy.cut
    const exits = yield* atOnce(ids.map((id) => Effect.exit(world.create(id))))
    const errors = yield* Effect.forEach(exits, requireUnavailable)
    yield* world.proxy.behave({ _tag: "Pass" })
    for (const [index, { applied }] of errors.entries()) {
      const isThere = (yield* world.onlooker.getTask(ids[index] ?? ""))._tag === "Some"
      assert.isFalse(isThere)
      if (index > 0) assert.strictEqual(applied, "no")
    }
    yield* atOnce(ids.map((id) => insistently(world.create(id))))
  }))
