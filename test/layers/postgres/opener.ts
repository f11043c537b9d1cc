/** Opens a database that may be empty, with limits, and stores a task: `node opener.ts URL ID`. */
import * as Effect from "effect/Effect"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as PostgresTaskStorage from "../../../src/layers/PostgresTaskStorage.ts"

const [, , url = "", taskId] = process.argv

const program = Effect.gen(function*() {
  const storage = yield* TaskStorage
  yield* storage.createTask({ originalMethod: "tools/call", taskId })
  process.stdout.write("stored")
})

await Effect.runPromise(Effect.provide(program, PostgresTaskStorage.layer({ url, maxTasks: 100 })))
