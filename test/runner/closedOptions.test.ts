/** Names that a runner does not know are refused, as callers without a compiler may give them. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TaskStorage, TaskStorageError } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { makeTaskRunner, type TaskRunnerShape, type TooManyTasks } from "mcp-task-storage/runner"

const call = { originalMethod: "tools/call" }

/** An object whose type does not tell what else is in it. */
const withMore = <A extends object>(known: A, more: object): A => Object.assign({}, known, more)

const using = <A, E>(use: (runner: TaskRunnerShape) => Effect.Effect<A, E>) =>
  Effect.flatMap(makeTaskRunner({ recovery: false }), use)

const refused: ReadonlyArray<
  readonly [
    of: string,
    field: string,
    effect: Effect.Effect<object | string, TaskStorageError | TooManyTasks, TaskStorage | Scope.Scope>
  ]
> = [
  ["a runner", "leese", makeTaskRunner(withMore({}, { leese: 5 }))],
  ["recovery", "recovery.often", makeTaskRunner({ recovery: withMore({ interval: 1 }, { often: 2 }) })],
  [
    "startTask",
    "status",
    using((runner) => runner.startTask(withMore(call, { status: "completed" }), () => Effect.void))
  ],
  ["runTask", "deadlin", using((runner) => runner.runTask("task", withMore({}, { deadlin: 5 })))]
]

it.effect.each(refused)("%s: %s", ([, field, effect]) =>
  Effect.gen(function*() {
    assert.include(yield* Effect.flip(effect), { _tag: "InvalidInput", field })
  }).pipe(Effect.scoped, Effect.provide(MemoryTaskStorage.layer({ maintenance: false }))))
