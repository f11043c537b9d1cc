/** Works in bulk until it is killed, and says how far it came: `node bulkProgram.ts URL rerun|delete`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { writeSync } from "node:fs"
import { TaskAdmin } from "../../src/admin/TaskAdmin.ts"
import { layerFromUrl } from "../../src/layers/TaskStorageUrl.ts"

const [, , url = "", operation = ""] = process.argv

const program = Effect.gen(function*() {
  const admin = yield* TaskAdmin
  const selection = { status: "failed" } as const
  const progress = operation === "rerun" ? admin.rerunTasks(selection) : admin.deleteTasks(selection)
  // Not through a stream, which would keep it until later.
  yield* Stream.runForEach(progress, ({ done }) => Effect.sync(() => writeSync(1, `${done}\n`)))
})

await Effect.runPromise(
  Effect.provide(program, Layer.provide(TaskAdmin.layer, layerFromUrl(url, { maintenance: false })))
)
