/** What the log lines of a task say about it. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import { TaskStorage } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { makeTaskRunner, type TaskRunnerShape } from "mcp-task-storage/runner"

/** Runs with a runner and a logger that keeps the lines with their annotations. */
const listening = <A, E>(
  use: (
    runner: TaskRunnerShape,
    lines: ReadonlyArray<readonly [message: unknown, annotations: object]>
  ) => Effect.Effect<A, E, TaskStorage>
) => {
  const lines: Array<readonly [message: unknown, annotations: object]> = []
  const logger = Logger.make(({ fiber, message }) => {
    lines.push([message, fiber.getRef(References.CurrentLogAnnotations)])
  })
  return Effect.flatMap(makeTaskRunner({ recovery: false }), (runner) => use(runner, lines)).pipe(
    Effect.scoped,
    Effect.provide(MemoryTaskStorage.layer({ maintenance: false })),
    Effect.provideService(Logger.CurrentLoggers, new Set([logger]))
  )
}

it.effect("lines of the runner and of the work name the task, its method and its tool", () =>
  listening((runner, lines) =>
    Effect.gen(function*() {
      const { createTask } = yield* TaskStorage
      yield* runner.register({
        method: "tools/call",
        run: () => Effect.andThen(Effect.logInfo("working"), Effect.fail("no paper"))
      }).pipe(Effect.annotateLogs({ "mcp.task.id": "another", server: "reports" }))

      // The name of the params, one that was given, and none.
      const named = yield* createTask({ originalMethod: "tools/call", originalParams: { name: "report" }, lease: 0 })
      const given = yield* createTask({ originalMethod: "tools/call", name: "copy", lease: 0 })
      const unnamed = yield* createTask({ originalMethod: "tools/call", lease: 0 })
      for (const { taskId } of [named, given, unnamed]) yield* runner.runTask(taskId)

      const about = (taskId: string) => ({ server: "reports", "mcp.task.id": taskId, "mcp.task.method": "tools/call" })
      assert.deepStrictEqual(lines, [
        [["working"], { ...about(named.taskId), "mcp.task.name": "report" }],
        [["A task failed"], { ...about(named.taskId), "mcp.task.name": "report" }],
        [["working"], { ...about(given.taskId), "mcp.task.name": "copy" }],
        [["A task failed"], { ...about(given.taskId), "mcp.task.name": "copy" }],
        [["working"], about(unnamed.taskId)],
        [["A task failed"], about(unnamed.taskId)]
      ])
    })
  ))

it.effect("so does the line of a result that was not stored", () =>
  listening((runner, lines) =>
    Effect.gen(function*() {
      const { createTask } = yield* TaskStorage
      yield* runner.register({ method: "tools/call", run: () => Effect.succeed({ count: 1n }) })
      const { taskId } = yield* createTask({ originalMethod: "tools/call", name: "copy", lease: 0 })
      yield* runner.runTask(taskId)
      assert.lengthOf(lines, 1)
      assert.include(String(lines[0]?.[0]), "The result of a task was not stored")
      assert.deepStrictEqual(lines[0]?.[1], {
        "mcp.task.id": taskId,
        "mcp.task.method": "tools/call",
        "mcp.task.name": "copy"
      })
    })
  ))
