/**
 * What the tests of the SDK drop-ins share: a storage over a driver whose engine fails when it is told to.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { onTestFinished } from "vitest"
import { type RunPromiseExit, SdkTaskStore, type SdkTaskStoreOptions } from "../../../src/adapters/sdk-v1/index.ts"
import { type TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { TaskStorageOptions } from "../../../src/domain/options/TaskStorageOptions.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as MemoryTaskStorage from "../../../src/layers/MemoryTaskStorage.ts"
import { makeClock } from "../../../src/promise/clock.ts"

export type Primitive = "insert" | "find" | "patch" | "pageSummaries" | "push" | "shift" | "drain"

type Interference = Effect.Effect<unknown, TaskDriverError>

/** Counts the calls of a driver's primitives, and runs something before chosen ones. */
export class Interposer {
  readonly calls: Array<Primitive> = []
  /** Those that were answered with the payloads of a task. */
  readonly payloads: Array<Primitive> = []
  readonly #queued = new Map<Primitive, Array<Interference>>()
  readonly #constant = new Map<Primitive, Interference>()

  /** Runs the effects before the next calls of a primitive, one before each. */
  beforeNext(primitive: Primitive, ...effects: ReadonlyArray<Interference>): void {
    this.#queued.set(primitive, [...this.#queued.get(primitive) ?? [], ...effects])
  }

  /** Runs the effect before every call of a primitive. */
  beforeAll(primitive: Primitive, effect: Interference): void {
    this.#constant.set(primitive, effect)
  }

  wrap(driver: TaskDriver): TaskDriver {
    const on = <A>(
      primitive: Primitive,
      effect: Effect.Effect<A, TaskDriverError>
    ): Effect.Effect<A, TaskDriverError> =>
      Effect.suspend(() => {
        this.calls.push(primitive)
        const before = this.#queued.get(primitive)?.shift() ?? this.#constant.get(primitive) ?? Effect.void
        return Effect.andThen(before, effect)
      })
    return {
      ...driver,
      insert: (...args) => on("insert", driver.insert(...args)),
      find: (...args) => {
        this.payloads.push("find")
        return on("find", driver.find(...args))
      },
      findSummary: (...args) => on("find", driver.findSummary(...args)),
      patch: (taskId, scope, guard, patch, answer) => {
        if (answer !== "summary") this.payloads.push("patch")
        return on("patch", driver.patch(taskId, scope, guard, patch, answer))
      },
      pageSummaries: (...args) => on("pageSummaries", driver.pageSummaries(...args)),
      messages: {
        ...driver.messages,
        push: (...args) => on("push", driver.messages.push(...args)),
        shift: (...args) => on("shift", driver.messages.shift(...args)),
        drain: (...args) => on("drain", driver.messages.drain(...args))
      }
    }
  }
}

/** What an engine may say, with things in it that no client may see. */
export const engineFailure = (
  { applied = "no", retryable = true }: { readonly applied?: "no" | "unknown"; readonly retryable?: boolean } = {}
): Effect.Effect<never, TaskDriverError> =>
  Effect.fail(
    new TaskDriverError({
      reason: "the database is locked",
      retryable,
      applied,
      cause: Object.assign(new Error("INSERT INTO tasks at postgres://user:secret@host"), { code: 5, data: "secret" })
    })
  )

export interface TestStorage {
  readonly storage: TaskStorageShape
  /** The same tasks, past the interposer. */
  readonly direct: TaskStorageShape
  readonly interposer: Interposer
}

/** Opens a storage in memory for the present test. */
export const openTestStorage = async (options: TaskStorageOptions = {}): Promise<TestStorage> => {
  const interposer = new Interposer()
  const driver = MemoryTaskStorage.makeDriver(await Effect.runPromise(MemoryTaskStorage.makeStore))
  const open = async (driver: TaskDriver) => {
    const runtime = ManagedRuntime.make(Layer.effect(TaskStorage, TaskStorage.fromDriver(driver, options)))
    onTestFinished(() => runtime.dispose())
    return Context.get(await runtime.context(), TaskStorage)
  }
  return { storage: await open(interposer.wrap(driver)), direct: await open(driver), interposer }
}

export const request = { method: "tools/call", params: { name: "report", arguments: { b: 1, a: "\ud800" } } }
export const result = { content: [{ type: "text", text: "42" }] }

/** Opens a `TaskStore` on a storage in memory for the present test. */
export const openTestStore = async (options: SdkTaskStoreOptions = {}, layer: TaskStorageOptions = {}) => {
  const opened = await openTestStorage(layer)
  const store = new SdkTaskStore(opened.storage, options)
  const newTask = async (sessionId?: string) => (await store.createTask({}, 1, request, sessionId)).taskId
  return { ...opened, store, newTask }
}

/** Runs effects at a time that the test sets. */
export const makeTestTime = (): { readonly run: RunPromiseExit; now: number } => {
  const time = { now: Date.parse("2026-01-02T03:04:05.678Z"), run: Effect.runPromiseExitWith(Context.empty()) }
  time.run = Effect.runPromiseExitWith(Context.make(Clock.Clock, makeClock(() => time.now)))
  return time
}

/** Gives what a promise rejects with. */
export const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then((value) => new Error(`It did not reject but gave ${JSON.stringify(value)}`), (error: unknown) => error)

/** What the SDK would send to a client for what a store rejects with. */
export const onTheWire = async (promise: Promise<unknown>): Promise<unknown> => {
  const error = await rejection(promise)
  if (!(error instanceof Error)) return error
  const sent: { [key: string]: unknown } = { message: error.message }
  if ("code" in error) sent["code"] = error.code
  if ("data" in error && error.data !== undefined) sent["data"] = error.data
  return sent
}
