/**
 * One of several processes that write to one file at once: `node contender.ts FILE INDEX`. It says `ready`, begins when it
 * is told to, and prints a {@link Report}.
 */
import * as Effect from "effect/Effect"
import { once } from "node:events"
import { StatementSync } from "node:sqlite"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { ownTasks, sharedTasks } from "./contest.ts"

const [, , filename = "", index = ""] = process.argv

let busyCalls = 0
let slowBusyCalls = 0

/** Times each call into SQLite that ends with SQLITE_BUSY: what it took was taken from the event loop. */
const all = StatementSync.prototype.all
const timed = function(this: StatementSync, ...parameters: ReadonlyArray<unknown>): unknown {
  const start = performance.now()
  try {
    return Reflect.apply(all, this, parameters)
  } catch (error) {
    if (error instanceof Error && "errcode" in error && Number(error.errcode) % 256 === 5) {
      busyCalls++
      if (performance.now() - start >= 50) slowBusyCalls++
    }
    throw error
  }
}
Object.defineProperty(StatementSync.prototype, "all", { value: timed })

const program = Effect.gen(function*() {
  const storage = yield* TaskStorage
  process.stdout.write("ready\n")
  yield* Effect.promise(() => once(process.stdin, "data"))

  const won: Array<string> = []
  for (const taskId of sharedTasks) {
    const settled = storage.settleTask(taskId, { _tag: "Success", value: index })
    const refused = yield* settled.pipe(
      Effect.as(false),
      Effect.catchTag(["TerminalState", "ResultAlreadyStored"], () => Effect.succeed(true))
    )
    if (!refused) won.push(taskId)
    yield* storage.touchTask("counter")
  }
  for (let count = 0; count < ownTasks; count++) {
    const { taskId } = yield* storage.createTask({ originalMethod: "tools/call", sessionId: index })
    yield* storage.requireInput(taskId, { key: {} })
    yield* storage.provideInput(taskId, { key: count })
    yield* storage.settleTask(taskId, { _tag: "Success", value: count })
    if (count % 10 === 0) yield* storage.listTaskSummaries({ sessionId: index })
  }
  process.stdout.write(JSON.stringify({ won, busyCalls, slowBusyCalls }))
  process.stdin.destroy()
})

await Effect.runPromise(
  Effect.provide(program, SqliteTaskStorage.layer({ filename, synchronous: "normal", maintenance: false }))
)
