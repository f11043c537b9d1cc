/** That a round over free tasks comes to each of them, also if all of them stay free. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { TaskStorage } from "mcp-task-storage"
import { makeFreeRound } from "../../../src/runner/runs/makeFreeRound.ts"
import { withStorage } from "../withStorage.ts"

const limit = 5

/** How many tasks there are of each kind in each session. */
const crowds: ReadonlyArray<
  readonly [string, { readonly kinds: number; readonly sessions: number; readonly each: number }]
> = [
  ["fewer than a step gives", { kinds: 2, sessions: 2, each: 1 }],
  ["as many as a step gives", { kinds: 1, sessions: 5, each: 1 }],
  ["many sessions of one kind", { kinds: 1, sessions: 23, each: 1 }],
  ["many kinds of one session", { kinds: 23, sessions: 1, each: 1 }],
  ["many kinds of many sessions", { kinds: 7, sessions: 9, each: 1 }],
  ["several tasks of each session", { kinds: 3, sessions: 4, each: 8 }]
]

const scene = Effect.fnUntraced(function*({ each, kinds, sessions }: (typeof crowds)[number][1]) {
  const storage = yield* TaskStorage
  const state = { reads: 0 }
  for (let kind = 0; kind < kinds; kind++) {
    for (let session = 0; session < sessions; session++) {
      for (let index = 0; index < each; index++) {
        yield* storage.createTask({
          originalMethod: kind % 2 === 0 ? "even" : "odd",
          ...(kind < 2 ? {} : { name: `kind ${kind}` }),
          ...(session === 0 ? {} : { sessionId: `\u{ff5e}${session}`.slice(session % 2) }),
          lease: 0
        })
      }
    }
  }
  const step = makeFreeRound({
    limit,
    list: (options) => storage.claimableTasks(options),
    read: (taskId) => {
      state.reads++
      return storage.getTaskSummary(taskId)
    }
  })
  return { state, step, storage }
})

describe("makeFreeRound", () => {
  it.effect.each(crowds)(
    "comes to each kind of each session, and reads no more in a step: %s",
    ([, crowd]) =>
      withStorage(Effect.gen(function*() {
        const { state, step } = yield* scene(crowd)
        // The first step may end anywhere, and so may that before each round.
        for (let round = 0; round < 4; round++) {
          const seen = new Set<string>()
          for (let count = 0; count <= Math.ceil((crowd.kinds * crowd.sessions) / limit); count++) {
            state.reads = 0
            const tasks = yield* step({})
            assert.isAtMost(tasks.length, limit)
            assert.lengthOf(new Set(tasks.map(({ taskId }) => taskId)), tasks.length)
            assert.isAtMost(state.reads, 2 * limit)
            for (const { name, originalMethod, sessionId } of tasks) {
              seen.add(JSON.stringify([originalMethod, name ?? null, sessionId ?? null]))
            }
          }
          assert.strictEqual(seen.size, crowd.kinds * crowd.sessions)
        }
      }))
  )

  it.effect("leaves nobody out where a task cannot be read at first", () =>
    withStorage(Effect.gen(function*() {
      const { storage } = yield* scene({ kinds: 3, sessions: 9, each: 1 })
      const read = new Set<string>()
      const step = makeFreeRound({
        limit,
        list: (options) => storage.claimableTasks(options),
        read: (taskId) => {
          if (read.has(taskId)) return storage.getTaskSummary(taskId)
          read.add(taskId)
          return Effect.succeedNone
        }
      })
      const seen = new Set<string>()
      for (let count = 0; count < 30; count++) for (const { taskId } of yield* step({})) seen.add(taskId)
      assert.strictEqual(seen.size, 27)
    })))

  it.effect("keeps to the kinds that are wanted", () =>
    withStorage(Effect.gen(function*() {
      const { step } = yield* scene({ kinds: 5, sessions: 9, each: 1 })
      const seen = new Set<string>()
      for (let count = 0; count < 5; count++) {
        for (const task of yield* step({ kinds: [{ method: "even", name: null }] })) {
          assert.deepEqual([task.originalMethod, Option.fromUndefinedOr(task.name)], ["even", Option.none()])
          seen.add(task.taskId)
        }
      }
      assert.strictEqual(seen.size, 9)
    })))
})
