/** The page on Effect's router. */
import { NodeHttpServer } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { HttpRouter, HttpServer } from "effect/http"
import * as Layer from "effect/Layer"
import { TaskStorage } from "mcp-task-storage"
import { type DashboardOptions, layerDashboard } from "mcp-task-storage/dashboard"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { createServer } from "node:http"
import { until } from "../../support/until.ts"

const storage = MemoryTaskStorage.layer({ maintenance: false })

const origin = HttpServer.addressFormattedWith((address) => Effect.succeed(address.replace("0.0.0.0", "127.0.0.1")))

const serving = (path: `/${string}`, options?: DashboardOptions) =>
  HttpRouter.serve(layerDashboard(path, options), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" })),
    Layer.provideMerge(storage)
  )

it.live.each(["/", "/ops/tasks"] as const)("stands at %s", (path) =>
  Effect.gen(function*() {
    const tasks = yield* TaskStorage
    const { taskId } = yield* tasks.createTask({ originalMethod: "tools/call" })
    const page = `${yield* origin}${path === "/" ? "/" : `${path}/`}`
    const get = (path: string) => Effect.promise(() => fetch(page + path))
    assert.strictEqual((yield* get("")).status, 200)
    assert.include(yield* Effect.promise(async () => (await fetch(`${page}-/tasks`)).text()), taskId)
    assert.strictEqual((yield* get("-/nothing")).status, 404)
    if (path !== "/") {
      const bare = yield* Effect.promise(() => fetch(page.slice(0, -1), { redirect: "manual" }))
      assert.strictEqual(bare.headers.get("location"), "./tasks/")
    }
  }).pipe(Effect.provide(serving(path))))

it.live("refuses an option that it cannot use as it is built", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(Layer.build(serving("/", { token: "short" })))
    assert.deepInclude(error, { _tag: "InvalidInput", field: "token" })
  }).pipe(Effect.scoped))

it.live("ends a stream when its browser leaves", () =>
  Effect.gen(function*() {
    const page = yield* origin
    for (let count = 0; count < 3; count++) {
      const leaving = new AbortController()
      yield* Effect.promise(async () => {
        await until(async () => {
          const response = await fetch(`${page}/-/live/tasks`, { signal: leaving.signal })
          if (response.status === 200) await response.body?.getReader().read()
          return response.status === 200
        })
        leaving.abort()
      })
    }
  }).pipe(Effect.provide(serving("/", { maxStreams: 1 }))))
