/** Every error of the library is shown with its message, its stack and its fields, whoever shows it. */
import * as Errors from "mcp-task-storage"
import { InputRefused, TaskFailure, TooManyTasks } from "mcp-task-storage/runner"
import { spawnSync } from "node:child_process"
import { inspect } from "node:util"
import { describe, expect, test } from "vitest"

const secret = "postgres://user:secret@host"

/** An error of each class. A class of which there is none here fails the last test. */
const errors: ReadonlyArray<Error & { readonly _tag: string }> = [
  new Errors.TaskNotFound({ taskId: "one" }),
  new Errors.TaskAlreadyExists({ taskId: "one" }),
  new Errors.TaskNotEnded({ taskId: "one", status: "working" }),
  new Errors.TaskAlreadyRerun({ taskId: "one", rerunAs: "two" }),
  new Errors.InvalidTransition({ taskId: "one", current: "working", requested: "working" }),
  new Errors.TerminalState({ taskId: "one", status: "failed" }),
  new Errors.ResultAlreadyStored({ taskId: "one" }),
  new Errors.InputKeyReused({ taskId: "one", key: "name" }),
  new Errors.LeaseLost({ taskId: "one", attempt: 1, current: 2 }),
  new Errors.LeaseHeld({ taskId: "one", remaining: 5 }),
  new Errors.LeaseHeld({ taskId: "one", worker: "w" }),
  new Errors.WorkerLost({ workerId: "w" }),
  new Errors.MaxTasksReached({ scope: "session", limit: 3 }),
  new Errors.MaxTasksReached({ scope: "active", limit: 3 }),
  new Errors.MaxTasksReached({ scope: "activePerSession", limit: 3 }),
  new Errors.ConcurrentModification({ taskId: "one", expected: 1, actual: 2 }),
  new Errors.InvalidInput({ field: "ttl", reason: "must be a duration" }),
  new Errors.InvalidCursor({ reason: "it is damaged" }),
  new Errors.PayloadTooLarge({ limit: 1, actual: 2 }),
  new Errors.TaskStorageUnavailable({
    operation: "getTask",
    reason: "the engine is down",
    retryable: true,
    applied: "no",
    cause: new Error(secret)
  }),
  new InputRefused({ key: "name", code: -32000, message: "no" }),
  new TaskFailure({ code: -32000, message: "no" }),
  new TooManyTasks({ scope: "session", limit: 3 })
]

describe.each(errors.map((error) => [error._tag, error] as const))("%s", (tag, error) => {
  test("is inspected with its message, the line that made it, its tag and its fields", () => {
    const shown = inspect(error)
    expect(shown).toContain(error.message)
    expect(shown).toMatch(/\n {4}at .*shownErrors\.test\.ts/)
    expect(shown).toContain(`_tag: '${tag}'`)
    for (const field of Object.keys(error)) expect(shown).toContain(`${field === "cause" ? "[cause]" : field}:`)
  })

  test("has a name and a message as a string", () => {
    expect(String(error)).toMatch(new RegExp(`${tag}: .+`))
  })

  test("is its tag, its fields and its message as JSON, and no cause or stack", () => {
    const { cause: _, ...fields } = error
    expect(JSON.parse(JSON.stringify(error))).toEqual({ ...fields, _tag: tag, message: error.message })
    expect(JSON.stringify({ error })).not.toContain("secret")
  })
})

test("these are all the classes of errors", () => {
  const tags = errors.map((error) => error._tag)
  for (const member of Errors.TaskStorageError.members) expect(tags).toContain(member.fields._tag.schema.literal)
})

test("the test runner of Node shows them so", () => {
  const program = `
    import test from "node:test"
    import { openTaskStorage } from "mcp-task-storage/promise"
    test("fails", async function theTest() {
      const storage = await openTaskStorage("memory:")
      await storage.getTaskResult("nope")
    })`
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const options = ["--conditions=mcp-task-storage-source", "--input-type=module", "--eval", program]
  const { stdout: shown } = spawnSync(process.execPath, options, { encoding: "utf8", env })
  expect(shown).toContain("Task nope does not exist")
  expect(shown).toContain("theTest")
  expect(shown).toContain("_tag")
  expect(shown).toContain("TaskNotFound")
})
