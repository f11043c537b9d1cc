/**
 * Writes to a file until it is killed, and says what was acknowledged as soon as it was: `node mortal.ts FILE RUN CALLERS`.
 */
import * as Effect from "effect/Effect"
import { writeSync } from "node:fs"
import { flushCompileCache } from "node:module"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"

const [, , filename = "", run = "", callers = ""] = process.argv

/** Not through a stream, which would keep it until later. */
const say = (line: string) => Effect.sync(() => writeSync(1, `${line}\n`))

const program = Effect.gen(function*() {
  const storage = yield* TaskStorage
  // Who is killed has no time to do this at its end.
  flushCompileCache()
  yield* say("ready")
  const caller = (index: number) =>
    Effect.gen(function*() {
      for (let count = 0;; count++) {
        const taskId = `${run}-${index}-${count}`
        const originalParams = "x".repeat(count % 7 * 3000)
        yield* storage.createTask({ originalMethod: "tools/call", taskId, originalParams })
        yield* say(`created ${taskId}`)
        yield* storage.settleTask(taskId, { _tag: "Success", value: "y".repeat(count % 5 * 3000) })
        yield* say(`settled ${taskId}`)
      }
    })
  yield* Effect.all(Array.from({ length: Number(callers) }, (_, index) => caller(index)), { concurrency: "unbounded" })
})

await Effect.runPromise(Effect.provide(program, SqliteTaskStorage.layer({ filename })))
