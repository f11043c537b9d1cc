/**
 * Two processes of the example server on one SQLite file, of which one is killed.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { expect, onTestFinished, test } from "vitest"
import { RawClient } from "./RawClient.ts"

const program = join(import.meta.dirname, "../../../examples/sdk-v2-server.ts")

const spawnServer = async (
  folder: string
): Promise<{ readonly child: ChildProcess; readonly client: RawClient; readonly url: string }> => {
  const child = spawn(process.execPath, ["--conditions=mcp-task-storage-source", program], {
    env: { ...process.env, TASKS_URL: `sqlite:${join(folder, "tasks.db")}`, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"]
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  const lines = createInterface({ input: child.stdout })
  const [line]: Array<unknown> = await once(lines, "line")
  const url = /http:\S+/.exec(String(line))?.[0]
  if (url === undefined) throw new Error(`The server said ${line}`)
  return { child, client: new RawClient({ url, token: "ann" }), url }
}

const accept = { action: "accept", content: { agree: true } }

test("a question that one process asked is answered at another, after the first was killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sdk2-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [one, two] = await Promise.all([spawnServer(folder), spawnServer(folder)])
  const publishing = await one.client.start("publish", { title: "Spring" })
  const uploading = await two.client.start("upload", { title: "Spring" })
  const reporting = await two.client.start("report", { title: "Spring", seconds: 0.5 })
  const asking = await two.client.until(publishing, "input_required")
  const killed = once(one.child, "exit")
  one.child.kill("SIGKILL")
  await killed
  await two.client.update(publishing, { agree: accept })
  const published = await two.client.until(publishing, "completed")
  // What was asked is what was done: the draft was not made again.
  const { params } = Object(Object(asking["inputRequests"])["agree"])
  const draft = String(Object(params)["message"]).slice("Publish \"".length, -2)
  expect(published).toMatchObject({ result: { content: [{ text: `Published: ${draft}` }] } })
  expect(await two.client.until(uploading, "completed")).toMatchObject({ result: { isError: true } })
  expect(await two.client.until(reporting, "completed")).toMatchObject({ statusMessage: "10 of 10 pages" })
  const stopped = once(two.child, "exit")
  two.child.kill("SIGTERM")
  expect(await stopped).toStrictEqual([0, null])
})

test("a page of somebody else's in a browser reaches nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sdk2-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { client, url } = await spawnServer(folder)
  const foreign = await fetch(url, { method: "POST", headers: { origin: "https://evil.example" } })
  expect(foreign.status).toBe(403)
  expect((await client.send("tools/list", {}, { origin: new URL(url).origin })).result).toBeDefined()
})
