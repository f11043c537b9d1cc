/** Some tools that the scenarios ask for which are not about tasks, as any server of Effect has them. */
import * as McpSchema from "effect/ai/McpSchema"
import * as McpServer from "effect/ai/McpServer"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { inputSchema, text } from "../tools.ts"

const pixel = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64"
)

const image = { type: "image" as const, mimeType: "image/png", data: new Uint8Array(pixel) }
const audio = {
  type: "audio" as const,
  mimeType: "audio/wav",
  data: new Uint8Array(Buffer.from("UklGRiQAAABXQVZF", "base64"))
}
const resource = {
  type: "resource" as const,
  resource: { uri: "test://embedded", mimeType: "text/plain", text: "This is an embedded resource content." }
}
const plain = { type: "text" as const, text: "This is a simple text response for testing." }

const result = (...content: McpSchema.CallToolResult["content"]) => new McpSchema.CallToolResult({ content })

const asksForName = Effect.map(
  McpSchema.McpRequestContext,
  ({ inputResponses }) =>
    inputResponses?.["user_name"] !== undefined ? text("Hello, Alice!") : new McpSchema.InputRequired({
      inputRequests: {
        user_name: {
          method: "elicitation/create",
          params: {
            mode: "form",
            message: "What is your name?",
            requestedSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] }
          }
        }
      },
      requestState: "asked"
    })
)

const simple = Layer.effectDiscard(Effect.gen(function*() {
  const server = yield* McpServer.McpServer
  const answers = {
    test_simple_text: Effect.succeed(result(plain)),
    test_image_content: Effect.succeed(result(image)),
    test_audio_content: Effect.succeed(result(audio)),
    test_embedded_resource: Effect.succeed(result(resource)),
    test_multiple_content_types: Effect.succeed(result(plain, image, resource)),
    test_error_handling: Effect.fail(
      new McpSchema.InternalError({ message: "This tool intentionally returns an error for testing" })
    ),
    test_input_required_result_elicitation: asksForName
  }
  for (const [name, answer] of Object.entries(answers)) {
    yield* server.addTool({
      tool: new McpSchema.Tool({ name, description: name, inputSchema }),
      annotations: Context.empty(),
      handle: () => answer
    })
  }
}))

/** What these ask goes through the client that Effect makes for a request, beside which there is one for tasks. */
const Kit = Toolkit.make(
  Tool.make("test_sampling", {
    description: "Asks the model of the client",
    parameters: Schema.Struct({ prompt: Schema.String }),
    success: Schema.String,
    dependencies: [McpSchema.McpServerClient]
  }),
  Tool.make("test_elicitation", {
    description: "Asks the user of the client",
    parameters: Schema.Struct({ message: Schema.String }),
    success: Schema.String,
    dependencies: [McpSchema.McpServerClient]
  })
)

const handlers = Kit.toLayer({
  test_sampling: Effect.fnUntraced(
    function*({ prompt }) {
      const { getClient } = yield* McpSchema.McpServerClient
      const client = yield* getClient
      const { content } = yield* client.createMessage({
        messages: [{ role: "user", content: { type: "text", text: prompt } }],
        maxTokens: 100
      })
      return `LLM response: ${JSON.stringify(content)}`
    },
    Effect.scoped,
    Effect.orDie
  ),
  test_elicitation: Effect.fnUntraced(function*({ message }) {
    const schema = Schema.Struct({ username: Schema.String, email: Schema.String })
    return JSON.stringify(yield* McpServer.elicit({ message, schema }))
  }, Effect.orDie)
})

const legacyOnly = McpServer.middleware<{ provides: McpSchema.McpServerClient }>()((handled) =>
  Effect.flatMap(Effect.serviceOption(McpSchema.McpServerClient), (client) =>
    client._tag === "Some"
      ? Effect.provideService(handled, McpSchema.McpServerClient, client.value)
      : Effect.fail(new McpSchema.InvalidParams({ message: "This tool needs a session" })))
)

export const commonTools = Layer.mergeAll(
  simple,
  McpServer.toolkit(Kit).pipe(Layer.provide(handlers), Layer.provide(legacyOnly.layer))
)
