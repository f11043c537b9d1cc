/** That the parts of a request are decoded once on their way through Effect's server, and each request is decoded as what it is. */
// @effect-diagnostics anyUnknownInErrorContext:off the types that Effect gives its adapters
import { assert, describe, it } from "@effect/vitest"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { decodingOnce } from "../../../src/adapters/effect/decodingOnce.ts"
import { requestOf } from "../../../src/adapters/effect/effectSeams.ts"

const requestFor = (text: string) => ({
  name: "render",
  arguments: { text },
  _meta: {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": { extensions: { "io.modelcontextprotocol/tasks": {} } },
    progressToken: text
  }
})

const own = McpProtocol.v2026_07_28
const { clientRpcs, payloadCodecs, runtime } = decodingOnce(own)

/** What Effect's server decodes, in its order: who asks, whether the request is right, and the request for its handler. */
const who = runtime.profileFromRequestMetadata
const check = payloadCodecs(requestOf(clientRpcs, "tools/call")).decode
const forHandler = check

const metaOf = (payload: unknown) => Predicate.hasProperty(payload, "_meta") ? payload._meta : undefined

describe("decoding of requests", () => {
  it.effect("happens once", () =>
    Effect.gen(function*() {
      const raw = requestFor("one")
      const { requestMetadata } = yield* who(raw._meta)
      const checked = yield* check(raw)
      assert.deepEqual(checked, raw)
      assert.strictEqual(metaOf(checked), requestMetadata)
      assert.strictEqual(yield* forHandler(raw), checked)
    }))

  it.effect("gives to each of several requests at once what is its own", () =>
    Effect.gen(function*() {
      const one = requestFor("one")
      const other = requestFor("other")
      yield* who(one._meta)
      yield* who(other._meta)
      yield* check(one)
      yield* check(other)
      assert.deepEqual(yield* forHandler(one), one)
      assert.deepEqual(yield* forHandler(other), other)
      assert.deepEqual(yield* forHandler(one), one)
    }))

  it.effect("refuses what is wrong, as the adapter does", () =>
    Effect.gen(function*() {
      const wrong = { ...requestFor("one"), name: 1 }
      const expected = yield* Effect.flip(own.payloadCodecs(requestOf(own.clientRpcs, "tools/call")).decode(wrong))
      assert.strictEqual(String(yield* Effect.flip(check(wrong))), String(expected))
      assert.strictEqual(String(yield* Effect.flip(forHandler(wrong))), String(expected))
    }))
})
