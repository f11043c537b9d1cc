/** Opens a file that may be new, with limits, and stores a task: `node opener.ts FILE ID`. */
import * as Effect from "effect/Effect"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"

const [, , filename = "", taskId] = process.argv

const program = Effect.gen(function*() {
  const storage = yield* TaskStorage
  yield* storage.createTask({ originalMethod: "tools/call", taskId })
  process.stdout.write("stored")
})

await Effect.runPromise(Effect.provide(program, SqliteTaskStorage.layer({ filename, maxTasks: 100 })))
