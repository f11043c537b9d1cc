/** What is sealed and what stays readable, that nothing can be moved, and that no primitive gets past it. */
import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TaskStorage, type TaskStorageError } from "mcp-task-storage"
import { sealDriver } from "mcp-task-storage/encryption"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { readFileSync } from "node:fs"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import { sealedFields, type StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { freshFile, open, unlimited } from "../sqlite/database.ts"
import { storedTask, text } from "../storedTask.ts"

const keys = { k1: new Uint8Array(32).fill(1) }
const encryption = { current: "k1", keys }
const anyone = { now: 0, session: undefined }
const secret = "PLAINTEXT"

/** A task that has the secret in every payload. */
const secretive = (taskId: string): StoredTask =>
  storedTask(taskId, {
    ...Object.fromEntries(sealedFields.map((field) => [field, text(`${secret} in ${field}`)])),
    failure: StoredJson.fromJson({ name: "Error", message: secret, at: 1 }),
    meta: StoredJson.fromJson({ secret }),
    inputRequests: StoredJson.fromJson({ secret }),
    inputResponses: StoredJson.fromJson({ secret }),
    inputKeys: StoredJson.fromJson([secret]),
    steps: StoredJson.fromJson({ secret }),
    result: StoredJson.fromJson({ _tag: "Success", value: secret }),
    resultKind: "success"
  })

const pair = Effect.gen(function*() {
  const raw = MemoryTaskStorage.makeDriver(yield* MemoryTaskStorage.makeStore)
  return { raw, sealed: yield* sealDriver(raw, encryption) }
})

describe("what is stored", () => {
  it.effect("has every payload sealed, and all else as it is", () =>
    Effect.gen(function*() {
      const { raw, sealed } = yield* pair
      const task = secretive("one")
      yield* sealed.insert(task, unlimited, 0)
      const stored = yield* raw.find("one", anyone)
      for (const [field, value] of Object.entries(stored ?? {})) {
        if (sealedFields.some((sealed) => sealed === field)) {
          expect(value instanceof StoredJson && value.text, field).toMatch(/^sealed1\|k1\|[A-Za-z0-9_-]+$/)
        } else expect(value, field).toEqual(Reflect.get(task, field))
      }
      expect(Object.entries(stored ?? {}).flatMap(([field, value]) => value instanceof StoredJson ? [field] : []))
        .toEqual(expect.arrayContaining([...sealedFields, "originalMethod"]))
      const opened = yield* sealed.find("one", anyone)
      for (const field of sealedFields) expect(opened?.[field]?.text).toBe(task[field]?.text)
    }))

  it.effect("has messages sealed", () =>
    Effect.gen(function*() {
      const { raw, sealed } = yield* pair
      const message = { queue: "one", body: text(secret), expiresAt: 9, maxSize: undefined, now: 0 }
      yield* sealed.messages.push(message)
      yield* sealed.messages.push(message)
      expect((yield* raw.messages.shift("one", 0))?.text).toMatch(/^sealed1\|k1\|/)
      expect((yield* sealed.messages.shift("one", 0))?.text).toBe(text(secret).text)
    }))

  it.live("has no payload anywhere in the files of SQLite", () =>
    Effect.scoped(Effect.gen(function*() {
      const filename = yield* freshFile
      const storage = yield* open({ filename, encryption })
      yield* storage.createTask({
        taskId: "one",
        originalMethod: "tools/call",
        name: "readable name",
        statusMessage: secret,
        meta: { secret },
        originalParams: { secret },
        principal: secret,
        requestState: secret
      })
      yield* storage.storeTaskStep("one", "step", secret)
      yield* storage.requireInput("one", { question: secret })
      yield* storage.provideInput("one", { question: secret })
      yield* storage.messages.enqueue("one", secret)
      yield* storage.settleTask("one", { _tag: "Error", code: 1, message: secret }, {
        failure: { name: "Error", message: secret, stack: secret }
      })
      const files = [filename, `${filename}-wal`].map((file) => readFileSync(file, "latin1")).join()
      expect(files).toContain("readable name")
      expect(files).not.toContain(secret)
      // The keys of questions and steps are payloads as well.
      expect(files).not.toContain("question")
    })))
})

describe("a sealed text", () => {
  it.effect("opens nowhere but where it was sealed", () =>
    Effect.gen(function*() {
      const { raw, sealed } = yield* pair
      for (const taskId of ["one", "two"]) yield* sealed.insert(secretive(taskId), unlimited, 0)
      const one = yield* raw.find("one", anyone)
      for (const field of sealedFields) {
        const moved = one?.[field]
        const next = sealedFields[(sealedFields.indexOf(field) + 1) % sealedFields.length]
        if (moved === undefined || moved === null || next === undefined) throw new Error("no payload")
        for (const [taskId, to] of [["two", field], ["one", next]] as const) {
          const before = yield* raw.find(taskId, anyone)
          yield* raw.patch(taskId, anyone, {}, { [to]: moved })
          const error = yield* Effect.flip(sealed.find(taskId, anyone))
          expect(error.reason, `${field} in ${to} of ${taskId}`).toContain("cannot be opened with the key \"k1\"")
          expect(error.retryable).toBe(false)
          yield* raw.patch(taskId, anyone, {}, { [to]: before?.[to] ?? text("") })
        }
      }
    }))

  it.effect("of a message opens in no other queue", () =>
    Effect.gen(function*() {
      const { raw, sealed } = yield* pair
      const message = { queue: "one", body: text(secret), expiresAt: 9, maxSize: undefined, now: 0 }
      yield* sealed.messages.push(message)
      const body = yield* raw.messages.shift("one", 0)
      yield* raw.messages.push({ ...message, queue: "two", body: body ?? text("") })
      const error = yield* Effect.flip(sealed.messages.shift("two", 0))
      expect(error.reason).toContain("\"k1\"")
      // What cannot be opened is not lost.
      expect((yield* raw.messages.shift("two", 1))?.text).toBe(body?.text)
    }))

  it.effect("is never read as it stands: a storage without keys says which one it needs", () =>
    Effect.scoped(Effect.gen(function*() {
      const { raw, sealed } = yield* pair
      const plain = yield* TaskStorage.fromDriver(raw, { maintenance: false })
      const storage = yield* TaskStorage.fromDriver(sealed, { maintenance: false })
      yield* storage.createTask({
        taskId: "one",
        originalMethod: "m",
        originalParams: { secret },
        statusMessage: secret
      })
      yield* storage.storeTaskStep("one", "step", 1)
      const before = yield* raw.find("one", anyone)
      const refused: ReadonlyArray<Effect.Effect<unknown, TaskStorageError>> = [
        plain.getTask("one"),
        plain.getTaskSummary("one"),
        plain.listTasks(),
        plain.storeTaskStep("one", "other", 1)
      ]
      for (const operation of refused) {
        const error = yield* Effect.flip(Effect.asVoid(operation))
        expect(error).toMatchObject({ _tag: "TaskStorageUnavailable", retryable: false })
        expect(error.message).toContain("sealed with the key \"k1\"")
        expect(error.message).not.toContain("delete")
      }
      expect(yield* raw.find("one", anyone)).toEqual(before)
      expect(Option.isSome(yield* storage.getTask("one"))).toBe(true)
    })))
})

describe("every member of a driver", () => {
  it("is decided on: a new one does not compile in driverOf and sealDriver, and is listed here", () => {
    /** What holds payloads, or may hold them, and is sealed or opened. */
    type Sealed =
      | "insert"
      | "rerun"
      | "find"
      | "findSummary"
      | "patch"
      | "page"
      | "pageSummaries"
      | "take"
      | "tally"
      | "messages"
      | "inspector"
      | "reseal"
      | "payloadBytes"
    /** What holds none: ids, kinds, counts, versions, workers. */
    type Passed =
      | "backendName"
      | "maxPayloadBytes"
      | "pagesByName"
      | "findsSeats"
      | "keepsTasks"
      | "remove"
      | "stale"
      | "abandoned"
      | "freeKinds"
      | "free"
      | "removeExpired"
      | "count"
      | "findEnding"
      | "forget"
      | "workers"
      | "kinds"
      | "transaction"
      | "afterCommit"
      | "foreignWrites"
      | "findRevisions"
      | "maintain"
    expectTypeOf<keyof TaskDriver>().toEqualTypeOf<Sealed | Passed>()
  })

  it.effect("that a driver has is there when it is sealed", () =>
    Effect.gen(function*() {
      const { raw, sealed } = yield* pair
      const added = Object.keys(sealed).filter((member) => !Object.hasOwn(raw, member))
      expect(added.sort()).toEqual(["payloadBytes", "reseal"])
      for (const member of Object.keys(raw)) expect(Object.hasOwn(sealed, member), member).toBe(true)
    }))
})
