/** What a program without a compiler gets wrong when it makes a server: Node runs TypeScript without checking it. */
import { assert, describe, it } from "@effect/vitest"
import { McpProtocol, McpSchema } from "effect/ai"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Stdio from "effect/Stdio"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import { InvalidInput } from "../../../src/domain/task/TaskError.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { memory } from "./servers.ts"

const services = Layer.mergeAll(TaskRunner.layer({ shutdownTimeout: 10 }), HttpRouter.layer, Stdio.layerTest({}))
  .pipe(Layer.provideMerge(memory))

const server = { name: "test", version: "1.0.0", protocols: [McpProtocol.v2026_07_28] } as const
const http = { ...server, path: "/mcp", owner: McpTasks.anonymous } as const

const built = <A, E>(layer: Layer.Layer<A, E, Layer.Success<typeof services>>) =>
  Layer.build(layer).pipe(Effect.asVoid, Effect.scoped, Effect.provide(services))

/** Each layer with options that are wrong beside such as are right. */
const layers = {
  layerHttp: (wrong: object) => built(McpTasks.layerHttp(Object.assign({}, http, wrong))),
  layerHttpRequestScoped: (wrong: object) => built(McpTasks.layerHttpRequestScoped(Object.assign({}, http, wrong))),
  layerStdio: (wrong: object) => built(McpTasks.layerStdio(Object.assign({}, server, wrong)))
}

const overHttp = [
  [{ owner: undefined }, "owner", "must be an effect that gives the id of a user, or `McpTasks.anonymous`"],
  [{ owner: () => "ann" }, "owner", "must be an effect that gives the id of a user, or `McpTasks.anonymous`"],
  [{ ownr: McpTasks.anonymous }, "ownr", "is not an option; did you mean owner?"]
] as const

const everywhere = [
  [{ defaultTtI: 1000 }, "defaultTtI", "is not an option; did you mean defaultTtl?"],
  [{ pollIntervall: 1000 }, "pollIntervall", "is not an option; did you mean pollInterval?"],
  [{ registration: Layer.empty }, "registration", "is not an option; did you mean registrations?"],
  [{ principal: "ann" }, "principal", "must be an effect"],
  [{ limits: { requestBytes: -1 } }, "limits.requestBytes", "must be a positive integer"],
  [{ limits: { storedTask: 1 } }, "limits.storedTask", "is not an option; did you mean storedTasks?"],
  [{ limits: false }, "limits", "must be an object of limits, in which null stands for no limit"]
] as const

const cases = [
  ...everywhere.map((wrong) => ["layerStdio", ...wrong] as const),
  ["layerStdio", { path: "/mcp" }, "path", "is not an option"] as const,
  ["layerHttpRequestScoped", { allowSubscriptions: true }, "allowSubscriptions", "is not an option"] as const,
  ...(["layerHttp", "layerHttpRequestScoped"] as const).flatMap((layer) =>
    [...overHttp, ...everywhere].map((wrong) => [layer, ...wrong] as const)
  )
]

const inputSchema = { type: "object", properties: {} } as const

const wrongTools: ReadonlyArray<readonly [wrong: object, field: string, reason: string]> = [
  [{ taskSuport: "required" }, "taskSuport", "is not an option; did you mean taskSupport?"],
  [{ prepar: () => Effect.void }, "prepar", "is not an option; did you mean prepare?"],
  [{ taskSupport: "always" }, "taskSupport", "must be one of"],
  [{ lostWorker: { maxAttempt: 3 } }, "lostWorker.maxAttempt", "is not an option; did you mean maxAttempts?"],
  [
    { tool: new McpSchema.Tool({ name: "n".repeat(256), inputSchema }) },
    "name",
    "must be a string of 1 to 255 characters"
  ]
]

describe("the options of a server", () => {
  it.effect.each(cases)("%s refuses %o", ([layer, wrong, field, reason]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(layers[layer](wrong))
      assert.instanceOf(error, InvalidInput)
      if (error._tag !== "InvalidInput") return
      assert.strictEqual(error.field, field)
      assert.include(error.reason, reason)
    }))

  it.effect.each(wrongTools)("of a tool: %o is refused", ([wrong, field, reason]) =>
    Effect.gen(function*() {
      const tool = new McpSchema.Tool({ name: "tool", inputSchema })
      const right = { tool, handle: () => Effect.succeed(new McpSchema.CallToolResult({ content: [] })) }
      const added = Layer.effectDiscard(McpTasks.addTool(Object.assign({}, right, wrong)))
      const error = yield* layers.layerStdio({ registrations: added }).pipe(
        Effect.matchCause({ onFailure: Cause.squash, onSuccess: () => undefined })
      )
      assert.instanceOf(error, InvalidInput)
      assert.propertyVal(error, "field", field)
      assert.include(String(error), reason)
    }))

  it.effect("is what Effect takes, and what tasks have beside it", () =>
    Effect.gen(function*() {
      yield* layers.layerHttp({
        allowSessionTermination: true,
        allowSubscriptions: true,
        allowedOrigins: [],
        description: "Reports",
        limits: { openStreams: 5, requestBytes: 1000, storedTasks: null },
        principal: Effect.succeed("ann"),
        taskSupport: "required"
      })
      yield* layers.layerHttpRequestScoped({ allowedOrigins: [], limits: { requestBytes: null }, inputOnPoll: true })
    }))
})
