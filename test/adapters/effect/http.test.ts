/** What HTTP adds: bounds on what is read, and clients that wait long, or go. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { once } from "node:events"
import { createConnection } from "node:net"
import { patiently } from "../../../src/adapters/effect/patientRouter.ts"
import type { SessionTasks } from "../../../src/domain/service/TaskOperations.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import { legacy, modern, taskIdOf } from "../../support/wire.ts"
import { memory, serveUsers } from "./servers.ts"

const user = { user: "ann" }
const comment = ": keepalive\n\n"
const megabyte = 1024 * 1024

/** A storage whose tasks of an owner are looked at from outside. */
const observed = (wrap: (tasks: SessionTasks) => SessionTasks) =>
  Layer.effect(
    TaskStorage,
    Effect.map(
      TaskStorage,
      (storage) => TaskStorage.of({ ...storage, forSession: (id) => wrap(storage.forSession(id)) })
    )
  ).pipe(Layer.provide(memory))

describe("over HTTP", () => {
  it.live("a request that is too large is refused before anybody asks whose it is", () =>
    Effect.gen(function*() {
      const url = yield* serveUsers(memory)
      const post = (body: string | ReadableStream<Uint8Array>) =>
        Effect.promise(() =>
          fetch(url, {
            method: "POST",
            headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
            body,
            ...(body instanceof ReadableStream ? { duplex: "half" } : {})
          }).then(({ status }) => status, () => 413)
        )
      const large = "[".repeat(5 * megabyte)
      assert.strictEqual(yield* post(large), 413)
      const chunks = Array.from({ length: 5 }, () => new TextEncoder().encode("[".repeat(megabyte)))
      assert.strictEqual(yield* post(ReadableStream.from(chunks)), 413)
      assert.notStrictEqual(yield* post(`"${"x".repeat(3 * megabyte)}"`), 413)
    }))

  it.live("a request that says that it is too large is refused before any of it has come", () =>
    Effect.gen(function*() {
      const { hostname, pathname, port } = new URL(yield* serveUsers(memory))
      const socket = createConnection(Number(port), hostname)
      yield* Effect.addFinalizer(() => Effect.sync(() => socket.destroy()))
      const headers = `host: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${5 * megabyte}`
      socket.write(`POST ${pathname} HTTP/1.1\r\n${headers}\r\n\r\n`)
      const [answer] = yield* Effect.promise(() => once(socket, "data")).pipe(Effect.timeout("60 seconds"))
      assert.match(String(answer), /^HTTP\/1.1 413 /)
    }))

  it.live("tasks/result sends its headers at once", () =>
    Effect.gen(function*() {
      const client = yield* legacy(yield* serveUsers(memory), user)
      const taskId = taskIdOf(yield* client.task("slow_compute", { seconds: 60 }))
      // It says nothing more once it has begun.
      yield* Effect.sleep("300 millis")
      const startedAt = performance.now()
      const stream = yield* client.open("tasks/result", { taskId })
      assert.isBelow(performance.now() - startedAt, 5000)
      yield* client.call("tasks/cancel", { taskId })
      const answer = yield* Effect.repeat(stream.next, { until: ({ method }) => method === undefined })
      assert.strictEqual(answer.error?.code, -32603)
    }))

  it.effect("a stream that waits says something every now and then", () =>
    Effect.gen(function*() {
      const said = yield* Effect.scoped(Effect.gen(function*() {
        const response = yield* patiently(Effect.as(Effect.sleep("40 seconds"), HttpServerResponse.text("{}")))
        assert.strictEqual(response.body._tag, "Stream")
        return response.body._tag === "Stream"
          ? yield* Stream.orDie(response.body.stream).pipe(
            Stream.map((bytes) => new TextDecoder().decode(bytes)),
            Stream.runCollect
          )
          : []
      })).pipe(Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(said), [comment, comment, comment, "data: {}\n\n"])
    }))

  it.live("nothing is read any more for clients that went away", () =>
    Effect.gen(function*() {
      let watching = 0
      const counted = observed((tasks) => ({
        ...tasks,
        changes: (taskId) =>
          Stream.unwrap(Effect.sync(() => {
            watching++
            return Stream.ensuring(tasks.changes(taskId), Effect.sync(() => watching--))
          }))
      }))
      const client = yield* legacy(yield* serveUsers(counted), user)
      const taskId = taskIdOf(yield* client.task("slow_compute", { seconds: 60 }))
      const clients = yield* Effect.forEach(Array.from({ length: 20 }), () => client.open("tasks/result", { taskId }), {
        concurrency: "unbounded"
      })
      const areWatched = (count: number) =>
        Effect.sync(() => watching).pipe(
          Effect.repeat({ until: (watching) => watching === count, schedule: Schedule.spaced("20 millis") }),
          Effect.timeout("60 seconds")
        )
      yield* areWatched(20)
      yield* Effect.forEach(clients, ({ close }) => close)
      yield* areWatched(0)
    }))

  it.live("a listener that does not read costs a few notifications, and not all of them", () =>
    Effect.gen(function*() {
      let reads = 0
      const counted = observed((tasks) => ({
        ...tasks,
        getTask: (taskId) => Effect.suspend(() => (reads++, tasks.getTask(taskId)))
      }))
      const storage = yield* Effect.map(Layer.build(counted), Context.get(TaskStorage))
      const own = storage.forSession("ann")
      const taskIds = yield* Effect.forEach(Array.from({ length: 60 }), () =>
        Effect.gen(function*() {
          const { taskId } = yield* own.createTask({ originalMethod: "tools/call" })
          const content = [{ type: "text", text: "x".repeat(megabyte) }]
          yield* own.settleTask(taskId, { _tag: "Success", value: { content } })
          return taskId
        }))
      const client = modern(yield* serveUsers(Layer.succeed(TaskStorage, storage)), user)
      yield* client.open("subscriptions/listen", { notifications: { taskIds } })
      yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => reads > 0 })
      yield* Effect.sleep("1500 millis")
      assert.isBelow(reads, 30)
    }))
})
