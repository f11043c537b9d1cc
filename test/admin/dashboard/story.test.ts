/** What the page makes of a record: the chapters of its story, in order, and spans of time as people read them. */
import { describe, expect, test } from "vitest"
import type { TaskView } from "../../../src/admin/dashboard/Api.ts"
import { formatSize, formatSpan, shortId } from "../../../src/admin/dashboard/client/format.ts"
import { tellStory } from "../../../src/admin/dashboard/client/story.ts"

const at = (second: number): string => new Date(Date.UTC(2026, 0, 2, 3, 4, second)).toISOString()
const now = Date.UTC(2026, 0, 2, 3, 5)
const epoch = "1970-01-01T00:00:00.000Z"

type TaskPart = Partial<TaskView["task"]>

const viewOf = (task: TaskPart, rest: Partial<TaskView> = {}): TaskView => ({
  task: {
    taskId: "one",
    status: "working",
    createdAt: at(0),
    lastUpdatedAt: at(0),
    ttl: null,
    originalMethod: "tools/call",
    revision: 1,
    sessionId: "ada",
    ...task
  },
  steps: [],
  questions: [],
  answers: [],
  payloads: {},
  ...rest
})

const titles = (task: TaskPart, rest?: Partial<TaskView>): ReadonlyArray<string> =>
  tellStory(viewOf(task, rest), now).map(({ title }) => title)

describe("the story of a task", () => {
  test("that waits, runs, sleeps and asks", () => {
    expect(titles({ leaseExpiresAt: epoch })).toEqual(["Created", "Waits for a worker"])
    expect(titles({ worker: "w", startedAt: at(1), attempt: 1 })).toEqual(["Created", "Taken by a worker", "Runs now"])
    expect(titles({ leaseExpiresAt: new Date(now + 5000).toISOString() })).toEqual([
      "Created",
      "Nobody may take it before"
    ])
    expect(titles({ status: "input_required", lastUpdatedAt: at(9) }, { questions: ["sure"], answers: ["name"] }))
      .toEqual([
        "Created",
        "The client answered",
        "It asks for input, and waits"
      ])
  })

  test("that was taken for the how-many-eth time", () => {
    const taken = (attempt: number) => titles({ worker: "w", startedAt: at(1), attempt })[1]
    expect([1, 2, 3, 4, 11, 12, 21, 22, 113].map(taken)).toEqual([
      "Taken by a worker",
      ...["2nd", "3rd", "4th", "11th", "12th", "21st", "22nd", "113th"].map((th) =>
        `Taken by a worker, for the ${th} time`
      )
    ])
  })

  test("that ended, and how long each part of it took", () => {
    const story = tellStory(
      viewOf({
        status: "failed",
        statusMessage: "Page 7",
        startedAt: at(4),
        worker: "w",
        lastUpdatedAt: at(10),
        ttl: 60_000,
        rerunOf: "zero",
        rerunAs: "two"
      }, {
        steps: ["a", "b"],
        worker: { workerId: "w", host: "h", pid: 7, registeredAt: at(0), leaseExpiresAt: at(30) }
      }),
      now
    )
    expect(story).toMatchObject([
      { title: "Created, to run a task again", task: "zero" },
      { title: "Taken by a worker", after: 4_000, lines: ["on h, process 7", "Worker w"] },
      { title: "2 steps are done and kept", keys: ["a", "b"] },
      {
        title: "Ended: failed",
        kind: "bad",
        after: 6_000,
        foreign: "Page 7",
        lines: [expect.stringContaining("no outcome")]
      },
      { title: "Run again as", task: "two" },
      { title: "Expires, and is gone from then on", at: at(60), kind: "later" }
    ])
    expect(story.at(-1)).not.toHaveProperty("after")
  })

  test("that ended well, and one whose result is an error", () => {
    const outcome = { _tag: "Success" } as const
    const ended = (task: TaskPart) => tellStory(viewOf({ status: "completed", ...task }, { outcome }), now).at(-1)
    expect(ended({ resultKind: "success" })).toMatchObject({ title: "Ended: completed", kind: "good", lines: [] })
    expect(ended({ resultKind: "tool_error" })).toMatchObject({
      kind: "bad",
      title: expect.stringContaining("an error")
    })
    expect(ended({ status: "cancelled" })).toMatchObject({ title: "Ended: cancelled", kind: "past" })
  })
})

test.each([
  [-5, "0 ms"],
  [0, "0 ms"],
  [999, "999 ms"],
  [1_000, "1.0 s"],
  [9_940, "9.9 s"],
  [59_600, "1 min"],
  [61_000, "1 min 1 s"],
  [3_600_000, "1 h"],
  [3_661_000, "1 h 1 min"],
  [3_605_000, "1 h"],
  [90_061_000, "1 d 1 h"]
])("%i ms are %s", (millis, text) => expect(formatSpan(millis)).toBe(text))

test("ids and sizes are short", () => {
  expect(shortId("01a21fa7-86f8-7f94-b61e-251727d5193b")).toBe("…27d5193b")
  expect(shortId("task-0001")).toBe("task-0001")
  expect([0, 23, 2_048, 5 * 1024 * 1024].map(formatSize)).toEqual(["0 B", "23 B", "2 KiB", "5 MiB"])
})
