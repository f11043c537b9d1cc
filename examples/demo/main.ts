/**
 * The demo: a server is killed in the middle of its work and started again, and its client loses nothing.
 *
 * Run it with `npm run demo`, on SQLite, or with `npm run demo -- postgres`, or on any other storage that a URL names. To
 * see it fail, run `npm run demo -- memory:`, on a storage that ends with its process.
 */
import type { Task } from "@modelcontextprotocol/sdk/types.js"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ReportServer } from "./ReportServer.ts"
import { startDemoPostgres } from "./startDemoPostgres.ts"
import { Story, until } from "./Story.ts"
import { tellOfTwoServers } from "./twoServers.ts"

const tell = async (story: Story, tasksUrl: string): Promise<void> => {
  let server = await ReportServer.start(tasksUrl)
  try {
    story.step(`Server ${server.pid} runs on an empty storage; the client starts two short reports and two long ones`)
    const short = await Promise.all([server.startReport("Weather", 0.3), server.startReport("Traffic", 0.5)])
    const long = await Promise.all([server.startReport("Economy", 60), server.startReport("Climate", 90)])

    const finished = await Promise.all(short.map((task) => ended(server, task)))
    const results = await Promise.all(short.map(({ taskId }) => server.getResult(taskId)))
    story.step("The short reports are finished, the long ones are not")
    story.check("two are completed", finished.map(({ status }) => status), ["completed", "completed"])
    story.check("two are being worked on", await statuses(server, long), ["working", "working"])
    for (const result of results) story.detail(textOf(result))

    story.step(`Server ${server.pid} is killed with SIGKILL`)
    await server.kill()

    server = await ReportServer.start(tasksUrl)
    story.step(`Server ${server.pid} is started on the same storage`)
    story.check("the finished tasks are as they were", await get(server, short), finished)
    story.check(
      "their results are there word for word",
      await Promise.all(short.map(({ taskId }) => server.getResult(taskId))),
      results
    )
    story.step("A moment later nobody holds the interrupted tasks any more")
    const failed = await Promise.all(long.map((task) => ended(server, task)))
    story.check("they have failed", failed.map(({ status }) => status), ["failed", "failed"])
    for (const { statusMessage, taskId } of await get(server, long)) {
      story.check("tasks/get says why", statusMessage?.startsWith("Interrupted"), true)
      const error = await server.getResult(taskId).then(() => undefined, (error: unknown) => error)
      story.check(
        "tasks/result gives the error",
        error instanceof Error && error.message.endsWith(`${statusMessage}`),
        true
      )
      story.detail(`${statusMessage}`)
    }

    story.step("The client goes on: it starts a new report, and cancels another one")
    const fresh = await server.startReport("Sports", 0.3)
    const unwanted = await server.startReport("Stocks", 8)
    await until(
      "the report that nobody wants to begin",
      async () => (await server.getTask(unwanted.taskId)).statusMessage
    )
    story.check("the cancelled task is cancelled", (await server.cancel(unwanted.taskId)).status, "cancelled")
    story.check("the new one is completed", (await ended(server, fresh)).status, "completed")
    story.detail(textOf(await server.getResult(fresh.taskId)))

    const listed = await server.listTasks()
    const byId = new Map(listed.map(({ status, taskId }) => [taskId, status]))
    story.step("tasks/list shows the tasks of both lives of the server")
    story.check("all six are there, once", [listed.length, byId.size], [6, 6])
    story.check(
      "each in its status",
      [...short, ...long, fresh, unwanted].map(({ taskId }) => byId.get(taskId)),
      ["completed", "completed", "failed", "failed", "completed", "cancelled"]
    )
  } finally {
    await server.stop()
  }
}

const get = (server: ReportServer, tasks: ReadonlyArray<Task>): Promise<ReadonlyArray<Task>> =>
  Promise.all(tasks.map(({ taskId }) => server.getTask(taskId)))

const statuses = async (server: ReportServer, tasks: ReadonlyArray<Task>): Promise<ReadonlyArray<string>> =>
  (await get(server, tasks)).map(({ status }) => status)

const ended = (server: ReportServer, { taskId }: Task): Promise<Task> =>
  until("a report", async () => {
    const task = await server.getTask(taskId)
    return task.status === "working" ? undefined : task
  })

const textOf = (result: Awaited<ReturnType<ReportServer["getResult"]>>): string =>
  result.content.map((part) => part.type === "text" ? part.text : `(${part.type})`).join("\n")

const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-demo-"))
const story = new Story()
const [, , storage = `sqlite:${join(folder, "tasks.db")}`] = process.argv
const postgres = storage === "postgres" ? await startDemoPostgres() : undefined
const url = postgres?.url ?? storage
try {
  await tell(story, url)
  await tellOfTwoServers(story, url)
  story.end()
} catch (error) {
  story.end(error)
} finally {
  await postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
}
