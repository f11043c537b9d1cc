/** Works in bulk until it is killed, and says how far it came: `node bulkProgram.ts URL rerun|delete`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { writeSync } from "node:fs"
import { TaskAdmin } from "../../src/admin/TaskAdmin.ts"
import { layerFromUrl } from "../../src/layers/TaskStorageUrl.ts"

const [, , url = "", operation = ""] = process.argv

/** It does hardly more than so many. */
const mostDone = 1_000

const program = Effect.gen(function*() {
  const admin = yield* TaskAdmin
  const selection = { status: "failed" } as const
  const progress = operation === "rerun" ? admin.rerunTasks(selection) : admin.deleteTasks(selection)
  // Not through a stream, which would keep it until later.
  yield* Stream.runForEach(progress, ({ done }) =>
    Effect.andThen(
      Effect.sync(() => writeSync(1, `${done}\n`)),
      // Whoever kills it may be late, on a busy machine, and is to find it in the middle.
      done < mostDone ? Effect.void : Effect.never
    ))
})

await Effect.runPromise(
  Effect.provide(program, Layer.provide(TaskAdmin.layer, layerFromUrl(url, { maintenance: false })))
)
