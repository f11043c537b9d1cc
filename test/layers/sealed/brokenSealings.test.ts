/** That the audit of what is stored sees a storage that seals with wrong keys, in wrong places, or not at all. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { keyIdOf } from "../../../src/domain/json/SealedText.ts"
import type { StoredJson } from "../../../src/domain/json/StoredJson.ts"
import { sealedFields } from "../../../src/domain/task/StoredTask.ts"
import { type ParsedEncryption, parseEncryption } from "../../../src/layers/sealed/Encryption.ts"
import { type KeyRing, type Keys, makeKeyRing } from "../../../src/layers/sealed/KeyRing.ts"
import { sealDriver } from "../../../src/layers/sealed/sealDriver.ts"
import { aesSealer, type Place, type Sealer } from "../../../src/layers/sealed/Sealer.ts"
import { type Known, type Payloads, Sealing } from "../../../src/layers/sealed/Sealing.ts"
import { makeAudit } from "./auditedDriver.ts"

const bytesOf = (byte: number) => new Uint8Array(32).fill(byte)
const keys = { shared: bytesOf(1), "session/a": bytesOf(2), "session/b": bytesOf(3), old: bytesOf(4) }
const keyOf = (sessionId: string | null) => sessionId === null ? "shared" : `session/${sessionId}`

/** Every write that has payloads, by a process that created the task and by one that did not, for tasks of two sessions and of none. */
const scenario = (first: TaskStorageShape, second: TaskStorageShape) =>
  Effect.gen(function*() {
    for (const sessionId of ["a", "b", undefined]) {
      const session = sessionId === undefined ? {} : { sessionId }
      const taskId = `task of ${sessionId}`
      const payloads = {
        originalParams: { a: 1 },
        meta: { a: 1 },
        statusMessage: "message",
        principal: "p",
        requestState: "s"
      }
      yield* first.createTask({ taskId, originalMethod: "m", ...payloads, ...session })
      yield* second.storeTaskStep(taskId, "step", 1)
      yield* first.requireInput(taskId, { question: 1 })
      yield* second.provideInput(taskId, { question: 2 })
      yield* second.touchTask(taskId, { statusMessage: "message" })
      yield* first.messages.enqueue(taskId, "hello")
      yield* first.messages.enqueue(taskId, "hello")
      yield* second.messages.enqueue(taskId, "hello")
      yield* first.withSummary.settleTask(taskId, { _tag: "Error", code: 1, message: "no" }, {
        failure: { name: "Error", message: "no", stack: "here" }
      })
      yield* second.rerunTask(taskId, { steps: true })
    }
    yield* Stream.runDrain(first.reencryptTasks())
  })

type MakeSealing = (encryption: ParsedEncryption, ring: KeyRing) => Sealing

/** Runs the scenario with two processes, and gives what the audit found. One task was there before, sealed with an older key. */
const audit = (make: MakeSealing) =>
  Effect.scoped(Effect.gen(function*() {
    const store = yield* MemoryTaskStorage.makeStore
    const open = (current: (sessionId: string | null) => string, make: MakeSealing) =>
      Effect.gen(function*() {
        const parsed = yield* Effect.fromResult(parseEncryption({ current, keys }))
        const sealing = make(parsed, yield* makeKeyRing(parsed))
        return yield* TaskStorage.fromDriver(sealDriver(audited(MemoryTaskStorage.makeDriver(store)), sealing), {
          maintenance: false
        })
      })
    let sealsOld = true
    const audited = makeAudit({
      keys,
      sealsFor: (keyId, sessionId) => keyId === keyOf(sessionId) || (sealsOld && keyId === "old")
    })
    const before = yield* open(() => "old", (...sealing) => new Sealing(...sealing, aesSealer))
    yield* before.createTask({ taskId: "earlier", originalMethod: "m", originalParams: 1, statusMessage: "old" })
    sealsOld = false
    const [first, second] = [yield* open(keyOf, make), yield* open(keyOf, make)]
    return yield* Effect.exit(scenario(first, second))
  }))

const found = (exit: Exit.Exit<unknown, unknown>): string => Exit.isSuccess(exit) ? "" : Cause.pretty(exit.cause)

/** Seals and opens elsewhere than it says, so that all it does itself with what it has sealed is right. */
const sealingAt = (elsewhere: (place: Place) => Place): MakeSealing => (...sealing) =>
  new Sealing(...sealing, {
    seal: (key, keyId, text, place) => aesSealer.seal(key, keyId, text, elsewhere(place)),
    open: (key, sealed, place) => aesSealer.open(key, sealed, elsewhere(place))
  })

class OneKeyForAll extends Sealing {
  override keyIdFor() {
    return super.keyIdFor(null)
  }
}

/** Takes the key that the row has for the one of its session. */
class KeyOfTheRow extends Sealing {
  #last: string | undefined

  override openOne(json: StoredJson, place: Place, keys: Keys) {
    this.#last = keyIdOf(json.text)
    return super.openOne(json, place, keys)
  }

  override keyIdFor(sessionId: string | null) {
    return this.#last === undefined ? super.keyIdFor(sessionId) : Result.succeed(this.#last)
  }
}

class KeyOfTheFirstSession extends Sealing {
  #first: string | null | undefined

  override keyIdFor(sessionId: string | null) {
    return super.keyIdFor(this.#first === undefined ? this.#first = sessionId : this.#first)
  }
}

class MessagesOfNobody extends Sealing {
  override sealOne(_: string | null, json: StoredJson, place: Place) {
    return super.sealOne(null, json, place)
  }
}

/** Seals and opens the payloads of each task as if they were those of another one. */
class PlacesOfAnother extends Sealing {
  override seal<Row extends Payloads>(_: string, sessionId: string | null, row: Row) {
    return super.seal("another", sessionId, row)
  }

  override open<Row extends Payloads>(_: string, row: Row, keys: Keys, known?: Known) {
    return super.open("another", row, keys, known)
  }
}

/** Seals equal texts of a place once. */
const remembering = (): Sealer => {
  const texts = new Map<string, string>()
  return {
    open: aesSealer.open,
    seal: (key, keyId, text, place) => {
      const name = JSON.stringify([keyId, text, place])
      const sealed = texts.get(name) ?? aesSealer.seal(key, keyId, text, place)
      texts.set(name, sealed)
      return sealed
    }
  }
}

const summaryFields = ["statusMessage", "meta", "failure"]

const broken: { readonly [fault: string]: readonly [make: MakeSealing, finding: string] } = {
  "one key for all sessions": [(...sealing) => new OneKeyForAll(...sealing, aesSealer), "which is none of session a"],
  "the key that the row has": [(...sealing) => new KeyOfTheRow(...sealing, aesSealer), "which is none of session"],
  "the key of the first session": [
    (...sealing) => new KeyOfTheFirstSession(...sealing, aesSealer),
    "which is none of session b"
  ],
  "messages with the key of no session": [
    (...sealing) => new MessagesOfNobody(...sealing, aesSealer),
    "message of task of a is sealed with the key shared, which is none of session a"
  ],
  "payloads in the places of another task": [
    (...sealing) => new PlacesOfAnother(...sealing, aesSealer),
    "does not open in its place"
  ],
  "summaries in the places of another task": [
    sealingAt(({ field, taskId }) => ({ field, taskId: summaryFields.includes(field) ? "another" : taskId })),
    "does not open in its place"
  ],
  "a text that was sealed before": [
    (...sealing) => new Sealing(...sealing, remembering()),
    "has the nonce of another one"
  ],
  ...Object.fromEntries(
    [...sealedFields, "message"].flatMap((field): ReadonlyArray<readonly [string, readonly [MakeSealing, string]]> => [
      [`${field} bound to a wrong field`, [
        sealingAt((place) => place.field === field ? { ...place, field: `${field} or so` } : place),
        `${field} of task of a does not open in its place`
      ]],
      [`${field} as it is`, [
        (...sealing) =>
          new Sealing(...sealing, {
            ...aesSealer,
            seal: (key, keyId, text, place) => place.field === field ? text : aesSealer.seal(key, keyId, text, place)
          }),
        `${field} of task of a is not sealed`
      ]]
    ])
  )
}

describe("the audit", () => {
  it.effect("finds nothing wrong with what is sealed", () =>
    Effect.gen(function*() {
      assert.strictEqual(found(yield* audit((...sealing) => new Sealing(...sealing, aesSealer))), "")
    }))

  it.effect.each(Object.entries(broken))("finds %s", ([, [make, finding]]) =>
    Effect.gen(function*() {
      assert.include(found(yield* audit(make)), finding)
    }))
})
