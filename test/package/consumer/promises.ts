/** A program in promises that needs nothing but the package. */
import { makeDashboard, toNodeHandler } from "mcp-task-storage/dashboard"
import {
  isTaskStorageError,
  makeTaskAdmin,
  openTaskRunner,
  openTaskStorage,
  TaskFailure
} from "mcp-task-storage/promise"
import { createServer } from "node:http"

const storage = await openTaskStorage("sqlite:tasks.db", { defaultTtl: "1 day", onError: () => {} })
const { taskId } = await storage.createTask({ originalMethod: "tools/call" })
await storage.settleTask(taskId, { _tag: "Success", value: { content: [] } })
const task = await storage.getTask(taskId)
// @ts-expect-error: The task may be gone.
console.log(task.status)
// @ts-expect-error: A status is none of this name.
console.log(task?.status === "finished")

for await (const { done } of makeTaskAdmin(storage).rerunTasks({ status: "failed" })) console.log(done.toFixed())

const runner = await openTaskRunner("sqlite:tasks.db")
runner.register({
  method: "tools/call",
  name: "report",
  run: async (_, { progress, signal, step }) => {
    await progress("Reading")
    const year: number = await step("year", () => 2026)
    if (signal.aborted) throw new TaskFailure({ code: -32_000, message: "Stopped" })
    return { content: [{ type: "text", text: String(year) }] }
  }
})
// @ts-expect-error: A task has a method.
await runner.startTask({ originalParams: { name: "report" } }).catch((error) => isTaskStorageError(error))

createServer(toNodeHandler(makeDashboard(storage, { authorize: () => true }))).listen(0)
