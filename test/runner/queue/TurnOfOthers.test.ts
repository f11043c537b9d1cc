/** When a process leaves its seats to others, and for how long. */
import { assert, describe, it } from "vitest"
import { TurnOfOthers } from "../../../src/runner/queue/TurnOfOthers.ts"

const scene = () => {
  const calls: Array<readonly [millis: number, call: () => void]> = []
  const turn = new TurnOfOthers((millis, call) => calls.push([millis, call]))
  let taken = 0
  const take = () => {
    taken++
  }
  return {
    free: () => turn.seatFreed(take),
    hear: () => turn.seatHeard(take),
    /** Lets the time pass for which it waits. */
    pass: () => {
      const [millis, call] = calls.shift() ?? assert.fail("it waits for nothing")
      call()
      return millis
    },
    waits: () => calls.length,
    taken: () => taken
  }
}

describe("a process", () => {
  it("takes its seats at once for a time, then leaves them for a short time, and so on", () => {
    const { free, pass, taken, waits } = scene()
    for (const before of [0, 3, 6]) {
      free()
      free()
      assert.deepEqual([taken(), waits()], [before + 2, 1])
      assert.strictEqual(pass(), 20_000)
      free()
      free()
      assert.deepEqual([taken(), waits()], [before + 2, 1])
      assert.strictEqual(pass(), 400)
      // One look is for all seats that were left.
      assert.deepEqual([taken(), waits()], [before + 3, 0])
    }
  })

  it("takes what others leave at once, however long it has kept its own", () => {
    const { free, hear, pass, taken, waits } = scene()
    hear()
    assert.deepEqual([taken(), waits()], [1, 0])
    free()
    pass()
    hear()
    assert.deepEqual([taken(), waits()], [3, 0])
  })

  it("takes nothing while others have their turn", () => {
    const { free, hear, pass, taken } = scene()
    free()
    pass()
    free()
    hear()
    assert.strictEqual(taken(), 1)
    pass()
    assert.strictEqual(taken(), 2)
    hear()
    assert.strictEqual(taken(), 3)
  })
})
