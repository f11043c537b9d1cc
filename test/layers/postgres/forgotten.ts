/** Opens a storage, says so, and closes it when its input ends: `node forgotten.ts URL`. */
import { once } from "node:events"
import { openTaskStorage } from "../../../src/promise/openTaskStorage.ts"

const [, , url = ""] = process.argv

const storage = await openTaskStorage(url, { maintenance: false })
const tasks = await Promise.all(Array.from({ length: 10 }, () => storage.createTask({ originalMethod: "tools/call" })))
const waiting = storage.awaitTask(tasks[0]?.taskId ?? "").catch(() => undefined)
console.log("open")
process.stdin.resume()
await once(process.stdin, "end")
await storage.close()
await waiting
