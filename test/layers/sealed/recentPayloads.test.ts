/** What was opened lately is given to nobody who could not open it, and takes bounded room. */
import { expect, test } from "vitest"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import { RecentPayloads } from "../../../src/layers/sealed/RecentPayloads.ts"
import { SealingKey } from "../../../src/layers/sealed/SealingKey.ts"

const key = new SealingKey(new Uint8Array(32).fill(1))
const place = { taskId: "one", field: "result" }
const opened = (text: string) => StoredJson.opened(text, text.length)

test("a payload is given to the one with its key, in its place", () => {
  const recent = new RecentPayloads()
  const payload = opened("1")
  recent.set(key, "sealed", place, payload)
  expect(recent.get(key, "sealed", place)).toBe(payload)
  expect(recent.get(new SealingKey(new Uint8Array(32).fill(1)), "sealed", place)).toBeUndefined()
  expect(recent.get(key, "sealed", { ...place, taskId: "two" })).toBeUndefined()
  expect(recent.get(key, "sealed", { ...place, field: "meta" })).toBeUndefined()
  expect(recent.get(key, "other", place)).toBeUndefined()
})

test("a place has the last payload that was sealed or opened there, and takes room for one", () => {
  const recent = new RecentPayloads()
  const text = "x".repeat(50_000)
  const [kept, large] = [opened("1"), opened(text)]
  recent.set(key, "other", { ...place, taskId: "two" }, kept)
  for (let index = 0; index < 1_000; index++) recent.set(key, `${text}${index}`, place, large)
  expect(recent.get(key, `${text}998`, place)).toBeUndefined()
  expect(recent.get(key, `${text}999`, place)).toBe(large)
  expect(recent.get(key, "other", { ...place, taskId: "two" })).toBe(kept)
})

test("the oldest are forgotten, and the largest are not kept", () => {
  const recent = new RecentPayloads()
  const text = "x".repeat(50_000)
  const placeOf = (index: number) => ({ ...place, taskId: `task ${index}` })
  for (let index = 0; index < 400; index++) recent.set(key, text, placeOf(index), opened(text))
  const kept = Array.from({ length: 400 }, (_, index) => recent.get(key, text, placeOf(index)) !== undefined)
  // Eighty make a half: what was opened counts twice.
  expect(kept.lastIndexOf(false)).toBe(242)
  expect(kept.filter(Boolean)).toHaveLength(157)
  recent.set(key, "y".repeat(200_000), place, opened(text))
  expect(recent.get(key, "y".repeat(200_000), place)).toBeUndefined()
})
