/** Tasks over standard input and output, in a process of their own. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { freshFile } from "../../layers/sqlite/database.ts"
import { decodeMessage, type Message } from "../../support/wire.ts"

const script = fileURLToPath(new URL("stdioServer.ts", import.meta.url))

type Params = { readonly [key: string]: unknown }

const start = (filename: string) =>
  Effect.gen(function*() {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, ["--conditions=mcp-task-storage-source", script, filename], {
          stdio: ["pipe", "pipe", "inherit"]
        })
      ),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const waiting = new Array<Message>()
    /** Messages that are not what somebody looks for are kept for whoever does. */
    const next = (isIt: (message: Message) => boolean): Promise<Message> => {
      const index = waiting.findIndex(isIt)
      const [found] = index < 0 ? [] : waiting.splice(index, 1)
      if (found !== undefined) return Promise.resolve(found)
      return lines.next().then(({ done, value }) => {
        if (done === true) throw new Error("The server ended")
        waiting.push(decodeMessage(value))
        return next(isIt)
      })
    }
    const send = (message: Params) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
    let id = 0
    return {
      /** Closes the input of the server; gives how it ended. */
      close: Effect.promise(() =>
        new Promise<unknown>((resolve) => {
          child.once("exit", (code, signal) => resolve(signal ?? code))
          child.stdin.end()
        })
      ),
      next: (isIt: (message: Message) => boolean) => Effect.promise(() => next(isIt)),
      notify: (method: string) => Effect.sync(() => send({ method })),
      respond: (request: Message, result: unknown) => Effect.sync(() => send({ id: request.id, result })),
      begin: (method: string, params: Params) =>
        Effect.sync(() => {
          send({ id: ++id, method, params })
          const own = id
          return Effect.promise(() => next((message) => message.id === own && message.method === undefined))
        })
    }
  })

const initialize = {
  protocolVersion: "2025-11-25",
  clientInfo: { name: "test", version: "1" },
  capabilities: { elicitation: {} }
}

describe("stdio", () => {
  it.live("creates, asks, lists and cancels in revision 2025-11-25, over restarts", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      const taskId = yield* Effect.scoped(Effect.gen(function*() {
        const server = yield* start(filename)
        const call = (method: string, params: Params) => Effect.flatten(server.begin(method, params))
        const initialized = yield* call("initialize", initialize)
        assert.deepStrictEqual(initialized.result.capabilities.tasks.list, {})
        yield* server.notify("notifications/initialized")
        const name = "confirm_delete"
        const { result } = yield* call("tools/call", { name, arguments: { filename: "a.txt" }, task: {} })
        const { taskId } = result.task
        const answer = yield* server.begin("tasks/result", { taskId })
        const request = yield* server.next(({ method }) => method === "elicitation/create")
        yield* server.respond(request, { action: "accept", content: { confirm: true } })
        assert.strictEqual((yield* answer).result.content[0].text, "deleted a.txt")
        return taskId
      }))
      const server = yield* start(filename)
      const call = (method: string, params: Params) => Effect.flatten(server.begin(method, params))
      yield* call("initialize", initialize)
      yield* server.notify("notifications/initialized")
      const listed = yield* call("tasks/list", {})
      assert.deepStrictEqual(listed.result.tasks.map((task: { taskId: string }) => task.taskId), [taskId])
      assert.strictEqual((yield* call("tasks/cancel", { taskId })).error?.code, -32602)
    }))

  it.live("tells of the progress of a task to the client that asked for it", () =>
    Effect.gen(function*() {
      const server = yield* start(":memory:")
      const call = (method: string, params: Params) => Effect.flatten(server.begin(method, params))
      yield* call("initialize", initialize)
      yield* server.notify("notifications/initialized")
      const slow = { name: "slow_compute", arguments: { seconds: 1 }, task: {}, _meta: { progressToken: "p" } }
      const { result } = yield* call("tools/call", slow)
      assert.strictEqual(result.task.status, "working")
      const { params } = yield* server.next(({ method }) => method === "notifications/progress")
      assert.deepStrictEqual(params, { progressToken: "p", progress: 1, message: "sleeping for 1 s" })
    }))

  it.live("ends when its client goes, whatever it was asked", () =>
    Effect.gen(function*() {
      const server = yield* start(":memory:")
      const call = (method: string, params: Params) => Effect.flatten(server.begin(method, params))
      yield* call("initialize", initialize)
      yield* server.notify("notifications/initialized")
      const name = "confirm_delete"
      const { result } = yield* call("tools/call", { name, arguments: { filename: "a.txt" }, task: {} })
      const waiting = yield* server.begin("tasks/result", { taskId: result.task.taskId })
      yield* server.next(({ method }) => method === "elicitation/create")
      yield* Effect.forkChild(Effect.ignoreCause(waiting))
      // Effect interrupts the program of a server whose input has ended.
      assert.strictEqual(yield* Effect.timeout(server.close, "30 seconds"), 130)
    }))

  it.live("speaks revision 2026-07-28, without headers", () =>
    Effect.gen(function*() {
      const server = yield* start(":memory:")
      const call = (method: string, params: Params) =>
        Effect.flatten(server.begin(method, {
          ...params,
          _meta: {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": { extensions: { "io.modelcontextprotocol/tasks": {} } }
          }
        }))
      const created = yield* call("tools/call", { name: "slow_compute", arguments: { seconds: 60 } })
      const { taskId } = created.result
      yield* call("tasks/cancel", { taskId })
      assert.strictEqual((yield* call("tasks/get", { taskId })).result.status, "cancelled")
    }))
})
