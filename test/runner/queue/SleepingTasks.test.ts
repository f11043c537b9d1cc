/** Tasks that sleep, by the moment at which they are due. */
import { describe, expect, test } from "@effect/vitest"
import type { WaitingTask } from "../../../src/runner/queue/FairQueue.ts"
import { SleepingTasks } from "../../../src/runner/queue/SleepingTasks.ts"

const handler: WaitingTask["handler"] = { begin: () => expect.fail("nobody runs it"), lostWorker: "fail" }
const task = (taskId: string): WaitingTask => ({ taskId, sessionId: undefined, originalMethod: "tools/call", handler })

describe("sleeping tasks", () => {
  test("are taken when they are due, the earliest first, and only then", () => {
    const asleep = new SleepingTasks()
    expect(asleep.nextAt).toBeUndefined()
    for (const [at, taskId] of [[30, "c"], [10, "b"], [10, "a"], [20, "a"]] as const) asleep.add(at, task(taskId))
    expect(asleep.nextAt).toBe(10)
    expect(asleep.takeDue(9)).toEqual([])
    expect(asleep.takeDue(20).map(({ taskId }) => taskId)).toEqual(["a", "b", "a"])
    expect(asleep.nextAt).toBe(30)
    expect(asleep.takeDue(30).map(({ taskId }) => taskId)).toEqual(["c"])
    expect(asleep.nextAt).toBeUndefined()
  })
})
