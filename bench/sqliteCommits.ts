/**
 * SQLite with `synchronous = FULL`, where a commit waits for the disk: callers who write at once share commits. They are
 * compared with a bare loop that commits each write, and so is a bare loop that commits a hundred writes together.
 */
import * as Effect from "effect/Effect"
import { TaskStorage } from "mcp-task-storage"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"
import { BareSqlite, learnStatements } from "./bareSqlite.ts"
import { fibers, subjectOf } from "./callers.ts"
import { makeFolder } from "./folder.ts"
import { newId } from "./ids.ts"
import { type Contender, measure } from "./measure.ts"
import { operations } from "./operations.ts"
import { type Comparison, printThroughput } from "./report.ts"
import { settings } from "./settings.ts"

const { commits, rounds } = settings

const callerCounts = [1, 100]
const batchSize = 100

const measureCommits = Effect.fnUntraced(function*(filename: string) {
  const storage = yield* TaskStorage
  return yield* Effect.promise(async () => {
    const statements = await learnStatements(filename)
    using bare = new BareSqlite(filename, {
      ...statements,
      pragmas: [...statements.pragmas, "PRAGMA synchronous = FULL"]
    })
    const loop = (count: number) => {
      for (let index = 0; index < count; index++) bare.create(newId())
    }
    const each: Contender = { operations: commits, prepare: async () => () => loop(commits) }
    const together: Contender = {
      operations: commits,
      prepare: async () => () => {
        for (let done = 0; done < commits; done += batchSize) bare.transaction(() => loop(batchSize))
      }
    }
    const { create } = operations
    const shared = callerCounts.map((callers) =>
      fibers({ callers, operations: commits, prepare: async () => [""] }, (id) => create.operate(storage, id))
    )
    const micros = await measure([each, together, ...shared], rounds)
    const row = (subject: string, contender: Contender, target?: number): Comparison => ({
      subject,
      micros: micros(contender),
      baseline: micros(each),
      ...(target === undefined ? {} : { target })
    })
    return [
      row("bare, 100 writes in a commit", together),
      ...shared.map((contender, index) => {
        const callers = callerCounts[index] ?? 1
        return row(subjectOf(create.subject, callers), contender, callers === 1 ? 0.9 : 5)
      })
    ]
  })
})

/** Measures and prints. */
export const benchSqliteCommits = async (): Promise<void> => {
  using folder = makeFolder()
  const layer = SqliteTaskStorage.layer({ filename: folder.file("shared.db"), maintenance: false })
  const comparisons = await Effect.runPromise(Effect.provide(measureCommits(folder.file("bare.db")), layer))
  printThroughput("SQLite with synchronous = FULL: shared commits", ["measured", "bare, each"], comparisons)
}
