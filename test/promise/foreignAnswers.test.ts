/** That an answer of somebody else's service that is no record rejects as any failure of a storage does. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { TaskStorage } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { openTaskStorage } from "mcp-task-storage/promise"
import { expect, test } from "vitest"

/** Gives records whose times cannot be read. */
const layer = Layer.effect(
  TaskStorage,
  Effect.map(TaskStorage, (storage) => {
    const unreadable = Effect.map(
      storage.createTask({ originalMethod: "tools/call" }),
      (record) =>
        Object.defineProperty(record, "createdAt", {
          get: () => {
            throw new TypeError("unreadable")
          }
        })
    )
    return {
      ...storage,
      getTask: () => Effect.orDie(Effect.map(unreadable, Option.some)),
      settleTask: () => Effect.orDie(unreadable)
    }
  })
).pipe(Layer.provide(MemoryTaskStorage.layer()))

test.each(
  [
    ["getTask", "no", (storage) => storage.getTask("t")],
    ["settleTask", "unknown", (storage) => storage.settleTask("t", { _tag: "Success", value: 1 })]
  ] satisfies ReadonlyArray<
    readonly [string, string, (storage: Awaited<ReturnType<typeof openTaskStorage>>) => Promise<unknown>]
  >
)("an answer of %s that cannot be read", async (operation, applied, call) => {
  await using storage = await openTaskStorage({ layer })
  const error: unknown = await call(storage).catch((error: unknown) => error)
  expect(error).toMatchObject({ _tag: "TaskStorageUnavailable", operation, applied, retryable: false })
  expect(error).toHaveProperty("cause.message", "unreadable")
  expect(error).toHaveProperty("stack", expect.stringContaining("foreignAnswers.test.ts"))
})
