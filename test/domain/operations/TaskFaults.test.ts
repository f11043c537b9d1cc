/** That each fault of a stored task is found, by itself, and that a sound one has none. */
import { assert, describe, it } from "@effect/vitest"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import { TaskFaults } from "../../../src/domain/operations/TaskFaults.ts"
import { asText, type StoredTask } from "../../../src/domain/task/StoredTask.ts"
import type { TaskStatus } from "../../../src/domain/task/TaskStatus.ts"
import { storedTask } from "../../layers/storedTask.ts"

const limits = { maxContentBytes: 1_000, maxOutcomeBytes: 100, payloadBytes: asText }

const text = (text: string) => StoredJson.fromText(text)

const success = { result: text(`{"_tag":"Success","value":1}`), resultKind: "success" } as const
const ended = (status: TaskStatus): Partial<StoredTask> => ({ status, ...success })

const problems = (task: Partial<StoredTask> | undefined) => {
  const faults = new TaskFaults(limits)
  faults.add("one", task === undefined ? undefined : { ...storedTask("one"), ...task })
  return faults.findings().map(({ problem }) => problem)
}

const sound: ReadonlyArray<readonly [name: string, task: Partial<StoredTask>]> = [
  ["that works", {}],
  ["that asks", { status: "input_required", inputRequests: text("{\"q\":1}"), inputKeys: text("[\"q\"]") }],
  ["that is done", ended("completed")],
  ["whose tool failed", {
    status: "completed",
    result: text("{\"_tag\":\"Success\",\"value\":{\"isError\":true}}"),
    resultKind: "tool_error"
  }],
  ["that was cancelled", { status: "cancelled" }],
  ["as large as may be", { meta: text(`{"a":"${"x".repeat(980)}"}`) }]
]

const cases: ReadonlyArray<readonly [name: string, task: Partial<StoredTask> | undefined, problem: RegExp]> = [
  ["a row that is none", undefined, /cannot be read/],
  ["text that is no JSON", { originalParams: text("{") }, /cannot be read/],
  ["a sealed text of no key", { originalParams: text("sealed1||x") }, /cannot be read/],
  ["a sealed payload", { originalParams: text("sealed1|k1|x") }, /is sealed, and was not looked into/],
  ["a sealed payload that nothing decodes", { steps: text("sealed1|k1|x") }, /is sealed, and was not looked into/],
  ["a method that is no text", { originalMethod: text("1") }, /cannot be read/],
  ["keys of input that are no list", { inputKeys: text("{}") }, /cannot be read/],
  ["an outcome that is none", { status: "completed", result: text("{}"), resultKind: "success" }, /cannot be read/],
  ["an empty id", { taskId: "" }, /an id or a session id/],
  ["a session of control characters", { sessionId: "a\n" }, /an id or a session id/],
  ["a ttl of zero", { ttl: 0 }, /out of its range/],
  ["a revision of zero", { revision: 0 }, /out of its range/],
  ["a negative attempt", { attempt: -1 }, /out of its range/],
  ["a negative poll interval", { pollInterval: -1 }, /out of its range/],
  ["a negative lease", { leaseExpiresAt: -1 }, /out of its range/],
  ["an outcome of another kind", { ...ended("completed"), resultKind: "error" }, /a result kind that is not the kind/],
  ["an outcome of no kind", { ...ended("completed"), resultKind: null }, /a result kind that is not the kind/],
  ["a kind without an outcome", { resultKind: "success" }, /a result kind that is not the kind/],
  ["questions of a task that has ended", { ...ended("completed"), inputRequests: text("{\"q\":1}") }, /asks for input/],
  ["no outcome of a completed task", { status: "completed" }, /ended without an outcome/],
  ["no outcome of a failed task", { status: "failed" }, /ended without an outcome/],
  ["an outcome of a task at work", success, /has an outcome and has not ended/],
  ["large content", { meta: text(`{"a":"${"x".repeat(1_000)}"}`) }, /larger than maxPayloadBytes/],
  [
    "a large outcome",
    { ...ended("completed"), result: text(`{"_tag":"Success","value":"${"x".repeat(100)}"}`) },
    /larger than maxPayloadBytes/
  ]
]

describe("a stored task", () => {
  it.each(sound)("%s has no fault", (_, task) => assert.deepStrictEqual(problems(task), []))

  it.each(cases)("is found with %s", (_, task, problem) => {
    const [first = "", ...others] = problems(task)
    assert.match(first, problem)
    assert.deepStrictEqual(others, [])
  })

  it("is counted with others, the worst first, and only a few are named", () => {
    const faults = new TaskFaults(limits)
    for (let index = 0; index < 12; index++) faults.add(`size-${index}`, { ...storedTask("x"), ...success })
    faults.add("broken", undefined)
    const [first, second] = faults.findings()
    assert.deepInclude(first, { severity: "error", count: 1, examples: ["broken"] })
    assert.deepInclude(second, {
      severity: "warning",
      count: 12,
      problem: "12 tasks have an outcome and have not ended."
    })
    assert.lengthOf(second?.examples ?? [], 10)
  })
})
