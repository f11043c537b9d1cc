/** What does not compile. */
// @effect-diagnostics missingLayerContext:off it says the same of what is expected not to compile
import { assert, it } from "@effect/vitest"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as McpServer from "effect/ai/McpServer"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { memory } from "./servers.ts"

class CurrentUser extends Context.Service<CurrentUser, { readonly name: string }>()("test/CurrentUser") {}

const Slow = Tool.make("slow", {
  parameters: Tool.EmptyParams,
  success: Schema.String,
  dependencies: [TaskRunner.TaskContext]
}).annotate(McpTasks.TaskSupport, "optional")
const Who = Tool.make("who", { parameters: Tool.EmptyParams, success: Schema.String, dependencies: [CurrentUser] })

const slow = Toolkit.make(Slow)
const who = Toolkit.make(Who)
const handlers = Layer.mergeAll(
  slow.toLayer({ slow: () => Effect.succeed("done") }),
  who.toLayer({ who: () => CurrentUser.useSync(({ name }) => name) })
)

const server = { name: "test", version: "1", path: "/mcp", protocols: [McpProtocol.v2026_07_28] } as const

/** A layer that a router alone completes. */
const complete = <A, E>(layer: Layer.Layer<A, E, HttpRouter.HttpRouter>) => layer

const withRunner = Layer.provide(Layer.provideMerge(TaskRunner.layer(), memory))

it("compiles and does not, as it should", () => {
  const registrations = McpTasks.toolkit(slow).pipe(Layer.provide(handlers))
  complete(McpTasks.layerHttp({ ...server, registrations, owner: McpTasks.anonymous }).pipe(withRunner))

  // @ts-expect-error whose a task is has to be said on HTTP
  McpTasks.layerHttp({ ...server, registrations })
  // @ts-expect-error a task needs a server that knows of tasks
  complete(McpServer.layerHttp({ ...server, registrations }).pipe(withRunner))
  // @ts-expect-error a server with tasks needs a storage and a runner
  complete(McpTasks.layerHttp({ ...server, registrations, owner: McpTasks.anonymous }))

  const plain = McpServer.toolkit(slow).pipe(Layer.provide(handlers))
  // @ts-expect-error TaskContext is there for tools that McpTasks.toolkit registers
  complete(McpTasks.layerHttp({ ...server, registrations: plain, owner: McpTasks.anonymous }).pipe(withRunner))

  // @ts-expect-error a worker has no request that provides CurrentUser
  McpTasks.toolkit(who)
  const workers = McpTasks.toolkit(who, {
    workerServices: () => Effect.succeed(Context.make(CurrentUser, { name: "worker" }))
  }).pipe(Layer.provide(handlers))
  // @ts-expect-error nor has a request one, where no middleware provides it
  complete(McpTasks.layerHttp({ ...server, registrations: workers, owner: McpTasks.anonymous }).pipe(withRunner))

  const owner = CurrentUser.useSync(({ name }) => name)
  // @ts-expect-error what the owner takes from a request has to be provided too
  complete(McpTasks.layerHttp({ ...server, registrations, owner }).pipe(withRunner))
  assert.isDefined(owner)
})
