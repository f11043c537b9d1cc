/** That Effect's MCP server has the shapes that this library leans on, and that a version which has not says so. */
import { assert, describe, it } from "@effect/vitest"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  deriveProtocol,
  fieldsOf,
  rawClient,
  requestOf,
  wrapToolHandlers
} from "../../../src/adapters/effect/effectSeams.ts"

const moved = /mcp-task-storage\/mcp does not fit this version of Effect: .+ is not where it was in effect 4\.1/

const requests = {
  "2026-07-28": ["server/discover", "tools/call", "tools/list", "subscriptions/listen"],
  "2025-11-25": ["initialize", "tools/call", "tools/list"]
}

/** Installs the handlers of an adapter, derived of it with nothing new, and gives what came to the server. */
const installed = (
  adapter: McpProtocol.ProtocolAdapter,
  methods: ReadonlyArray<string>,
  serverInfo: unknown,
  core: unknown = { tools: { call: () => Effect.void } }
) =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const derived = deriveProtocol(adapter, {
      requests: [],
      notifications: [],
      answerEarly: () => () => undefined,
      handlers: (find) => {
        methods.forEach(find)
        return { "tasks/get": () => Effect.succeed({}) }
      }
    })
    // @effect-diagnostics-next-line anyUnknownInErrorContext:off the type that Effect gives it
    yield* derived.installHandlers(core, {}, {
      context: serverInfo,
      install: (_protocol: unknown, _requests: unknown, handlers: object) =>
        Effect.sync(() => {
          seen.push(...Object.keys(handlers))
        })
    }).pipe(
      Effect.updateContext((services: Context.Context<never>) => Context.makeUnsafe<unknown>(services.mapUnsafe))
    )
    return seen
  })

const context = { serverInfo: { name: "test", version: "1" }, supportedVersions: [], registrationPresence: Effect.void }

describe("what this library leans on in Effect", () => {
  for (const adapter of [McpProtocol.v2026_07_28, McpProtocol.v2025_11_25]) {
    const methods = requests[adapter.protocolVersion]

    it.effect(`is in the adapter of ${adapter.protocolVersion}`, () =>
      Effect.gen(function*() {
        for (const method of methods) requestOf(adapter.clientRpcs, method)
        assert.containsAllKeys(
          fieldsOf(requestOf(adapter.clientRpcs, "tools/call").payloadSchema, "the payload of tools/call"),
          ["_meta", "name", "arguments"]
        )
        assert.includeMembers(yield* installed(adapter, methods, context), [...methods, "tasks/get"])
      }))
  }

  it.effect("is in the context of a toolkit", () =>
    Effect.gen(function*() {
      const kit = Toolkit.make(Tool.make("tool", { parameters: Tool.EmptyParams, success: Schema.String }))
      const handlers = yield* kit.toHandlers({ tool: () => Effect.succeed("done") })
      let wrapped = 0
      const counting = <A, E, R>(handled: Effect.Effect<A, E, R>) =>
        Effect.suspend(() => {
          wrapped++
          return handled
        })
      const built = yield* Effect.provideContext(kit, wrapToolHandlers(kit.tools, handlers, counting))
      yield* Stream.runDrain(Stream.unwrap(built.handle("tool", {})))
      assert.strictEqual(wrapped, 1)
      const services = new Map(handlers.mapUnsafe)
      for (const key of services.keys()) services.set(key, "moved")
      assert.throws(() => wrapToolHandlers(kit.tools, { ...handlers, mapUnsafe: services }, counting), moved)
    }))

  it.effect("is missed with a message that says what is not where it was", () =>
    Effect.gen(function*() {
      const adapter = McpProtocol.v2026_07_28
      assert.throws(() => requestOf(adapter.clientRpcs, "tools/invoke"), moved)
      assert.throws(() => fieldsOf(Schema.String, "a payload"), moved)
      const client = { listRoots: () => Effect.never, createMessage: () => Effect.never, elicit: () => Effect.never }
      assert.throws(() => rawClient(client), moved)
      const defectOf = (effect: ReturnType<typeof installed>) =>
        Effect.map(Effect.sandbox(effect).pipe(Effect.flip), (cause) => String(cause))
      assert.match(yield* defectOf(installed(adapter, ["tools/invoke"], context)), moved)
      assert.match(yield* defectOf(installed(adapter, [], {})), moved)
      assert.match(yield* defectOf(installed(adapter, [], context, {})), moved)
    }))
})
