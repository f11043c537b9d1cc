/**
 * One owner does his worst, and the server answers another one within the usual time, and keeps its memory: on all three servers, in
 * each revision that they have.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import type { TasksLimits } from "../../../src/protocol/TasksOptions.ts"
import { freshFile, open } from "../../layers/sqlite/database.ts"
import type { BehaviourServer, Revision } from "../../protocol/behaviours/BehaviourServer.ts"
import { effectServer } from "../../protocol/behaviours/effectServer.ts"
import { requireLimit } from "../../protocol/behaviours/requireLimit.ts"
import { sdkV1Server } from "../../protocol/behaviours/sdkV1Server.ts"
import { sdkV2Server } from "../../protocol/behaviours/sdkV2Server.ts"
import { behaviourTools } from "../../protocol/behaviours/tools.ts"
import { usedBytes } from "../../runner/usedBytes.ts"
import { unreadRequest } from "../../support/unreadRequest.ts"
import { type Answer, legacy, modern, taskIdOf } from "../../support/wire.ts"

const megabyte = 1024 * 1024

const limits = {
  activeTasks: 20,
  openStreams: 5,
  blockedResults: 5,
  requestBytes: megabyte,
  answerKeys: 100
} satisfies TasksLimits

/** A client of one owner, in either revision. */
interface Client {
  readonly create: (tool: string, args?: { readonly text: string }) => Effect.Effect<Answer>
  readonly get: (taskId: string) => Effect.Effect<Answer>
  /** The request that stays open as long as the task runs: its headers and its message. */
  readonly wait: (taskId: string) => { readonly headers: Record<string, string>; readonly message: unknown }
  /** The same, read to its end, which is a refusal. */
  readonly waitInVain: (taskId: string) => Effect.Effect<Answer>
  readonly waiting: "openStreams" | "blockedResults"
  /** Answers with more than anybody asked, where answers come in requests. */
  readonly answer?: (taskId: string) => Effect.Effect<Answer>
}

const connect: { readonly [Name in Revision]: (url: string, user: string) => Effect.Effect<Client> } = {
  "2025-11-25": (url, user) =>
    Effect.map(legacy(url, { user }), (client) => ({
      create: (tool, args) => client.task(tool, args),
      get: (taskId) => client.call("tasks/get", { taskId }),
      wait: (taskId) => client.envelope("tasks/result", { taskId }),
      waitInVain: (taskId) => client.call("tasks/result", { taskId }),
      waiting: "blockedResults"
    })),
  "2026-07-28": (url, user) =>
    Effect.sync(() => {
      const client = modern(url, { user })
      const inputResponses = Object.fromEntries(Array.from({ length: 5_000 }, (_, key) => [key, { action: "decline" }]))
      const listen = ["subscriptions/listen", (taskId: string) => ({ notifications: { taskIds: [taskId] } })] as const
      return {
        create: (tool, args) => client.tool(tool, args),
        get: client.get,
        wait: (taskId) => client.envelope(listen[0], listen[1](taskId)),
        waitInVain: (taskId) => client.call(listen[0], listen[1](taskId)),
        waiting: "openStreams",
        answer: (taskId) => client.call("tasks/update", { taskId, inputResponses })
      }
    })
}

/** The server may close the connection of a request that it does not read. */
const times = (count: number, request: Effect.Effect<Answer>) =>
  Effect.forEach(Array.from({ length: count }), () => Effect.exit(request), { concurrency: 16, discard: true })

/** Floods a server from several sessions: with tasks, with requests that wait and are not read, with large bodies and many answers. */
const attack = Effect.fnUntraced(function*(url: string, clients: ReadonlyArray<Client>) {
  const text = "x".repeat(250_000)
  const large = { text: "x".repeat(2 * megabyte) }
  yield* Effect.forEach(clients, (client) =>
    Effect.gen(function*() {
      const taskId = taskIdOf(yield* client.create("slow"))
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          Array.from({ length: 60 }, () => {
            const { headers, message } = client.wait(taskId)
            return unreadRequest(url, headers, JSON.stringify(message))
          })
        ),
        (sockets) => Effect.sync(() => sockets.forEach((socket) => socket.destroy()))
      )
      yield* times(80, client.create("slow", { text }))
      yield* times(5, client.create("slow", large))
      if (client.answer !== undefined) yield* times(10, client.answer(taskId))
    }), { concurrency: "unbounded" })
})

/** How many milliseconds a task takes to be created and read. */
const timeOf = (client: Client) =>
  Effect.gen(function*() {
    const startedAt = performance.now()
    const taskId = taskIdOf(yield* client.create("greet"))
    const { error } = yield* client.get(taskId)
    assert.isUndefined(error)
    return performance.now() - startedAt
  })

const quantile = (times: ReadonlyArray<number>, part: number): number =>
  times.toSorted((left, right) => left - right)[Math.floor(times.length * part)] ?? Infinity

/** Milliseconds in which others were answered, and usually are. */
class SlowAnswers extends Data.TaggedError("SlowAnswers")<{
  readonly times: ReadonlyArray<number>
  readonly usual: ReadonlyArray<number>
}> {}

/**
 * With floors, since the usual time is a few milliseconds. There are few answers, so that the second one is for the slowest: it came as
 * all requests of the attack did, which this very process sends.
 */
const areUsual = ({ times, usual }: Pick<SlowAnswers, "times" | "usual">) =>
  quantile(times, 0.5) <= Math.max(300, 10 * quantile(usual, 0.5)) &&
  quantile(times, 0.9) <= Math.max(3000, 20 * quantile(usual, 0.9))

const cases: ReadonlyArray<readonly [BehaviourServer, Revision]> = [effectServer, sdkV1Server, sdkV2Server]
  .flatMap((server) => server.revisions.map((revision) => [server, revision] as const))

describe("while one owner does his worst", () => {
  for (const [server, revision] of cases) {
    it.live(`${server.name} answers others as usual, in ${revision}`, () =>
      Effect.gen(function*() {
        const filename = yield* freshFile
        const storage = yield* open({ filename })
        const url = yield* server.start(filename, behaviourTools, limits)
        const bob = yield* connect[revision](url, "bob")
        const worst = yield* Effect.all([connect[revision](url, "mallory"), connect[revision](url, "mallory")])
        const usual = yield* Effect.replicateEffect(timeOf(bob), 20)
        const before = yield* usedBytes

        const attacking = yield* Effect.forkChild(attack(url, worst))
        const times: Array<number> = []
        while (attacking.pollUnsafe() === undefined) times.push(yield* timeOf(bob))
        yield* Fiber.join(attacking)

        assert.isAtMost(((yield* usedBytes) - before) / megabyte, 25)
        assert.strictEqual(yield* storage.forSession("mallory").taskCount(), limits.activeTasks)
        for (const { create, waitInVain, waiting } of worst) {
          requireLimit(yield* create("slow"), "activeTasks", limits.activeTasks)
          const { tasks: [task] } = yield* storage.forSession("mallory").listTaskSummaries({ limit: 1 })
          const refused = waitInVain(task?.taskId ?? "").pipe(Effect.timeout("30 seconds"))
          requireLimit(yield* refused, waiting, limits[waiting])
        }
        return { times, usual }
      }).pipe(
        Effect.scoped,
        Effect.filterOrFail(areUsual, (measured) => new SlowAnswers(measured)),
        // What else runs on the machine may take a moment away, and not three.
        Effect.retry({ times: 2 }),
        Effect.provide(Logger.layer([]))
      ), 120_000)
  }
})
