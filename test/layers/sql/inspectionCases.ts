/** What is wrong with stores of either engine of SQL, and what a look at them finds. */
import * as Effect from "effect/Effect"
import type { InspectionCase } from "./InspectedStore.ts"

export const index = (name: string) => ["index", name, new RegExp(`^The index ${name} is`), /^Make the index/] as const

const setStatus = (status: string, taskId: string) => `UPDATE mcp_tasks SET ${status} WHERE task_id = '${taskId}'`

const rows = (problem: RegExp, advice: RegExp) => ["rows", "tasks", problem, advice] as const

export const trigger = (name: string) => ["trigger", name, /./, /^Make the trigger/] as const

/** Alike on both engines. */
export const casesOfBoth: ReadonlyArray<InspectionCase> = [
  { name: "nothing", harm: [], found: [], mends: true, deep: true },
  {
    name: "a missing index",
    harm: ["DROP INDEX mcp_tasks_by_expiry"],
    found: [index("mcp_tasks_by_expiry")],
    mends: true
  },
  {
    name: "an index on other columns, and one of the workers' tasks that is missing",
    harm: [
      "DROP INDEX mcp_tasks_by_creation",
      "CREATE INDEX mcp_tasks_by_creation ON mcp_tasks (task_id)",
      "DROP INDEX mcp_tasks_by_worker"
    ],
    found: [index("mcp_tasks_by_creation"), index("mcp_tasks_by_worker")],
    mends: true
  },
  {
    name: "an index of another hand that refuses tasks",
    harm: ["CREATE UNIQUE INDEX of_mine ON mcp_tasks (incarnation)"],
    found: [["constraint", "mcp_tasks", /of_mine is of another hand/, /^Drop what is of another hand/]],
    mends: false
  },
  {
    name: "a missing view",
    harm: ["DROP VIEW mcp_task_overview"],
    found: [["view", "mcp_task_overview", /^The view mcp_task_overview is missing/, /^Make the view/]],
    mends: true
  },
  {
    name: "a changed view",
    harm: ["DROP VIEW mcp_task_overview", "CREATE VIEW mcp_task_overview AS SELECT task_id FROM mcp_tasks"],
    found: [["view", "mcp_task_overview", /^The view mcp_task_overview is another one/, /^Make the view/]],
    mends: true
  },
  {
    name: "a missing table",
    harm: ["DROP TABLE mcp_messages"],
    found: [
      ["table", "mcp_messages", /^The table mcp_messages is missing\.$/, /^Restore the table from a backup/],
      index("mcp_messages_by_queue"),
      index("mcp_messages_by_expiry")
    ],
    mends: false
  },
  {
    name: "a newer schema that needs a newer library",
    harm: ["UPDATE mcp_schema SET version = 99, compatible_with = 98"],
    found: [["schema", "mcp_schema", /version 99, which needs a library of at least version 98/, /^Upgrade/]],
    mends: false,
    deep: true
  },
  {
    name: "a newer schema that this library may use",
    harm: ["UPDATE mcp_schema SET version = 99, compatible_with = 1", "DROP INDEX mcp_tasks_by_expiry"],
    found: [["schema", "mcp_schema", /It may use them/, /^Finish the deploy/]],
    mends: false,
    deep: true
  },
  {
    name: "no tables",
    harm: ["DROP TABLE mcp_schema"],
    found: [["schema", "mcp_schema", /^There are no tables/, /^Check the URL/]],
    mends: false,
    deep: true
  },
  {
    name: "a table of the version that cannot be read",
    harm: ["ALTER TABLE mcp_schema RENAME COLUMN version TO v"],
    found: [["schema", "mcp_schema", /^This check could not be made/, /^Mend what the reason names/]],
    mends: false,
    deep: true
  },
  {
    name: "wrong counts",
    harm: [
      "UPDATE mcp_task_counts SET tasks = 7 WHERE session_id = ''",
      "DELETE FROM mcp_task_counts WHERE session_id = 's'",
      "INSERT INTO mcp_task_counts (session_id, tasks) VALUES ('gone', 2)"
    ],
    found: [[
      "counters",
      "mcp_task_counts",
      /^3 counts .* that of all tasks is 7, and 3 are stored/,
      /^Tasks are refused/
    ]],
    mends: true,
    deep: true
  },
  {
    name: "messages without a task",
    harm: (_, storage) =>
      Effect.gen(function*() {
        yield* storage.messages.enqueue("gone", "lost")
        yield* storage.messages.enqueue("gone", "lost")
        yield* storage.messages.enqueue("one", "kept")
      }),
    found: [["messages", "mcp_messages", /^2 messages wait for tasks that are not there/, /^Nobody will fetch them/]],
    mends: true,
    deep: true
  },
  {
    name: "rows that break the rules",
    harm: [
      setStatus("status = 'completed'", "one"),
      setStatus("result = '{\"_tag\":\"Success\",\"value\":1}', result_kind = 'error'", "two"),
      setStatus("original_params = '{', ttl = -5", "three")
    ],
    found: [
      rows(/^1 task has a result kind/, /correct its result kind/),
      rows(/^1 task cannot be read/, /delete the task by its id/),
      rows(/^1 task has ended without an outcome/, /settleTask/),
      rows(/^1 task has an outcome and has not ended/, /recoverStuckTasks/)
    ],
    mends: false,
    deep: true
  },
  {
    name: "rows whose status nobody knows",
    harm: [setStatus("status = 'lost'", "one"), setStatus("result_kind = 'none'", "two")],
    found: [rows(/^2 tasks cannot be read/, /delete the task by its id/)],
    mends: false,
    deep: true
  },
  {
    name: "rows with numbers and ids that no operation writes",
    harm: [
      setStatus("ttl = -1, created_at = 9000000000000", "one"),
      setStatus("revision = 0", "two"),
      setStatus("task_id = 'a\n'", "three")
    ],
    found: [rows(/^1 task has an id or a session id/, /./), rows(/^2 tasks have a number out of its range/, /./)],
    mends: false,
    deep: true
  },
  {
    name: "the tasks of a dead worker",
    harm: (_, storage) =>
      Effect.gen(function*() {
        const { workerId } = yield* storage.registerWorker({ lease: 1 })
        yield* storage.createTask({ originalMethod: "m", taskId: "held", worker: workerId })
        yield* Effect.sleep(5)
        yield* storage.declareDeadWorkers()
      }),
    found: [["workers", "", /^1 dead worker holds 1 task\.$/, /free them with fix/]],
    mends: true
  }
]
