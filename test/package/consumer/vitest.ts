/** A backend's tests under Vitest. */
import { Effect } from "effect"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { fromLayer } from "mcp-task-storage/testing"
import { taskStorageSuite } from "mcp-task-storage/testing/vitest"

taskStorageSuite("mine", fromLayer(Effect.succeed((options) => MemoryTaskStorage.layer(options))), { runs: 10 })

// @ts-expect-error: It takes a number of runs.
taskStorageSuite("mine", fromLayer(Effect.succeed((options) => MemoryTaskStorage.layer(options))), { runs: "10" })
