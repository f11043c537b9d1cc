/** What waits in a process, and how it shares slots and seats with the looks. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { assert, describe, it } from "vitest"
import type { TaskKind } from "../../../src/domain/options/TaskOptions.ts"
import type { PausedKind } from "../../../src/domain/service/PauseOperations.ts"
import type { BoundHandler } from "../../../src/runner/queue/BoundHandler.ts"
import type { WaitingTask } from "../../../src/runner/queue/FairQueue.ts"
import { Pauses } from "../../../src/runner/queue/Pauses.ts"
import { RunnerSlots } from "../../../src/runner/queue/RunnerSlots.ts"
import { LocalQueue, type LocalQueueParts } from "../../../src/runner/runs/LocalQueue.ts"

const handler: BoundHandler = { begin: () => assert.fail("nobody runs it"), lostWorker: "fail" }

const task = (taskId: string, name?: string): WaitingTask => ({
  taskId,
  sessionId: undefined,
  originalMethod: "tools/call",
  name,
  handler
})

/** A queue of a process that runs one task at a time, and what it did. */
const queueWith = (parts: Partial<LocalQueueParts> = {}) => {
  const did: Array<string> = []
  let paused: ReadonlyArray<PausedKind> = []
  let waiting = 0
  const slots = new RunnerSlots({ maxRunning: 1, maxRunningPerSession: null })
  const pauses = new Pauses({ pausedTasks: () => Effect.sync(() => paused) }, 1_000)
  const queue = new LocalQueue({
    slots,
    pauses,
    isOpen: () => true,
    hearsPauses: () => true,
    hasSeats: true,
    isOnlyHere: () => true,
    workerOf: () => undefined,
    begin: ({ taskId, sessionId }) => {
      slots.take(sessionId)
      did.push(taskId)
    },
    onCount: (change) => {
      waiting += change
    },
    start: (effect) => Effect.runSync(effect),
    later: () => {},
    ...parts
  })
  return {
    queue,
    did,
    waiting: () => waiting,
    end: () => {
      slots.release(undefined)
      queue.slotFreed(undefined)
    },
    pause: (...kinds: ReadonlyArray<TaskKind>) => {
      paused = kinds.map((kind) => ({ ...kind, pausedAt: DateTime.makeUnsafe(0) }))
      return Effect.runPromise(pauses.hear)
    }
  }
}

describe("the queue of a process", () => {
  it("begins what it has room for, and tells how many wait", () => {
    const { did, end, queue, waiting } = queueWith()
    queue.add(task("one"))
    queue.add(task("two"))
    assert.deepEqual([did, waiting()], [["one"], 1])
    end()
    assert.deepEqual([did, waiting()], [["one", "two"], 0])
  })

  it("takes turns with the looks at each slot that becomes free", () => {
    const { did, end, queue } = queueWith()
    const look = () => {
      did.push("look")
      queue.onRoom(look)
    }
    for (const taskId of ["one", "two", "three"]) queue.add(task(taskId))
    queue.onRoom(look)
    for (let ended = 0; ended < 4; ended++) end()
    assert.deepEqual(did, ["one", "two", "look", "three", "look"])
  })

  it("leaves a slot that it does not need to a look, once", () => {
    const { did, end, queue } = queueWith()
    queue.add(task("one"))
    queue.onRoom(() => did.push("look"))
    end()
    queue.add(task("two"))
    end()
    assert.deepEqual(did, ["one", "look", "two"])
  })

  it("takes turns with the looks at each seat that may have become free", () => {
    const { did, queue } = queueWith({ begin: ({ taskId }) => did.push(taskId) })
    for (const taskId of ["one", "two"]) queue.keepUntilSeat(task(taskId), queue.seatsFreed)
    queue.onSeat(() => did.push("look"))
    for (let freed = 0; freed < 4; freed++) queue.seatFreed()
    assert.deepEqual(did, ["look", "look", "one", "look", "look", "two"])
  })

  it("looks once more for a task whose seat became free while it was stored", () => {
    const { did, queue } = queueWith()
    const { seatsFreed } = queue
    queue.seatFreed()
    queue.keepUntilSeat(task("early"), seatsFreed)
    assert.deepEqual(did, ["early"])
    queue.keepUntilSeat(task("late"), queue.seatsFreed)
    assert.deepEqual(did, ["early"])
  })

  it("promises a seat to those that wait, until a look has given it to them", () => {
    const { did, queue } = queueWith()
    queue.onSeat(() => did.push("look"))
    queue.seatFreed()
    assert.isFalse(queue.isSeatPromised)
    queue.keepUntilSeat(task("one"), queue.seatsFreed)
    assert.isFalse(queue.isSeatPromised)
    queue.seatFreed()
    assert.isTrue(queue.isSeatPromised)
    queue.looked(1, queue.seatsFreed)
    assert.isFalse(queue.isSeatPromised)
    queue.seatFreed()
    assert.isTrue(queue.isSeatPromised)
    queue.looked(undefined, queue.seatsFreed)
    assert.isFalse(queue.isSeatPromised)
    const { seatsFreed } = queue
    queue.seatFreed()
    queue.looked(0, seatsFreed)
    assert.isTrue(queue.isSeatPromised)
    queue.remove("one")
    queue.looked(0, queue.seatsFreed)
    queue.seatFreed()
    assert.isFalse(queue.isSeatPromised)
  })

  it("keeps no task that a look finds", () => {
    const { did, queue } = queueWith({ isOnlyHere: () => false })
    queue.keepUntilSeat(task("one"), queue.seatsFreed)
    queue.seatFreed()
    assert.isUndefined(queue.remove("one"))
    assert.deepEqual(did, [])
  })

  it("keeps a task of a paused kind until that is resumed", async () => {
    const { did, pause, queue, waiting } = queueWith()
    await pause({ method: "tools/call", name: "report" })
    queue.add(task("paused", "report"))
    queue.add(task("other", "invoice"))
    assert.deepEqual([did, waiting()], [["other"], 0])
    await pause()
    assert.deepEqual([did, waiting()], [["other"], 1])
  })

  it("gives out a task, wherever it waits", async () => {
    const { pause, queue, waiting } = queueWith()
    queue.add(task("running"))
    queue.add(task("ready"))
    queue.keepUntilSeat(task("unclaimed"), queue.seatsFreed)
    assert.strictEqual(queue.remove("ready")?.taskId, "ready")
    assert.strictEqual(waiting(), 0)
    assert.strictEqual(queue.remove("unclaimed")?.taskId, "unclaimed")
    await pause({ method: "tools/call" })
    queue.keepUntilSeat(task("paused"), queue.seatsFreed)
    queue.tryUnclaimed()
    assert.strictEqual(queue.remove("paused")?.taskId, "paused")
    assert.isUndefined(queue.remove("paused"))
  })
})
