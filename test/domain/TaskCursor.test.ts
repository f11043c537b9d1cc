import { describe, expect, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { decodeCursor, encodeCursor } from "../../src/domain/TaskCursor.ts"
import { TaskId } from "../../src/domain/TaskId.ts"
import { TaskStatus } from "../../src/domain/TaskStatus.ts"

const Query = Schema.Struct({
  session: Schema.UndefinedOr(Schema.NullOr(TaskId)),
  status: Schema.UndefinedOr(TaskStatus)
})
const Position = Schema.Struct({ createdAt: Schema.Int, taskId: TaskId })

describe("TaskCursor", () => {
  it.prop("reads the position it wrote", [Query, Position], ([query, position]) => {
    const read = Result.getOrThrow(decodeCursor(query, encodeCursor(query, position)))
    expect(read).toEqual({ ...position, createdAt: position.createdAt + 0 })
  })

  it.prop("is bound to its query", [Query, Query, Position], ([query, other, position]) => {
    const decoded = decodeCursor(other, encodeCursor(query, position))
    const same = query.session === other.session && query.status === other.status
    expect(Result.isSuccess(decoded)).toBe(same)
  })

  it("tells apart all tasks, the tasks of no session, and a session named like either", () => {
    const sessions = [undefined, null, "null", "undefined", "0", "s"]
    const position = { createdAt: 1, taskId: "a" }
    for (const session of sessions) {
      for (const other of sessions) {
        const cursor = encodeCursor({ session, status: undefined }, position)
        expect(Result.isSuccess(decodeCursor({ session: other, status: undefined }, cursor))).toBe(session === other)
      }
    }
  })

  it("refuses what it did not write", () => {
    const query = { session: undefined, status: undefined }
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
