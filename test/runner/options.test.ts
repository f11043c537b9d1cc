/** Options of a runner, plain or from the configuration. */
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { TestClock } from "effect/testing"
import { TaskStorage } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { layer, layerConfig, TaskRunner, type TaskRunnerOptions } from "mcp-task-storage/runner"

const storage = MemoryTaskStorage.layer({ maintenance: false })

it.effect("options may come from the configuration, with code beside them", () => {
  const dispatched: Array<string> = []
  const configured = layerConfig(
    {
      maxRunning: Config.Int("MAX_RUNNING"),
      whenFull: Config.Literals(["wait", "refuse"], "WHEN_FULL"),
      recovery: Config.Duration("RECOVERY"),
      shutdownTimeout: Config.Duration("GRACE")
    },
    { dispatch: (taskId) => Effect.asVoid(Effect.sync(() => dispatched.push(taskId))) }
  )
  const provider = ConfigProvider.fromUnknown({
    MAX_RUNNING: "2",
    WHEN_FULL: "refuse",
    RECOVERY: "5 seconds",
    GRACE: "0 seconds"
  })
  return Effect.gen(function*() {
    yield* TaskRunner
    const { createTask } = yield* TaskStorage
    yield* TestClock.adjust("1 second")
    const { taskId } = yield* createTask({ originalMethod: "own", lease: 0 })
    yield* TestClock.adjust("6 seconds")
    assert.deepEqual(dispatched, [taskId])
  }).pipe(Effect.provide(configured.pipe(
    Layer.provideMerge(storage),
    Layer.provide(ConfigProvider.layer(provider))
  )))
})

it.effect("what the configuration lacks is its own error", () =>
  Effect.gen(function*() {
    const wanting = Layer.provide(layerConfig({ maxRunning: Config.Int("MAX_RUNNING") }), storage)
    const provider = ConfigProvider.layer(ConfigProvider.fromUnknown({}))
    const error = yield* Effect.flip(Effect.scoped(Layer.build(Layer.provide(wanting, provider))))
    assert.strictEqual(error._tag, "ConfigError")
  }))

describe("a runner refuses", () => {
  const wrong: ReadonlyArray<readonly [options: object, field: string]> = [
    [{ recovery: true }, "recovery"],
    [{ recovery: "now and then" }, "recovery"],
    [{ recovery: { intervall: 5 } }, "recovery.intervall"],
    [{ recovery: { interval: 0 } }, "recovery.interval"],
    [{ resultTtl: 0 }, "resultTtl"],
    [{ resultTtl: "for ever" }, "resultTtl"],
    [{ maxRuning: 5 }, "maxRuning"]
  ]
  it.effect.each(wrong)("%j", ([options, field]) =>
    Effect.gen(function*() {
      const given: TaskRunnerOptions = options
      const error = yield* Effect.flip(Effect.scoped(Layer.build(Layer.provide(layer(given), storage))))
      assert.deepInclude(error, { _tag: "InvalidInput", field })
    }))
})
