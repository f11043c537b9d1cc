/** What a server holds of the tasks that its clients know. */
import { assert, describe, it } from "@effect/vitest"
import { KnownTasks } from "../../src/protocol/KnownTasks.ts"

const working = (index: number) => ({ taskId: `task-${index}`, status: "working" as const })

describe("the tasks that a client knows", () => {
  it("are known from their creation, or a first look, until they have ended", () => {
    const known = new KnownTasks(true)
    const client = {}
    known.created(client, { task: working(1) })
    assert.isTrue(known.note(client, working(1)))
    assert.isFalse(known.note({}, working(1)))
    assert.isFalse(known.note(client, working(2)))
    assert.isTrue(known.note(client, { ...working(2), status: "completed" }))
    assert.isFalse(known.note(client, working(2)))
  })

  it("are no more than so many, however long its session lasts: those of the longest ago are forgotten", () => {
    const known = new KnownTasks(true)
    const client = {}
    for (let index = 0; index <= 10_000; index++) known.created(client, { task: working(index) })
    assert.isTrue(known.note(client, working(10_000)))
    assert.isTrue(known.note(client, working(1)))
    assert.isFalse(known.note(client, working(0)))
  })

  it("are not noted where nobody asks", () => {
    const known = new KnownTasks(false)
    const client = {}
    known.created(client, { task: working(1) })
    assert.isFalse(known.note(client, working(1)))
  })
})
