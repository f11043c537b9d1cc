/** That processes which write to one file at once, or die while they write, lose nothing that was acknowledged. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import type { Readable, Writable } from "node:stream"
import { text } from "node:stream/consumers"
import { setTimeout } from "node:timers/promises"
import { bundled } from "../../support/engines/shared.ts"
import { ownTasks, type Report, sharedTasks } from "./contest.ts"
import { bare, freshFile, open } from "./database.ts"

type Child = ChildProcessByStdio<Writable, Readable, null>

const start = async (program: URL, args: ReadonlyArray<string>): Promise<Child> =>
  spawn(process.execPath, [await bundled(program), ...args], { stdio: ["pipe", "pipe", "inherit"] })

const contender = new URL("contender.ts", import.meta.url)
const mortal = new URL("mortal.ts", import.meta.url)

const isReport = (value: unknown): value is Report =>
  typeof value === "object" && value !== null && "won" in value && "busyCalls" in value && "slowBusyCalls" in value

const contend = async (filename: string, contenders: number): Promise<ReadonlyArray<Report>> => {
  const children = await Promise.all(
    Array.from({ length: contenders }, (_, index) => start(contender, [filename, String(index)]))
  )
  await Promise.all(children.map((child) => once(child.stdout, "data")))
  const reports = children.map((child) => text(child.stdout))
  for (const child of children) child.stdin.write("go\n")
  return (await Promise.all(reports)).map((report) => {
    const parsed: unknown = JSON.parse(report)
    if (isReport(parsed)) return parsed
    throw new Error("a contender gave no report")
  })
}

describe("processes", () => {
  it.live("eight that write to one file at once lose nothing, and win each contest once", () =>
    Effect.gen(function*() {
      const contenders = 8
      const filename = yield* freshFile
      const storage = yield* open({ filename })
      for (const taskId of ["counter", ...sharedTasks]) {
        yield* storage.createTask({ originalMethod: "tools/call", taskId })
      }
      // A lock error that reached a caller, or any other error, would have ended a contender without a report.
      const reports = yield* Effect.promise(() => contend(filename, contenders))
      assert.lengthOf(reports, contenders)

      const winners = new Map(reports.flatMap(({ won }, index) => won.map((taskId) => [taskId, String(index)])))
      assert.lengthOf(reports.flatMap(({ won }) => won), sharedTasks.length)
      for (const taskId of sharedTasks) {
        const task = yield* Effect.fromOption(yield* storage.getTask(taskId))
        assert.deepStrictEqual(task.result, { _tag: "Success", value: winners.get(taskId) ?? "nobody" })
        assert.strictEqual(task.revision, 2)
      }
      const counter = yield* Effect.fromOption(yield* storage.getTask("counter"))
      assert.strictEqual(counter.revision, 1 + contenders * sharedTasks.length)
      for (let index = 0; index < contenders; index++) {
        const own = yield* storage.listTasksForSession(String(index), { limit: 1000 })
        assert.deepStrictEqual(
          own.tasks
            .map(({ inputResponses, result, revision, status }) => ({ inputResponses, result, revision, status }))
            // Tasks of the same millisecond are in the order of their ids, which is random.
            .sort((left, right) => Number(left.inputResponses?.["key"]) - Number(right.inputResponses?.["key"])),
          Array.from({ length: ownTasks }, (_, count) => ({
            inputResponses: { key: count },
            result: { _tag: "Success" as const, value: count },
            revision: 4,
            status: "completed" as const
          }))
        )
      }

      // They did meet locks, and SQLite gave each call back at once instead of waiting inside it. How long the event
      // loop of a process was delayed altogether says more about eight processes on few cores than about locks.
      const sumOf = (count: (report: Report) => number) => reports.reduce((sum, report) => sum + count(report), 0)
      const busyCalls = sumOf(({ busyCalls }) => busyCalls)
      assert.isAbove(busyCalls, 100)
      // A call that waited inside would be slow each time. One that lost its processor in the middle is slow now and then.
      assert.isBelow(sumOf(({ slowBusyCalls }) => slowBusyCalls), busyCalls / 10)
    }))

  it.live.each([1, 50])(
    "one that is killed while %i callers write leaves what was acknowledged, whole, and a file that opens",
    (callers) =>
      Effect.gen(function*() {
        const lanes = yield* Effect.all([lane(1, callers), lane(2, callers)], { concurrency: 2 })
        // Each gets to a few.
        assert.isAbove(lanes.reduce((sum, acknowledged) => sum + acknowledged), 2 * kills)
      }),
    120_000
  )
})

const kills = 15

/** Kills one writer after the other on one file; gives how many writes were acknowledged. */
const lane = (seed: number, callers: number) =>
  Effect.gen(function*() {
    const filename = yield* freshFile
    const random = randomFrom(seed)
    const acknowledged: Array<string> = []
    for (let run = 0; run < kills; run++) {
      const said = yield* Effect.promise(() => killed(filename, String(run), callers, random() * 60))
      acknowledged.push(...said)

      const database = yield* bare(filename)
      assert.deepEqual({ ...database.prepare("PRAGMA quick_check").get() }, { quick_check: "ok" })
      const rows = database.prepare(
        "SELECT task_id, status, result_kind, result IS NOT NULL AS has_result FROM mcp_tasks"
      ).all()
      for (const row of rows) {
        const settled = row["status"] === "completed"
        assert.strictEqual(row["has_result"], settled ? 1 : 0)
        assert.strictEqual(row["result_kind"], settled ? "success" : null)
      }
      const stored = new Map(rows.map((row) => [row["task_id"], row["status"]]))
      for (const line of acknowledged) {
        const [what, taskId] = line.split(" ")
        if (what === "settled") assert.strictEqual(stored.get(taskId ?? ""), "completed")
        else assert.isTrue(stored.has(taskId ?? ""))
      }
    }
    return acknowledged.length
  })

const killed = async (
  filename: string,
  run: string,
  callers: number,
  afterMilliseconds: number
): Promise<ReadonlyArray<string>> => {
  const child = await start(mortal, [filename, run, String(callers)])
  let output = ""
  child.stdout.on("data", (chunk) => {
    output += String(chunk)
  })
  await once(child.stdout, "data")
  await setTimeout(afterMilliseconds)
  // On a busy machine it may have said nothing yet.
  while (output.split("\n").length < 6) await once(child.stdout, "data")
  child.kill("SIGKILL")
  const [, signal] = await once(child, "close")
  assert.strictEqual(signal, "SIGKILL")
  // The last line may have been cut off in the middle.
  return output.split("\n").slice(1, -1)
}

/** Mulberry32, so that a failure comes again with its seed. */
const randomFrom = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
}
