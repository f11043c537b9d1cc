/** What is kept of a task that stays in this process. */
import { assert, it, vi } from "@effect/vitest"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import { KeptTask } from "../../../src/domain/task/KeptTask.ts"
import { storedTask } from "../../layers/storedTask.ts"

it.each([
  ["of a small task what was shown is kept", 1_000, 1],
  ["a large task is not kept twice", 70_000, 2]
])("%s", (_, length, decodings) => {
  const params = StoredJson.fromText(JSON.stringify("x".repeat(length)))
  const decode = vi.spyOn(params, "decode")
  const kept = new KeptTask({ ...storedTask("a"), originalParams: params })
  assert.deepStrictEqual(kept.toPlain(), kept.toPlain())
  assert.strictEqual(decode.mock.calls.length, decodings)
})
