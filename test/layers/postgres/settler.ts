/** Settles a task and tells when that was acknowledged, in milliseconds since the epoch: `node settler.ts URL ID`. */
import * as Effect from "effect/Effect"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as PostgresTaskStorage from "../../../src/layers/PostgresTaskStorage.ts"

const [, , url = "", taskId = ""] = process.argv

const program = Effect.gen(function*() {
  const storage = yield* TaskStorage
  yield* storage.settleTask(taskId, { _tag: "Success", value: {} })
  process.stdout.write(String(Date.now()))
})

await Effect.runPromise(Effect.provide(program, PostgresTaskStorage.layer({ url, maintenance: false })))
