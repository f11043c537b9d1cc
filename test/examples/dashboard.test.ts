/** The examples that mount the page: each shows it to whom it should, and to nobody else. */
import { openTaskStorage } from "mcp-task-storage/promise"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { endWith, startExample } from "../support/startServer.ts"

/** Starts an example on a storage with one task, and gives the URL that it prints. */
const start = async (name: string) => {
  const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const tasksUrl = `sqlite:${join(folder, "tasks.db")}`
  const storage = await openTaskStorage(tasksUrl)
  const { taskId } = await storage.createTask({ originalMethod: "tools/call", originalParams: { name: "report" } })
  await storage.close()
  const { child, url } = await startExample(`dashboard/${name}.ts`, { TASKS_URL: tasksUrl, TASKS_PASSWORD: "secret" })
  return { child, url: new URL(url), taskId }
}

type Headers = Readonly<Record<string, string>>

const cancel = (page: URL, taskId: string, headers: Headers) =>
  fetch(new URL("-/change", page), {
    method: "POST",
    headers: { "content-type": "application/json", "x-mcp-task-storage": "1", ...headers },
    body: JSON.stringify({ action: "cancel", taskId })
  })

const statusOf = async (page: URL, taskId: string, headers: Headers): Promise<unknown> =>
  JSON.parse(await (await fetch(new URL(`-/task?id=${taskId}`, page), { headers })).text()).task.status

/** Reads of a stream until it has seen the list. */
const watch = async (page: URL, headers: Headers, taskId: string): Promise<void> => {
  const leaving = new AbortController()
  const response = await fetch(new URL("-/live/tasks", page), { headers, signal: leaving.signal })
  let text = ""
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.includes(taskId)) break
  }
  leaving.abort()
}

test.each(
  [
    {
      name: "express",
      allowed: () => ({ authorization: `Basic ${btoa("ops:secret")}` }),
      refused: [{}, { authorization: `Basic ${btoa("ops:guess")}` }],
      status: 401
    },
    {
      name: "hono",
      allowed: (url: URL) => ({ authorization: `Bearer ${url.searchParams.get("token")}` }),
      refused: [{}, { authorization: "Bearer guess" }],
      status: 401
    },
    { name: "effect", allowed: () => ({ "x-forwarded-user": "ada" }), refused: [{}], status: 403 }
  ] as const
)("$name", async ({ allowed, name, refused, status }) => {
  const { child, taskId, url } = await start(name)
  const bare = await fetch(new URL("/tasks", url), { redirect: "manual" })
  expect([bare.status, bare.headers.get("location")]).toEqual([308, "./tasks/"])
  const page = new URL("/tasks/", url)
  for (const headers of refused) {
    expect((await fetch(page, { headers })).status).toBe(status)
    expect((await cancel(page, taskId, headers)).status).toBe(status)
  }
  const headers: Headers = allowed(url)
  const text = await (await fetch(page, { headers })).text()
  const script = /src="(\.\/-\/page-[^"]+\.js)"/.exec(text)?.[1] ?? ""
  expect((await fetch(new URL(script, page), { headers })).headers.get("content-type")).toContain("javascript")
  await watch(page, headers, taskId)
  expect((await cancel(page, taskId, headers)).status).toBe(200)
  expect(await statusOf(page, taskId, headers)).toBe("cancelled")

  expect(await endWith(child, "SIGTERM")).toEqual(name === "effect" ? [expect.anything(), null] : [0, null])
})

test("effect: those who are not of the team may only look", async () => {
  const { taskId, url } = await start("effect")
  const page = new URL("/tasks/", url)
  const headers = { "x-forwarded-user": "eve" }
  expect(await statusOf(page, taskId, headers)).toBe("working")
  expect((await cancel(page, taskId, headers)).status).toBe(403)
})
