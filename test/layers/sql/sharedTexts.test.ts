/** That methods and names, which many rows have in common, are those of their rows. */
import { expect, test } from "vitest"
import { readShared } from "../../../src/layers/sql/TaskTables.ts"

const textOf = (value: string) => JSON.stringify(value)

test("a text is parsed once, however many rows have it", () => {
  expect(readShared(textOf("tools/call"))).toBe(readShared(textOf("tools/call")))
  expect(readShared(textOf("tools/call")).decode()).toBe("tools/call")
  expect(readShared(textOf("tools/call"))).toMatchObject({ text: textOf("tools/call"), bytes: 12 })
})

test("texts of one length and ending do not take the place of each other", () => {
  for (const value of ["report_a", "import_a", "report_a", "\\", "a", "\"", ""]) {
    expect(readShared(textOf(value)).decode()).toBe(value)
  }
})

test("a long text is not kept", () => {
  const text = textOf("x".repeat(300))
  expect(readShared(text)).not.toBe(readShared(text))
  expect(readShared(text).text).toBe(text)
})

test("what is no text is refused, and what is no JSON once it is decoded", () => {
  expect(() => readShared(5)).toThrow("expected text")
  for (const text of ["", "\"", "sealed"]) expect(() => readShared(text).decode()).toThrow()
})
