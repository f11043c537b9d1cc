import { expect, it } from "@effect/vitest"
import type { Call } from "../../../src/testing/model/Call.ts"
import { afterCall, afterLook, emptyBeliefs, type Ending } from "./Belief.ts"

const pause: Call = { _tag: "pauseTasks", actor: { handle: "first" }, kind: "named" }
const resume: Call = { _tag: "resumeTasks", actor: { handle: "first" }, kind: "named" }
const count: Call = { _tag: "taskCount", actor: { handle: "first" } }

const resumed = (value: boolean): Ending => ({ _tag: "Answered", answer: { value } })

it.each([
  ["while it is under way", 60_000],
  ["although its time was over before anybody looked", 0]
])("a call that was given up may have happened, or not, %s", (_, milliseconds) => {
  const given = afterCall(emptyBeliefs(0), pause, { _tag: "UnderWay", milliseconds })
  const looked = afterLook(given, count, { value: 0 })
  expect(afterCall(looked, resume, resumed(true))).not.toEqual([])
  expect(afterCall(looked, resume, resumed(false))).not.toEqual([])
})

it("a call whose time is over happens no more", () => {
  const looked = afterLook(afterCall(emptyBeliefs(0), pause, { _tag: "UnderWay", milliseconds: 0 }), count, {
    value: 0
  })
  const free = looked.flatMap((belief) => afterCall([belief], resume, resumed(false)))
  expect(free).not.toEqual([])
  expect(afterCall(free, resume, resumed(true))).toEqual([])
})
