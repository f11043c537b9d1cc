/**
 * Values that are not what an argument has to be.
 *
 * @since 0.2.0
 */

/** What is no id of a task, a session or a worker. */
export const badIds: ReadonlyArray<unknown> = [
  "",
  "x".repeat(256),
  "a\u0000",
  "\n",
  "\u007f",
  "\u0085",
  "\ud800",
  "\udc00x",
  undefined,
  null,
  1,
  {},
  ["a"]
]

/** What is no duration. */
export const badDurations: ReadonlyArray<unknown> = [
  -1,
  0.5,
  NaN,
  Infinity,
  "soon",
  "1 parsec",
  [],
  true,
  2 ** 53,
  1n << 80n
]

/** What is no time. */
export const badTimes: ReadonlyArray<unknown> = ["2026-01-01T00:00:00Z", 0, null, {}, { epochMilliseconds: 0.5 }, {
  epochMilliseconds: NaN
}, { epochMilliseconds: 8.64e15 + 1 }]

/** What is no status. */
export const badStatuses: ReadonlyArray<unknown> = ["", "done", "Working", null, 1, {}]

/** What is no text. */
export const badTexts: ReadonlyArray<unknown> = [1, {}, true, []]

/** What is no object of named values. */
export const badMaps: ReadonlyArray<unknown> = [1, "x", [], [1], true, new Map()]

/** What is no outcome. */
export const badOutcomes: ReadonlyArray<unknown> = [
  undefined,
  null,
  1,
  "Success",
  {},
  { _tag: "Nothing" },
  { _tag: "Success" },
  { _tag: "Success", value: undefined },
  { _tag: "Error" },
  { _tag: "Error", code: 1.5, message: "m" },
  { _tag: "Error", code: "1", message: "m" },
  { _tag: "Error", code: 1 },
  { _tag: "Error", code: 1, message: 2 },
  { _tag: "Error", code: NaN, message: "m" },
  { _tag: "Error", code: 1, message: "m", data: 1n },
  {
    get _tag(): never {
      throw new Error("secret")
    }
  },
  {
    _tag: "Success",
    get value(): never {
      throw new Error("secret")
    }
  }
]

/** What is no positive integer. */
export const badCounts: ReadonlyArray<unknown> = [0, -1, 1.5, NaN, Infinity, "1", null, {}, 2 ** 53]
