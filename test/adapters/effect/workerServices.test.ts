/** That tools have in a worker what a request would have given them: services of middleware, of the principal. */
import { assert, describe, it } from "@effect/vitest"
import * as McpSchema from "effect/ai/McpSchema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { modern, taskIdOf } from "../../support/wire.ts"
import { serve } from "./server.ts"
import { bothRevisions, memory } from "./servers.ts"

class CurrentUser extends Context.Service<CurrentUser, { readonly name: string; readonly from: string }>()(
  "test/CurrentUser"
) {}

const WhoAmI = Tool.make("who_am_i", {
  parameters: Tool.EmptyParams,
  success: Schema.String,
  dependencies: [CurrentUser, McpSchema.McpRequestContext]
}).annotate(McpTasks.TaskSupport, "optional")

const Kit = Toolkit.make(WhoAmI)

const handlers = Kit.toLayer({
  who_am_i: Effect.fnUntraced(function*() {
    const { from, name } = yield* CurrentUser
    const { clientInfo } = yield* McpSchema.McpRequestContext
    return `${name}, by the ${from}, with ${clientInfo?.name}`
  })
})

const authentication = HttpRouter.middleware<{ provides: CurrentUser }>()((handler) =>
  Effect.flatMap(
    HttpServerRequest.HttpServerRequest,
    ({ headers }) =>
      Effect.provideService(handler, CurrentUser, { name: headers["x-user"] ?? "nobody", from: "request" })
  )
)

const Principal = Schema.Struct({ name: Schema.String })

const Server = McpTasks.layerHttp({
  name: "test",
  version: "1.0.0",
  path: "/mcp",
  protocols: bothRevisions,
  registrations: McpTasks.toolkit(Kit, {
    workerServices: (principal) =>
      Schema.decodeUnknownEffect(Principal)(principal).pipe(
        Effect.map(({ name }) => Context.make(CurrentUser, { name, from: "worker" })),
        Effect.mapError(() => ({ code: -32001, message: "No principal" }))
      )
  }).pipe(Layer.provide(handlers)),
  // Services of the router's middleware are there for these two as well.
  owner: CurrentUser.useSync(({ name }) => name),
  principal: CurrentUser.useSync(({ name }) => name === "carl" ? {} : { name })
}).pipe(
  Layer.provide(authentication.layer),
  Layer.provide(TaskRunner.layer({ shutdownTimeout: 10 })),
  Layer.provide(memory)
)

describe("services of requests", () => {
  it.live("are made anew for a task, of its principal", () =>
    Effect.gen(function*() {
      const url = yield* serve(Server)
      const inline = yield* modern(url, { user: "ann", capabilities: {} }).tool("who_am_i")
      assert.strictEqual(inline.result.structuredContent, "ann, by the request, with test")
      const client = modern(url, { user: "ann" })
      const done = yield* client.until(taskIdOf(yield* client.tool("who_am_i")), "completed")
      assert.strictEqual(done.result.result.structuredContent, "ann, by the worker, with test")
      const carl = modern(url, { user: "carl" })
      const failed = yield* carl.until(taskIdOf(yield* carl.tool("who_am_i")), "failed")
      assert.deepStrictEqual(failed.result.error, { code: -32001, message: "No principal" })
    }))
})
