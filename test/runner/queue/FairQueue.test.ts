/** Who has the next free slot of a process. */
import { assert, describe, it } from "vitest"
import type { BoundHandler } from "../../../src/runner/queue/BoundHandler.ts"
import { FairQueue } from "../../../src/runner/queue/FairQueue.ts"

const handler: BoundHandler = { begin: () => assert.fail("nobody runs it"), lostWorker: "fail" }
const everybody = () => true

const waiting = (...tasks: ReadonlyArray<string>) => {
  const waiting = new FairQueue()
  for (const taskId of tasks) {
    waiting.add({ taskId, sessionId: taskId.slice(0, 1), originalMethod: "tools/call", handler })
  }
  return waiting
}

const all = (tasks: FairQueue, hasRoom: (sessionId: string | undefined) => boolean) => {
  const taken: Array<string> = []
  for (let next = tasks.next(hasRoom); next !== undefined; next = tasks.next(hasRoom)) taken.push(next.taskId)
  return taken
}

describe("tasks that wait for a slot", () => {
  it("have it in turns of their sessions, each session in order", () => {
    assert.deepEqual(all(waiting("a1", "a2", "a3", "b1", "c1", "c2"), everybody), ["a1", "b1", "c1", "a2", "c2", "a3"])
  })

  it("are passed by while their session has no room, and have their turn when it has", () => {
    const tasks = waiting("a1", "a2", "b1")
    assert.deepEqual(all(tasks, (session) => session !== "a"), ["b1"])
    tasks.wake("a")
    assert.deepEqual(all(tasks, everybody), ["a1", "a2"])
    assert.strictEqual(tasks.size, 0)
  })

  it("are the next ones of their session again when their turn was in vain", () => {
    const tasks = waiting("a1", "a2", "a3", "b1")
    for (const taskId of ["a1", "b1", "a2", "a3"]) {
      const next = tasks.next(everybody)
      assert.strictEqual(next?.taskId, taskId)
      if (next !== undefined && taskId !== "b1") tasks.putBack(next)
      if (taskId !== "b1") assert.strictEqual(tasks.remove(taskId)?.taskId, taskId)
    }
    const others = waiting("a1", "a2")
    const first = others.next(everybody)
    if (first !== undefined) {
      others.putBack(first)
      others.putBack(first)
    }
    assert.deepEqual(all(others, everybody), ["a1", "a2"])
  })

  it("are there once, and not any more when they were taken out", () => {
    const tasks = waiting("a1", "a2", "b1")
    assert.isFalse(tasks.add({ taskId: "a1", sessionId: "a", originalMethod: "tools/call", handler }))
    assert.strictEqual(tasks.remove("a1")?.taskId, "a1")
    assert.isUndefined(tasks.remove("a1"))
    assert.isTrue(tasks.add({ taskId: "a1", sessionId: "a", originalMethod: "tools/call", handler }))
    assert.deepEqual(all(tasks, everybody), ["a2", "b1", "a1"])
  })

  it("cost as much each, however many there are", () => {
    const sessions = 50
    const count = 100_000
    const millis = (length: number): number => {
      const tasks = waiting(...Array.from({ length }, (_, index) => `${String.fromCharCode(index % sessions)}${index}`))
      const begun = performance.now()
      // Each of them is asked once: whether the backlog of all others is scanned shows at once.
      for (let taken = 0; taken < 5_000; taken++) {
        tasks.next(everybody)
        tasks.add({ taskId: `\u0000new${taken}`, sessionId: "\u0000", originalMethod: "tools/call", handler })
      }
      return performance.now() - begun
    }
    /** What else the machine does is not in the least of some. */
    const least = (length: number): number => Math.min(...Array.from({ length: 7 }, () => millis(length)))
    assert.isBelow(least(count), 20 * Math.max(least(6_000), 5))
  })
})
