/** That the kit finds the faults of a driver which its author has written: each is one slip in the script of the Redis driver. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { contractSuite, fromDrivers, runCase } from "mcp-task-storage/testing"
import { stepsScript } from "../../../examples/redis-driver/RedisConnection.ts"
import { openDrivers } from "./drivers.ts"
import { describeWithRedis } from "./server.ts"

/** A slip: what it does, the cases that find it, the text of the script that it is in, and what stands there instead. */
const slips: { readonly [slip: string]: readonly [group: string, meant: string, written: string] } = {
  "writes over what others wrote": [
    "createTask",
    "~= expected.version then return 'changed'",
    "== '-' then return 'changed'"
  ],
  "stores one task too many": ["limits", ">= bound.limit", "> bound.limit"],
  "counts expired tasks": [
    "importTask",
    "'-inf', request.now)\nend\n\nfunction steps.page",
    "'-inf', '-inf')\nend\n\nfunction steps.page"
  ],
  "lists the newest in the wrong order": ["filters", "return isBefore(right, left)", "return isBefore(left, right)"],
  "keeps the messages of deleted tasks": ["messages", "call('ZRANGE', at(':queue:', queue), 0, -1)", "{}"],
  "gives messages again": ["messages", "dropMessage(queue, number)\n  end\n  return bodies", "end\n  return bodies"],
  "gives messages that have ended": [
    "messages",
    "at(':ends:', queue), '-inf', request.now",
    "at(':ends:', queue), '-inf', '-inf'"
  ],
  "revives dead workers": ["workers", "if not call('ZSCORE', at(':alive'), request.id) then return {} end", ""],
  "declares workers dead that renewed": ["stats", "'-inf', request.expiredBy", "'-inf', '+inf'"],
  "removes workers that hold tasks": ["primitives", " and call('EXISTS', at(':held:', worker)) == 0", ""],
  "lists what is paused": ["pauseTasks, resumeTasks", "if isPaused(request.kind) then return {} end", ""],
  "never moves what has become due": [
    "importTask",
    "local due = call('ZRANGEBYSCORE', at(':waiting'), '-inf', freeBy, 'WITHSCORES')",
    "local due = {}"
  ],
  "lists more of a session than it may": [
    "claimableTasks, expired leases",
    "math.min(request.perSession, request.limit - #found)",
    "request.limit - #found"
  ],
  "lists kinds that nobody has asked for": ["kinds of tasks", "range.from, range.to, visit", "'-', '+', visit"],
  "lists sessions that are excepted": ["inherited keys", "if excepted[session] then return false end", ""],
  "lists free tasks that have expired": [
    "tasks of workers",
    "return not ends or tonumber(ends) > tonumber(now)",
    "return true"
  ],
  "forgets that others are in the line": [
    "inherited keys",
    " or call('EXISTS', lineOf(kind, session)) == 1 then",
    " then"
  ]
}

describeWithRedis("the kit", () => {
  const drivers = openDrivers()

  it.live.each(Object.entries(slips))(
    "finds a driver that %s",
    ([, [group, meant, written]]) =>
      Effect.gen(function*() {
        const parts = stepsScript.split(meant)
        assert.lengthOf(parts, 2)
        const harness = fromDrivers({ makeDrivers: drivers(parts.join(written)) })
        const cases = contractSuite.find(({ subject }) => subject === group)?.cases ?? []
        const fault = yield* Effect.flip(Effect.forEach(cases, (contract) => runCase(harness, contract)))
        assert.include(cases.map(({ name }) => name), fault.case)
      })
  )
})
