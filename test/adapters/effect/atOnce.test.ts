/** Calls of toolkits that end at once: nothing has to watch them. */
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { expect, onTestFinished, test, vi } from "vitest"
import * as McpTasks from "../../../src/adapters/effect/index.ts"
import * as TaskRunner from "../../../src/runner/index.ts"
import { toolCall } from "../../support/toolCall.ts"
import { memory } from "./servers.ts"

const optional = <Name extends string>(name: Name) =>
  Tool.make(name, { success: Schema.String }).annotate(McpTasks.TaskSupport, "optional")

const kit = Toolkit.make(optional("ends"), optional("waits"))

const handlers = kit.toLayer({
  ends: () => Effect.succeed("done"),
  waits: () => Effect.as(Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void))), "done")
})

/** Serves the toolkit, and gives how many timers a call of one of its tools sets. */
const serveTools = () => {
  const { dispose, handler } = HttpRouter.toWebHandler(
    McpTasks.layerHttp({
      name: "test",
      version: "1.0.0",
      path: "/mcp",
      protocols: [McpProtocol.v2026_07_28],
      registrations: Layer.provide(McpTasks.toolkit(kit), handlers),
      owner: McpTasks.anonymous,
      taskAfter: "1 minute"
    }).pipe(Layer.provide(TaskRunner.layer({ recovery: false })), Layer.provide(memory), Layer.orDie),
    { disableLogger: true }
  )
  onTestFinished(dispose)
  return async (name: string): Promise<number> => {
    const timers = vi.spyOn(globalThis, "setTimeout")
    try {
      const answer = await handler(toolCall(name, {}))
      expect(await answer.text()).toContain("\"structuredContent\":\"done\"")
      return timers.mock.calls.length
    } finally {
      timers.mockRestore()
    }
  }
}

test("a call of a toolkit that ends at once sets no timer, neither for its task nor for its stream", async () => {
  const timersOf = serveTools()
  await timersOf("ends")
  expect(await timersOf("ends")).toBe(0)
  expect(await timersOf("waits")).toBeGreaterThan(0)
})
