/** Encryption in promises: by a URL, with keys from a promise, and sealing anew. */
import { openTaskStorage, type ReencryptProgress } from "mcp-task-storage/promise"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, expect, test } from "vitest"

const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-"))
const filename = join(folder, "tasks.db")
const url = `sqlite:${filename}`

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ring: { readonly [keyId: string]: Uint8Array } = {
  old: new Uint8Array(32).fill(1),
  new: new Uint8Array(32).fill(2)
}
const keys = async (keyId: string) => ring[keyId]
const task = { originalMethod: "tools/call", originalParams: { text: "PLAINTEXT" } }

test("a URL takes keys, by which its payloads are sealed, opened and sealed anew", async () => {
  await using plain = await openTaskStorage(url, { maintenance: false })
  await plain.createTask({ ...task, taskId: "plain" })
  await using old = await openTaskStorage(url, { encryption: { current: "old", keys }, maintenance: false })
  await old.createTask({ ...task, taskId: "old" })
  await using storage = await openTaskStorage(url, { encryption: { current: "new", keys }, maintenance: false })
  expect((await storage.getTask("old"))?.originalParams).toEqual(task.originalParams)

  const progress: Array<ReencryptProgress> = []
  for await (const step of storage.reencryptTasks({ limit: 1 })) progress.push(step)
  expect(progress.map(({ examined, resealed }) => [examined, resealed])).toEqual([[1, 1], [2, 2]])
  // SQLite leaves what was there before in the free space of the file.
  const database = new DatabaseSync(filename)
  database.exec("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
  database.close()
  const file = readFileSync(filename, "latin1")
  expect(file).toContain("sealed1|new|")
  expect(file).not.toContain("sealed1|old|")
  expect(file).not.toContain("PLAINTEXT")

  await expect(plain.getTask("old")).rejects.toMatchObject({ _tag: "TaskStorageUnavailable", retryable: false })
  await using strict = await openTaskStorage(url, {
    encryption: { current: "new", keys, unsealed: "refuse" },
    maintenance: false
  })
  expect((await strict.listTasks()).tasks).toHaveLength(2)
})

test("options of encryption are closed, and a storage without it has nothing to seal", async () => {
  const misspelt = { current: "old", keys, unseald: "read" }
  await expect(openTaskStorage("memory:", { encryption: misspelt })).rejects.toMatchObject({
    _tag: "InvalidInput",
    field: "encryption.unseald"
  })
  await using storage = await openTaskStorage("memory:")
  const pull = async () => {
    for await (const _ of storage.reencryptTasks()) return
  }
  await expect(pull()).rejects.toMatchObject({ _tag: "InvalidInput", field: "encryption" })
})
