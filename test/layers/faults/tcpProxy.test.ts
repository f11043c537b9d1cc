/** That the proxy of the fault tests does to connections what it says. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"
import { setTimeout } from "node:timers/promises"
import type { Behaviour, Endpoint } from "./Behaviour.ts"
import { makeTcpProxy } from "./tcpProxy.ts"

/** A server that remembers what it was sent, and sends it back. */
const echo: Effect.Effect<{ readonly endpoint: Endpoint; readonly heard: () => string }, never, Scope.Scope> = Effect
  .gen(
    function*() {
      let heard = ""
      const sockets = new Set<Socket>()
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.on("error", () => undefined)
        socket.on("data", (chunk) => {
          heard += String(chunk)
          socket.write(chunk)
        })
      })
      server.listen(0, "127.0.0.1")
      yield* Effect.promise(() => once(server, "listening"))
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          for (const socket of sockets) socket.destroy()
          server.close()
        })
      )
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      return { endpoint: { host: "127.0.0.1", port }, heard: () => heard }
    }
  )

/** Sends a text and gives what came back within a time, and whether the connection was ended. */
const exchange = async (socket: Socket, text: string, milliseconds = 200) => {
  let answer = ""
  const take = (chunk: Buffer) => {
    answer += String(chunk)
  }
  socket.on("data", take)
  socket.write(text)
  await setTimeout(milliseconds)
  socket.off("data", take)
  return { answer, ended: socket.destroyed || socket.readableEnded }
}

const opened = (endpoint: Endpoint) =>
  Effect.acquireRelease(
    Effect.sync(() => connect(endpoint).on("error", () => undefined)),
    (socket) => Effect.sync(() => socket.destroy())
  )

const scene = Effect.gen(function*() {
  const server = yield* echo
  const proxy = yield* makeTcpProxy(server.endpoint)
  const socket = yield* opened(proxy.endpoint)
  const say = (text: string, milliseconds?: number) => Effect.promise(() => exchange(socket, text, milliseconds))
  assert.deepStrictEqual(yield* say("1"), { answer: "1", ended: false })
  return { ...server, proxy, say }
})

describe("the proxy", () => {
  const lose = (after: "hang" | "cut"): Behaviour => ({ _tag: "LoseAnswers", after })

  it.live("resets new connections and lets the open ones be", () =>
    Effect.gen(function*() {
      const { heard, proxy, say } = yield* scene
      yield* proxy.behave({ _tag: "Refuse" })
      const refused = yield* opened(proxy.endpoint)
      assert.deepStrictEqual(yield* Effect.promise(() => exchange(refused, "x")), { answer: "", ended: true })
      assert.deepStrictEqual(yield* say("2"), { answer: "2", ended: false })
      assert.strictEqual(heard(), "12")
      yield* proxy.behave({ _tag: "Pass" })
      const other = yield* opened(proxy.endpoint)
      assert.deepStrictEqual(yield* Effect.promise(() => exchange(other, "3")), { answer: "3", ended: false })
    }))

  it.live("cuts", () =>
    Effect.gen(function*() {
      const { heard, proxy, say } = yield* scene
      yield* proxy.cut
      assert.deepStrictEqual(yield* say("2"), { answer: "", ended: true })
      assert.strictEqual(heard(), "1")
    }))

  it.live("is late, and keeps the order", () =>
    Effect.gen(function*() {
      const { proxy, say } = yield* scene
      yield* proxy.behave({ _tag: "Delay", milliseconds: 400 })
      assert.deepStrictEqual(yield* say("2"), { answer: "", ended: false })
      yield* proxy.behave({ _tag: "Pass" })
      assert.deepStrictEqual(yield* say("3", 1000), { answer: "23", ended: false })
    }))

  it.live("loses answers to what got through, and then hangs", () =>
    Effect.gen(function*() {
      const { heard, proxy, say } = yield* scene
      yield* proxy.behave(lose("hang"))
      assert.deepStrictEqual(yield* say("2"), { answer: "", ended: false })
      yield* proxy.behave({ _tag: "Pass" })
      yield* proxy.cut
      assert.deepStrictEqual(yield* say("3"), { answer: "", ended: false })
      assert.strictEqual(heard(), "123")
    }))

  it.live("loses answers to what got through, and then cuts", () =>
    Effect.gen(function*() {
      const { heard, proxy, say } = yield* scene
      yield* proxy.behave(lose("cut"))
      assert.deepStrictEqual(yield* say("2"), { answer: "", ended: false })
      yield* proxy.behave({ _tag: "Pass" })
      assert.deepStrictEqual(yield* say("3"), { answer: "", ended: true })
      assert.strictEqual(heard(), "12")
    }))

  it.live("forgets the connections that are open, and lets new ones through", () =>
    Effect.gen(function*() {
      const { heard, proxy, say } = yield* scene
      const other = yield* opened(proxy.endpoint)
      yield* Effect.promise(() => exchange(other, "2"))
      yield* proxy.forget
      assert.deepStrictEqual(yield* say("3"), { answer: "", ended: false })
      yield* proxy.cut
      other.end("4")
      assert.deepStrictEqual(yield* say("5"), { answer: "", ended: false })
      assert.isFalse(other.readableEnded)
      const fresh = yield* opened(proxy.endpoint)
      assert.deepStrictEqual(yield* Effect.promise(() => exchange(fresh, "6")), { answer: "6", ended: false })
      assert.strictEqual(heard(), "126")
    }))

  it.live("drops what connections carry, and lets none through but those that are opened afterwards", () =>
    Effect.gen(function*() {
      const { heard, proxy, say } = yield* scene
      yield* proxy.behave({ _tag: "Drop" })
      assert.deepStrictEqual(yield* say("2"), { answer: "", ended: false })
      const opening = yield* opened(proxy.endpoint)
      assert.deepStrictEqual(yield* Effect.promise(() => exchange(opening, "3")), { answer: "", ended: false })
      yield* proxy.behave({ _tag: "Pass" })
      yield* proxy.cut
      assert.deepStrictEqual(yield* say("4"), { answer: "", ended: false })
      assert.deepStrictEqual(yield* Effect.promise(() => exchange(opening, "5")), { answer: "", ended: false })
      const fresh = yield* opened(proxy.endpoint)
      assert.deepStrictEqual(yield* Effect.promise(() => exchange(fresh, "6")), { answer: "6", ended: false })
      assert.strictEqual(heard(), "16")
    }))

  it.live("cuts in the middle of an answer", () =>
    Effect.gen(function*() {
      const { heard, proxy, say } = yield* scene
      yield* proxy.behave({ _tag: "CutAfter", bytes: 3 })
      assert.deepStrictEqual(yield* say("23456"), { answer: "234", ended: true })
      assert.strictEqual(heard(), "123456")
    }))
})
