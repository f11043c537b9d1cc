/** Storages that are sealed over one store in memory, and what shows of their keys. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import { type Encryption, sealDriver } from "mcp-task-storage/encryption"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { inspect } from "node:util"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { sealedFields } from "../../../src/domain/task/StoredTask.ts"

export const bytesOf = (byte: number) => new Uint8Array(32).fill(byte)
export const base64Of = (byte: number) => Buffer.from(bytesOf(byte)).toString("base64")
export const [first, second] = [bytesOf(1), bytesOf(2)]
export const anyone = { now: 0, session: undefined }

export const store = Effect.map(MemoryTaskStorage.makeStore, (store) => MemoryTaskStorage.makeDriver(store))

export const open = (raw: TaskDriver, encryption: Encryption) =>
  Effect.flatMap(sealDriver(raw, encryption), (driver) => TaskStorage.fromDriver(driver, { maintenance: false }))

export const get = (storage: TaskStorageShape, taskId: string) => Effect.map(storage.getTask(taskId), Option.getOrThrow)

export const secret = { text: "PLAINTEXT" }

export const task = (taskId: string, sessionId?: string) => ({
  taskId,
  originalMethod: "tools/call",
  originalParams: secret,
  statusMessage: "a message",
  meta: secret,
  ...(sessionId === undefined ? {} : { sessionId })
})

/** The ids of the keys that sealed a task. */
export const keyIds = (raw: TaskDriver, taskId: string) =>
  Effect.map(raw.find(taskId, anyone), (stored) => [
    ...new Set(sealedFields.flatMap((field) => {
      const json = stored?.[field]
      return json === null || json === undefined ? [] : [/^sealed1\|([^|]+)\|/.exec(json.text)?.[1] ?? "none"]
    }))
  ])

/** No form of a key shows in anything that can be printed of an error. */
export const showsKey = (error: unknown, key: Uint8Array): boolean => {
  const shown = `${inspect(error, { depth: 9, showHidden: true })} ${JSON.stringify(error)} ${String(error)}`
  const bytes = Buffer.from(key)
  return [bytes.toString("base64"), bytes.toString("base64url"), bytes.toString("hex"), bytes.toString("latin1")]
    .some((form) => shown.includes(form))
}
