/** Keys: where they come from, what is wrong with them, how they are changed, thrown away, and never shown. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import type { TaskStorageError, TaskStorageShape } from "mcp-task-storage"
import { type Encryption, type EncryptionKey, sealDriver } from "mcp-task-storage/encryption"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import { joinSealed } from "../../../src/domain/json/SealedText.ts"
import { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import { anyone, base64Of, bytesOf, first, get, keyIds, open, second, secret, showsKey, store, task } from "./keyed.ts"

describe("a key", () => {
  const forms: { readonly [form: string]: EncryptionKey } = {
    bytes: first,
    "a Buffer": Buffer.from(first),
    base64: base64Of(1),
    base64url: Buffer.from(first).toString("base64url"),
    "redacted base64": Redacted.make(base64Of(1))
  }

  it.effect.each(Object.entries(forms))("may be %s", ([, key]) =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      yield* Effect.flatMap(open(raw, { current: "k1", keys: { k1: first } }), (storage) =>
        storage.createTask(task("one")))
      const storage = yield* open(raw, { current: "k1", keys: { k1: key } })
      expect((yield* get(storage, "one")).originalParams).toEqual(secret)
    })))

  const short = Buffer.from(bytesOf(9)).subarray(1)
  const wrong: ReadonlyArray<readonly [field: string, encryption: unknown]> = [
    ["encryption", 5],
    ["encryption", null],
    ["encryption.current", { keys: { k1: first } }],
    ["encryption.current", { current: "k2", keys: { k1: first } }],
    ["encryption.current", { current: "", keys: { k1: first } }],
    ["encryption.current", { current: "a|b", keys: () => first }],
    ["encryption.current", { current: "..", keys: () => first }],
    ["encryption.current", { current: "keys/../../k1", keys: () => first }],
    ["encryption.keys", { current: "k1", keys: { k1: first, "../k2": second } }],
    // The key in the place of its id.
    ["encryption.current", { current: base64Of(9).replace("=", ""), keys: { k1: bytesOf(9) } }],
    ["encryption.keys", { current: "k1" }],
    ["encryption.keys", { current: "k1", keys: [bytesOf(9)] }],
    ["encryption.keys", { current: "k1", keys: { [`${base64Of(9)}|`]: "k1" } }],
    // The two the wrong way round.
    ["encryption.keys", { current: "k1", keys: { [base64Of(9)]: "k1" } }],
    ["encryption.keys.k1", { current: "k1", keys: { k1: short } }],
    ["encryption.keys.k1", { current: "k1", keys: { k1: short.toString("base64") } }],
    ["encryption.keys.k1", { current: "k1", keys: { k1: `${base64Of(9)}x` } }],
    ["encryption.keys.k1", { current: "k1", keys: { k1: 5 } }],
    ["encryption.cacheFor", { current: "k1", keys: { k1: first }, cacheFor: -1 }],
    ["encryption.unsealed", { current: "k1", keys: { k1: first }, unsealed: "maybe" }],
    ["encryption.curent", { curent: "k1", keys: { k1: first } }]
  ]

  it.effect.each(wrong)(
    "that is wrong is refused in %s, and not shown",
    ([field, encryption]) =>
      Effect.gen(function*() {
        const raw = yield* store
        const opening: ReturnType<typeof sealDriver> = Reflect.apply(sealDriver, undefined, [raw, encryption])
        const error = yield* Effect.flip(opening)
        expect(error).toMatchObject({ _tag: "InvalidInput", field })
        expect(showsKey(error, bytesOf(9))).toBe(false)
        expect(showsKey(error, short)).toBe(false)
      })
  )

  it("would be seen in an error", () => {
    expect(showsKey(new Error(base64Of(9)), bytesOf(9))).toBe(true)
    expect(showsKey(new Error("", { cause: Buffer.from(bytesOf(9)).toString("hex") }), bytesOf(9))).toBe(true)
  })
})

/** Every operation on a task that has to read it. */
const reads: { readonly [operation: string]: (storage: TaskStorageShape) => Effect.Effect<unknown, TaskStorageError> } =
  {
    getTask: (storage) => storage.getTask("one"),
    getTaskResult: (storage) => storage.getTaskResult("one"),
    listTasks: (storage) => storage.listTasks(),
    storeTaskStep: (storage) => storage.storeTaskStep("one", "step", 1),
    requireInput: (storage) => storage.requireInput("one", { a: 1 }),
    provideInput: (storage) => storage.provideInput("one", { a: 1 }),
    claimTask: (storage) => storage.claimTask("one", { lease: 1 }),
    awaitTask: (storage) => storage.awaitTask("one"),
    changes: (storage) => Stream.runDrain(storage.changes("one"))
  }

/** What keys may be instead of the ones that sealed the task. */
const faults: { readonly [fault: string]: { readonly encryption: Encryption; readonly key: Uint8Array } } = {
  "a missing key": { encryption: { current: "k2", keys: { k2: second } }, key: second },
  "another key of its id": { encryption: { current: "k1", keys: { k1: second } }, key: second },
  "a missing key of a function": {
    encryption: { current: "k2", keys: (keyId) => keyId === "k2" ? second : undefined },
    key: second
  },
  "a function that gives no key": {
    encryption: { current: "k2", keys: async (keyId) => keyId === "k2" ? second : "no key" },
    key: second
  }
}

describe.each(Object.entries(faults))("with %s", (_, { encryption, key }) => {
  it.effect("what has to read a task fails, names the id, and overwrites nothing", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      yield* Effect.flatMap(
        open(raw, { current: "k1", keys: { k1: first } }),
        (storage) => storage.createTask(task("one"))
      )
      const before = yield* raw.find("one", anyone)
      const storage = yield* open(raw, encryption)
      for (const [operation, read] of Object.entries(reads)) {
        const error = yield* Effect.flip(Effect.asVoid(read(storage)))
        expect(error, operation).toMatchObject({ _tag: "TaskStorageUnavailable", retryable: false, applied: "no" })
        expect(error.message, operation).toContain("\"k1\"")
        expect(showsKey(error, key), operation).toBe(false)
        expect(JSON.stringify(error), operation).not.toContain(secret.text)
      }
      expect(yield* raw.find("one", anyone)).toEqual(before)
    })))

  it.effect("summaries go on without what cannot be opened", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      yield* Effect.flatMap(open(raw, { current: "k1", keys: { k1: first } }), (storage) =>
        storage.createTask(task("one")))
      const storage = yield* open(raw, encryption)
      yield* storage.createTask(task("two"))
      const { tasks: [one, two] } = yield* storage.listTaskSummaries()
      expect(one).toMatchObject({ taskId: "one", statusMessage: "This message is sealed and cannot be shown." })
      expect(one?.meta).toBeUndefined()
      expect(two).toMatchObject({ taskId: "two", statusMessage: "a message", meta: secret })
      expect(Option.getOrUndefined(yield* storage.getTaskSummary("one"))).toEqual(one)
      // It can be cancelled without its key, and what is said then is seen.
      const cancelled = yield* storage.withSummary.updateTaskStatus("one", "cancelled")
      expect(cancelled).toMatchObject({ status: "cancelled", statusMessage: one?.statusMessage })
      // It can be deleted without its key.
      expect(yield* storage.deleteTask("one")).toBe(true)
      expect((yield* storage.listTasks()).tasks).toHaveLength(1)
    })))
})

describe("a write", () => {
  it.effect("that is done, on a task with payloads that cannot be opened, says that it may have happened", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      yield* Effect.flatMap(
        open(raw, { current: "k1", keys: { k1: first } }),
        (storage) => storage.createTask(task("one"))
      )
      const storage = yield* open(raw, { current: "k2", keys: { k2: second } })
      const error = yield* Effect.flip(storage.settleTask("one", { _tag: "Success", value: secret }))
      expect(error).toMatchObject({ _tag: "TaskStorageUnavailable", applied: "unknown" })
      const both = yield* open(raw, { current: "k2", keys: { k1: first, k2: second } })
      // Nothing of what was there is gone.
      expect(yield* get(both, "one")).toMatchObject({ originalParams: secret, meta: secret })
    })))

  it.effect("whose key cannot be had is not made", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      let answers = true
      const storage = yield* open(raw, {
        current: "k1",
        cacheFor: 0,
        keys: async () => {
          if (answers) return first
          throw new Error(`KMS is down, and ${base64Of(1)}`)
        }
      })
      yield* storage.createTask(task("one"))
      yield* storage.messages.enqueue("one", secret)
      const before = yield* raw.find("one", anyone)
      answers = false
      const writes: ReadonlyArray<Effect.Effect<unknown, TaskStorageError>> = [
        storage.createTask(task("two")),
        storage.settleTask("one", { _tag: "Success", value: 1 }),
        storage.touchTask("one", { statusMessage: "new" }),
        storage.messages.enqueue("one", secret),
        storage.messages.dequeue("one"),
        storage.messages.dequeueAll("one"),
        storage.listTaskSummaries()
      ]
      for (const write of writes) {
        const error = yield* Effect.flip(Effect.asVoid(write))
        expect(error).toMatchObject({ _tag: "TaskStorageUnavailable", retryable: true, applied: "no" })
        expect(error.message).toContain("\"k1\"")
        expect(showsKey(error, first)).toBe(false)
      }
      expect(yield* raw.find("one", anyone)).toEqual(before)
      expect(yield* raw.count(anyone)).toBe(1)
      answers = true
      expect(yield* storage.messages.dequeueAll("one")).toEqual([secret])
    })))

  it.effect("of no payload needs no key", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      let asked = 0
      const storage = yield* open(raw, {
        current: "k1",
        cacheFor: 0,
        keys: () => {
          asked++
          return first
        }
      })
      asked = 0
      yield* storage.createTask({ taskId: "one", originalMethod: "m" })
      yield* storage.touchTask("one")
      yield* storage.deleteTask("one")
      expect(asked).toBe(0)
    })))
})

describe("a function of keys", () => {
  it.effect("is not asked for an id that leads out of the folder of its keys, whatever the database says", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      const asked: Array<string> = []
      const storage = yield* open(raw, {
        current: "k1",
        keys: (keyId) => {
          asked.push(keyId)
          return first
        }
      })
      yield* storage.createTask(task("one"))
      for (const keyId of ["..", "../k1", "a/..", "a/../../k1", "/../k1"]) {
        const sealed = joinSealed({ version: "1", keyId, body: "A".repeat(80) })
        yield* raw.patch("one", anyone, {}, { originalParams: StoredJson.fromText(sealed) })
        const error = yield* Effect.flip(storage.getTask("one"))
        expect(error.message, keyId).toContain("its text was changed")
      }
      expect(asked).toEqual(["k1"])
      // Dots alone lead nowhere.
      for (const keyId of ["a..b", "...", "v1..2/k"]) {
        const other = yield* open(yield* store, { current: keyId, keys: () => first })
        yield* other.createTask(task("one"))
        expect((yield* get(other, "one")).originalParams).toEqual(secret)
      }
    })))

  it.effect("is asked once for those who wait at the same time, and again when its answer is old", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      const asked: Array<string> = []
      const storage = yield* open(raw, {
        current: "k1",
        cacheFor: "1 minute",
        keys: async (keyId) => {
          asked.push(keyId)
          return first
        }
      })
      yield* Effect.forEach(["a", "b", "c"], (taskId) => storage.createTask(task(taskId)), { concurrency: "unbounded" })
      yield* storage.listTasks()
      expect(asked).toEqual(["k1"])
      yield* TestClock.adjust("2 minutes")
      yield* Effect.forEach(["a", "b", "c"], (taskId) => storage.getTask(taskId), { concurrency: "unbounded" })
      expect(asked).toEqual(["k1", "k1"])
    })))

  it.live("that does not answer fails what needs its key, and is asked anew", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      const forms: ReadonlyArray<() => Promise<Uint8Array> | Effect.Effect<Uint8Array>> = [
        () => new Promise(() => {}),
        () => Effect.never
      ]
      for (const [index, unanswered] of forms.entries()) {
        let answers = true
        let asked = 0
        const storage = yield* open(raw, {
          current: "k1",
          cacheFor: 0,
          keyTimeout: 40,
          keys: () => {
            asked++
            return answers ? first : unanswered()
          }
        })
        const taskId = `task-${index}`
        yield* storage.createTask(task(taskId))
        answers = false
        asked = 0
        const writes: ReadonlyArray<Effect.Effect<unknown, TaskStorageError>> = [
          storage.createTask(task("other")),
          storage.touchTask(taskId, { statusMessage: "new" })
        ]
        const errors = yield* Effect.forEach(writes, (write) => Effect.flip(Effect.asVoid(write)), {
          concurrency: "unbounded"
        })
        for (const error of errors) {
          expect(error).toMatchObject({ _tag: "TaskStorageUnavailable", retryable: true, applied: "no" })
          expect(error.message).toContain("did not give the key \"k1\" within 40 ms")
        }
        expect(asked).toBe(1)
        answers = true
        expect(yield* get(storage, taskId)).toMatchObject({ originalParams: secret })
      }
    })))

  it.live("that does not answer when a storage is opened fails the layer", () =>
    Effect.gen(function*() {
      const raw = yield* store
      const keys = () => new Promise<Uint8Array>(() => {})
      const error = yield* Effect.flip(sealDriver(raw, { current: "k1", keyTimeout: 20, keys }))
      expect(error).toMatchObject({ _tag: "TaskDriverError", retryable: true })
    }))

  it.effect("that has no key for what is to seal fails the layer", () =>
    Effect.gen(function*() {
      const raw = yield* store
      const error = yield* Effect.flip(sealDriver(raw, { current: "k1", keys: () => undefined }))
      expect(error).toMatchObject({ _tag: "TaskDriverError", retryable: false })
    }))
})

describe("keys by session", () => {
  const sessionKeys = (keys: { [keyId: string]: Uint8Array | undefined }): Encryption => ({
    current: (sessionId) => sessionId === null ? "shared" : `session/${sessionId}`,
    keys: (keyId) => keys[keyId],
    cacheFor: 0
  })

  it.live("of a page are asked for side by side", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      const waiting: Array<() => void> = []
      let isHeld = false
      const storage = yield* open(raw, {
        current: (sessionId) => `session/${sessionId}`,
        cacheFor: 0,
        keys: async () => {
          if (isHeld) {
            // Nobody gets a key before three wait for one.
            await new Promise<void>((resolve) => waiting.push(resolve) < 3 ? undefined : waiting.forEach((go) => go()))
          }
          return first
        }
      })
      for (const session of ["a", "b", "c"]) yield* storage.forSession(session).createTask(task(session))
      isHeld = true
      expect((yield* storage.listTasks()).tasks.map(({ taskId }) => taskId)).toEqual(["a", "b", "c"])
    })))

  it.effect("seal each task with its own, whoever writes", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      let summaries = 0
      const counted: TaskDriver = {
        ...raw,
        findSummary: (...find) =>
          Effect.suspend(() => {
            summaries++
            return raw.findSummary(...find)
          })
      }
      const keys = { shared: first, "session/a": second, "session/b": bytesOf(3) }
      const [storage, other] = [yield* open(counted, sessionKeys(keys)), yield* open(counted, sessionKeys(keys))]
      yield* storage.createTask(task("one", "a"))
      yield* storage.createTask(task("none"))
      yield* storage.settleTask("one", { _tag: "Success", value: secret })
      yield* storage.settleTask("none", { _tag: "Success", value: secret })
      expect(summaries).toBe(0)
      expect(yield* keyIds(raw, "one")).toEqual(["session/a"])
      expect(yield* keyIds(raw, "none")).toEqual(["shared"])
      // A process that does not know the session reads it, once.
      yield* storage.createTask(task("two", "b"))
      yield* other.touchTask("two", { statusMessage: "new" })
      yield* other.touchTask("two", { statusMessage: "newer" })
      expect(summaries).toBe(1)
      expect(yield* keyIds(raw, "two")).toEqual(["session/b"])
      yield* storage.messages.enqueue("two", secret)
      expect((yield* raw.messages.shift("two", 0))?.text).toMatch(/^sealed1\|session\/b\|/)
    })))

  it.effect("know another task that has the id of an earlier one", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      const keys = { "session/a": first, "session/b": second }
      const [storage, other] = [yield* open(raw, sessionKeys(keys)), yield* open(raw, sessionKeys(keys))]
      yield* storage.createTask(task("one", "a"))
      yield* other.deleteTask("one")
      yield* other.createTask(task("one", "b"))
      yield* storage.settleTask("one", { _tag: "Success", value: secret })
      expect(yield* keyIds(raw, "one")).toEqual(["session/b"])
    })))

  it.effect("erase what they sealed when they are thrown away, and nothing else", () =>
    Effect.scoped(Effect.gen(function*() {
      const raw = yield* store
      const keys: { [keyId: string]: Uint8Array | undefined } = { "session/a": first, "session/b": second }
      const storage = yield* open(raw, sessionKeys(keys))
      yield* storage.createTask(task("one", "a"))
      yield* storage.createTask(task("two", "b"))
      keys["session/a"] = undefined
      yield* TestClock.adjust("1 minute")
      const error = yield* Effect.flip(storage.getTask("one"))
      expect(error.message).toContain("there is no key \"session/a\"")
      expect((yield* get(storage, "two")).originalParams).toEqual(secret)
      expect((yield* storage.listTaskSummaries()).tasks).toHaveLength(2)
      expect((yield* storage.forSession("b").listTasks()).tasks).toHaveLength(1)
      // Nothing more is stored for it, which nobody could read.
      yield* Effect.flip(storage.createTask(task("three", "a")))
      expect(yield* storage.deleteTask("one")).toBe(true)
    })))
})
