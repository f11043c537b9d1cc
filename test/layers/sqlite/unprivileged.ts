/**
 * Opens a file and goes on without the right to search its folder: `node unprivileged.ts FILE`. Says what a look at the file
 * gives, and how many tasks are stored.
 */
import * as Effect from "effect/Effect"
import { chmodSync, statSync } from "node:fs"
import { dirname } from "node:path"
import { TaskStorage } from "../../../src/domain/TaskStorage.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"

const [, , filename = ""] = process.argv

const look = (): string => {
  try {
    statSync(filename)
    return "found"
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "unknown"
  }
}

const program = Effect.gen(function*() {
  const storage = yield* TaskStorage
  yield* storage.createTask({ originalMethod: "tools/call" })
  chmodSync(dirname(filename), 0)
  // Whoever may do everything gives that up.
  if (process.getuid?.() === 0) process.setuid?.(65_534)
  yield* Effect.sleep(400)
  yield* storage.createTask({ originalMethod: "tools/call" })
  process.stdout.write(`${look()} ${yield* storage.taskCount()}`)
})

await Effect.runPromise(Effect.provide(program, SqliteTaskStorage.layer({ filename })))
