/** What was opened lately is given to nobody who could not open it, and takes bounded room. */
import { expect, test } from "vitest"
import { RecentTexts } from "../../../src/layers/sealed/RecentTexts.ts"
import { SealingKey } from "../../../src/layers/sealed/SealingKey.ts"

const key = new SealingKey(new Uint8Array(32).fill(1))
const place = { taskId: "one", field: "result" }

test("a text is given to the one with its key, in its place", () => {
  const recent = new RecentTexts()
  recent.set(key, "sealed", place, "text")
  expect(recent.get(key, "sealed", place)).toBe("text")
  expect(recent.get(new SealingKey(new Uint8Array(32).fill(1)), "sealed", place)).toBeUndefined()
  expect(recent.get(key, "sealed", { ...place, taskId: "two" })).toBeUndefined()
  expect(recent.get(key, "sealed", { ...place, field: "meta" })).toBeUndefined()
  expect(recent.get(key, "other", place)).toBeUndefined()
  const tail = "the same end of two texts"
  recent.set(key, `one ${tail}`, place, "text")
  expect(recent.get(key, `two ${tail}`, place)).toBeUndefined()
})

test("the oldest are forgotten, and the largest are not kept", () => {
  const recent = new RecentTexts()
  const text = "x".repeat(50_000)
  for (let index = 0; index < 200; index++) recent.set(key, `${text} of the task ${1_000 + index}`, place, text)
  const kept = Array.from(
    { length: 200 },
    (_, index) => recent.get(key, `${text} of the task ${1_000 + index}`, place) !== undefined
  )
  expect(kept.filter(Boolean)).toHaveLength(79)
  expect(kept.lastIndexOf(false)).toBe(120)
  recent.set(key, "y".repeat(200_000), place, text)
  expect(recent.get(key, "y".repeat(200_000), place)).toBeUndefined()
})
