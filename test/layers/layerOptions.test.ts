/** Options that are wrong fail the layer with `InvalidInput`, also where no compiler refuses them. */
import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { layerFromUrl } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"

const layers = { memory: MemoryTaskStorage.layer, sqlite: SqliteTaskStorage.layer, layerFromUrl }

const wrong: ReadonlyArray<readonly [layer: keyof typeof layers, args: ReadonlyArray<unknown>, field: string]> = [
  ["memory", [null], "options"],
  ["memory", [5], "options"],
  ["memory", [{ generateId: 5 }], "generateId"],
  ["memory", [{ maxTasks: 0 }], "maxTasks"],
  ["memory", [{ maxTtl: "soon" }], "maxTtl"],
  ["memory", [{ maxPageSize: 1.5 }], "maxPageSize"],
  ["memory", [{ maxPayloadBytes: 2 ** 40 }], "maxPayloadBytes.outcome"],
  ["memory", [{ maintenance: { interval: -1 } }], "maintenance.interval"],
  ["sqlite", [], "options"],
  ["sqlite", [null], "options"],
  ["sqlite", [{}], "filename"],
  ["sqlite", [{ filename: ":memory:", schema: "Verify" }], "schema"],
  ["sqlite", [{ filename: ":memory:", synchronous: "FULL" }], "synchronous"],
  ["sqlite", [{ filename: ":memory:", tablePrefix: null }], "tablePrefix"],
  ["sqlite", [{ filename: ":memory:", lockTimeout: -1 }], "lockTimeout"],
  ["layerFromUrl", ["memory:", null], "options"],
  ["layerFromUrl", [undefined], "url"]
]

describe("a layer refuses", () => {
  it.effect.each(wrong)("%j", ([layer, args, field]) =>
    Effect.gen(function*() {
      const made: ReturnType<typeof SqliteTaskStorage.layer> = Reflect.apply(layers[layer], undefined, args)
      const exit = yield* Effect.exit(Layer.build(made))
      expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toMatchObject({ _tag: "InvalidInput", field })
    }))
})
