import { describe, expect, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { wholeRange } from "../../../src/domain/driver/TaskRange.ts"
import { type CursorQuery, decodeCursor, encodeCursor } from "../../../src/domain/operations/TaskCursor.ts"
import { TaskId } from "../../../src/domain/task/TaskId.ts"
import { TaskStatus } from "../../../src/domain/task/TaskStatus.ts"

const Filter = Schema.Struct({
  session: Schema.UndefinedOr(Schema.NullOr(TaskId)),
  status: Schema.UndefinedOr(TaskStatus)
})
const queryOf = (
  { session, status }: { readonly session: string | null | undefined; readonly status: TaskStatus | undefined }
): CursorQuery => ({
  session,
  filter: { range: { ...wholeRange, statuses: status === undefined ? undefined : [status] }, search: undefined }
})
const ofSession = (session: string | null | undefined) => queryOf({ session, status: undefined })
const Position = Schema.Struct({ createdAt: Schema.Int, taskId: TaskId })

describe("TaskCursor", () => {
  it.prop("reads the position it wrote", [Filter, Position], ([filter, position]) => {
    const query = queryOf(filter)
    const read = Result.getOrThrow(decodeCursor(query, encodeCursor(query, position)))
    expect(read).toEqual({ ...position, createdAt: position.createdAt + 0 })
  })

  it.prop("is bound to its query", [Filter, Filter, Position], ([query, other, position]) => {
    const decoded = decodeCursor(queryOf(other), encodeCursor(queryOf(query), position))
    const same = query.session === other.session && query.status === other.status
    expect(Result.isSuccess(decoded)).toBe(same)
  })

  it("tells apart all tasks, the tasks of no session, and a session named like either", () => {
    const sessions = [undefined, null, "null", "undefined", "0", "s"]
    const position = { createdAt: 1, taskId: "a" }
    for (const session of sessions) {
      for (const other of sessions) {
        const cursor = encodeCursor(ofSession(session), position)
        expect(Result.isSuccess(decodeCursor(ofSession(other), cursor))).toBe(session === other)
      }
    }
  })

  it("writes the cursors of earlier versions for what those could ask", () => {
    const position = { createdAt: 1_000, taskId: "a" }
    const written = [ofSession(undefined), ofSession("s"), queryOf({ session: null, status: "failed" })]
    expect(written.map((query) => encodeCursor(query, position))).toEqual([
      "MXlsNGoxeC4xMDAwLmE",
      "MWRnZTlyNi4xMDAwLmE",
      "bm1ueWpwLjEwMDAuYQ"
    ])
  })

  it("refuses a position that its query never comes to", () => {
    const bounded = (createdAfter: number, createdBefore: number): CursorQuery => ({
      session: undefined,
      filter: { range: { ...wholeRange, createdAfter, createdBefore }, search: undefined }
    })
    for (const [createdAt, isWithin] of [[1, false], [2, true], [3, true], [4, false]] as const) {
      const query = bounded(2, 4)
      const decoded = decodeCursor(query, encodeCursor(query, { createdAt, taskId: "a" }))
      expect(Result.isSuccess(decoded), String(createdAt)).toBe(isWithin)
    }
  })

  it("refuses what it did not write", () => {
    const query = ofSession(undefined)
    const good = encodeCursor(query, { createdAt: 1, taskId: "a" })
    const forged = (text: string) => Buffer.from(text).toString("base64url")
    const digest = Buffer.from(good, "base64url").toString().split(".")[0]
    for (
      const cursor of [
        "",
        "x",
        "!!",
        good.slice(1),
        `${good}x`,
        forged(`${digest}.1.`),
        forged(`${digest}..a`),
        forged(`${digest}.1e3.a`),
        forged(`${digest}.99999999999999999999.a`),
        forged(`${digest}.1.a\u0000`),
        forged("1.a"),
        null,
        undefined,
        1,
        {}
      ]
    ) {
      const result = decodeCursor(query, cursor)
      expect(Result.isFailure(result) && result.failure._tag, String(cursor)).toBe("InvalidCursor")
    }
  })
})
