/**
 * How many requests each operation takes on DynamoDB.
 */
import * as Effect from "effect/Effect"
import type { TaskStorageError, TaskStorageShape } from "mcp-task-storage"
import { randomBytes } from "node:crypto"
import type { Sent } from "./bareDynamoDb.ts"
import { newId } from "./ids.ts"
import { call, outcome } from "./operations.ts"

type Run = Effect.Effect<unknown, TaskStorageError>

/** Cannot be compressed, and so is split over items. */
const largeOutcome = () =>
  ({
    _tag: "Success",
    value: { content: [{ type: "text", text: randomBytes(750_000).toString("base64") }] }
  }) as const

/** What is done one after the other, with 200 tasks of the session stored beside. */
const steps = (storage: TaskStorageShape): ReadonlyArray<readonly [subject: string, run: Run]> => {
  const [first, second, leased, large] = [newId(), newId(), newId(), newId()]
  const lease = "1 minute"
  const create = (taskId: string) => storage.createTask({ ...call, taskId, sessionId: "session" })
  return [
    ["createTask", create(first)],
    ["createTask, refused", create(first)],
    ["getTask", storage.getTask(first)],
    ["getTask, absent", storage.getTask(second)],
    ["updateTaskStatus", storage.updateTaskStatus(first, "input_required")],
    ["updateTaskStatus, refused", storage.updateTaskStatus(first, "input_required")],
    ["touchTask", storage.touchTask(first, { statusMessage: "half done" })],
    ["settleTask", storage.settleTask(first, outcome)],
    ["settleTask, refused", storage.settleTask(first, outcome)],
    ["getTaskResult", storage.getTaskResult(first)],
    ["deleteTask", storage.deleteTask(first)],
    ["createTask, again", create(second)],
    ["requireInput", storage.requireInput(second, { name: {}, age: {} })],
    ["provideInput, some", storage.provideInput(second, { name: "Ada" })],
    ["provideInput, the last", storage.provideInput(second, { age: 36 })],
    ["storeTaskResult", storage.storeTaskResult(second, outcome)],
    ["createTask, for a worker", storage.createTask({ ...call, taskId: leased, sessionId: "session", lease: 0 })],
    ["claimTask", storage.claimTask(leased, { lease })],
    ["claimTask, held", storage.claimTask(leased, { lease })],
    ["touchTask, a heartbeat", storage.touchTask(leased, { lease, attempt: 1 })],
    ["touchTask, lease lost", storage.touchTask(leased, { lease, attempt: 2 })],
    ["storeTaskStep", storage.storeTaskStep(leased, "step", { rows: 3 }, { attempt: 1 })],
    ["settleTask, by its worker", storage.settleTask(leased, outcome, { attempt: 1 })],
    ["createTask, once more", create(large)],
    ["settleTask, outcome of 1 MB", storage.settleTask(large, largeOutcome())],
    ["getTask, outcome of 1 MB", storage.getTask(large)],
    ["deleteTask, outcome of 1 MB", storage.deleteTask(large)],
    ["listTasks, 50 tasks", storage.listTasks({ limit: 50 })],
    ["listTaskSummaries, 50 tasks", storage.listTaskSummaries({ limit: 50 })],
    ["listTasksForSession, 50 tasks", storage.listTasksForSession("session", { limit: 50 })],
    ["taskCount", storage.taskCount()],
    ["claimableTasks, none found", storage.claimableTasks()],
    ["recoverStuckTasks, none found", storage.recoverStuckTasks("1 day")],
    ["expireTasks, none found", storage.expireTasks()]
  ]
}

/** Counts by name: `8 Query, BatchGetItem`. */
const describe = (sent: ReadonlyArray<Sent>): string => {
  const counts = new Map<string, number>()
  for (const { name } of sent) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => count === 1 ? name : `${count} ${name}`).join(", ")
}

/** Gives a table of what each operation sends. */
export const countRequests = (
  storage: TaskStorageShape,
  hear: (run: Run) => Effect.Effect<ReadonlyArray<Sent>>
): Effect.Effect<ReadonlyArray<ReadonlyArray<string>>> =>
  Effect.map(
    Effect.forEach(
      steps(storage),
      ([subject, run]) => Effect.map(hear(Effect.exit(run)), (sent) => [subject, String(sent.length), describe(sent)])
    ),
    (rows) => [["operation", "requests", "which"], ...rows]
  )
