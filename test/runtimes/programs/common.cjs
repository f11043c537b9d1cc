/** A program of CommonJS: it requires the package, and runs a task. */
const { openTaskRunner } = require("mcp-task-storage/promise")

openTaskRunner("memory:").then(async (runner) => {
  const { taskId } = await runner.startTask({ originalMethod: "own" }, async () => ({ content: [] }))
  const { status } = await runner.storage.awaitTask(taskId)
  process.stdout.write(`${status}\n`)
  await runner.close()
})
