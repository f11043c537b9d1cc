/** A storage in memory for runners that come and go on it like processes. */
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type * as Scope from "effect/Scope"
import type { TaskStorage, TaskStorageOptions } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"

export const withStorage = <A, E>(
  effect: Effect.Effect<A, E, TaskStorage | Scope.Scope>,
  options: TaskStorageOptions = {}
) => Effect.provide(Effect.scoped(effect), MemoryTaskStorage.layer({ maintenance: false, ...options }))

/** Does the same for runners whose work fails or dies: what they log is no part of the test. */
export const withoutLog = <A, E>(effect: Effect.Effect<A, E, TaskStorage | Scope.Scope>) =>
  Effect.provide(Effect.scoped(effect), [MemoryTaskStorage.layer({ maintenance: false }), Logger.layer([])])
