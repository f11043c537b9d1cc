/**
 * Two processes of the example server on one SQLite file, of which one is killed.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { endWith, startExample } from "../../support/startServer.ts"
import { RawClient } from "./RawClient.ts"

const spawnServer = async (folder: string) => {
  const { child, url } = await startExample("sdk-v2-server.ts", { TASKS_URL: `sqlite:${join(folder, "tasks.db")}` })
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
  await endWith(one.child, "SIGKILL")
  await two.client.update(publishing, { agree: accept })
  const published = await two.client.until(publishing, "completed")
  // What was asked is what was done: the draft was not made again.
  const { params } = Object(Object(asking["inputRequests"])["agree"])
  const draft = String(Object(params)["message"]).slice("Publish \"".length, -2)
  expect(published).toMatchObject({ result: { content: [{ text: `Published: ${draft}` }] } })
  expect(await two.client.until(uploading, "completed")).toMatchObject({ result: { isError: true } })
  expect(await two.client.until(reporting, "completed")).toMatchObject({ statusMessage: "10 of 10 pages" })
  expect(await endWith(two.child, "SIGTERM")).toStrictEqual([0, null])
})

test("a page of somebody else's in a browser reaches nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sdk2-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const { client, url } = await spawnServer(folder)
  const foreign = await fetch(url, { method: "POST", headers: { origin: "https://evil.example" } })
  expect(foreign.status).toBe(403)
  expect((await client.send("tools/list", {}, { origin: new URL(url).origin })).result).toBeDefined()
})
