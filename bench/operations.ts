/**
 * What is measured on more than one backend, and how it is learned what a backend sends for it.
 */
import * as Effect from "effect/Effect"
import type { TaskStorageError, TaskStorageShape } from "mcp-task-storage"
import { payload, result } from "./settings.ts"

export const call = { originalMethod: "tools/call", originalParams: payload }
export const outcome = { _tag: "Success", value: result } as const

/** The task that is operated on while the library is listened to. */
export const spied = "00000000-0000-7000-8000-000000000000"

export interface Operation {
  readonly subject: string
  /** The ids that it is given: of no tasks yet, of tasks that it changes, or of tasks that it only reads. */
  readonly ids: "new" | "fresh" | "stored"
  readonly operate: (storage: TaskStorageShape, id: string) => Effect.Effect<unknown, TaskStorageError>
}

/** A value for each operation. */
export interface ByOperation<A> {
  readonly create: A
  readonly get: A
  readonly transition: A
  readonly settle: A
  readonly page: A
}

export const operations: ByOperation<Operation> = {
  // With an id that the storage makes, which is part of its work.
  create: { subject: "createTask", ids: "new", operate: (storage) => storage.createTask(call) },
  get: { subject: "getTask", ids: "stored", operate: (storage, id) => storage.getTask(id) },
  transition: {
    subject: "updateTaskStatus",
    ids: "fresh",
    operate: (storage, id) => storage.updateTaskStatus(id, "input_required")
  },
  settle: { subject: "settleTask", ids: "fresh", operate: (storage, id) => storage.settleTask(id, outcome) },
  page: { subject: "listTasks, 50 tasks", ids: "stored", operate: (storage) => storage.listTasks({ limit: 50 }) }
}

/** Runs each operation once on one task, and gives what was heard meanwhile. */
export const hearEach = <Heard, E>(
  storage: TaskStorageShape,
  hear: (run: Effect.Effect<unknown, TaskStorageError>) => Effect.Effect<Heard, E>
): Effect.Effect<ByOperation<Heard>, E> =>
  Effect.gen(function*() {
    return {
      create: yield* hear(storage.createTask({ ...call, taskId: spied })),
      get: yield* hear(operations.get.operate(storage, spied)),
      transition: yield* hear(operations.transition.operate(storage, spied)),
      settle: yield* hear(operations.settle.operate(storage, spied)),
      page: yield* hear(operations.page.operate(storage, spied))
    }
  })

/** Tells whether a number is a time that was the present one a short while ago. */
export const isRecent = (value: number): boolean => Math.abs(value - Date.now()) < 3_600_000
