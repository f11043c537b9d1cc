/**
 * No operation on a database whose files are gone.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import { backgroundSleep } from "../../domain/backgroundSleep.ts"
import { TaskDriverError } from "../../domain/TaskDriver.ts"
import type { SqlRunner } from "../sql/SqlRunner.ts"
import { DatabaseFiles } from "./DatabaseFiles.ts"
import { isSqliteClient } from "./openSqlite.ts"
import { truncateLog } from "./SqliteMaintenance.ts"

/** Milliseconds between two looks, beside those of each write. */
const lookInterval = 250

/** Whether a write is part of a transaction that looks at the files itself: two looks take as long as a small write. */
const IsLookedAfter = Context.Reference<boolean>("mcp-task-storage/IsLookedAfter", { defaultValue: () => false })

/**
 * A runner that fails once the files of its database are gone, and whether that was noticed.
 *
 * @since 0.2.0
 * @category models
 */
export interface WatchedRunner {
  readonly runner: SqlRunner
  /** Looks at the files before and after a write that does not go through the runner. */
  readonly watched: <A, E>(write: Effect.Effect<A, E>) => Effect.Effect<A, E | TaskDriverError>
  readonly areLost: () => boolean
}

/**
 * Makes a runner that looks at the files of the database before and after each write, so that it never acknowledges a write
 * to files that are gone. It also looks in the background. The old log goes into the old file, so that it does not get into
 * another file of the same name.
 *
 * @since 0.2.0
 * @category constructors
 */
export const watchFiles = Effect.fnUntraced(function*(
  sql: SqlClient,
  runner: SqlRunner,
  lockTimeout: number
): Effect.fn.Return<WatchedRunner, never, Scope.Scope> {
  const files = isSqliteClient(sql) ? sql.databaseFiles : yield* findFiles(runner)
  if (files === undefined) return { runner, watched: (write) => write, areLost: () => false }

  const noticed = Latch.makeUnsafe()
  const saveLog = Effect.suspend(() =>
    files.look() !== undefined && files.logIsAlone ? Effect.ignore(truncateLog(runner, lockTimeout)) : Effect.void
  )
  yield* Effect.addFinalizer(() => saveLog)
  yield* Effect.raceFirst(backgroundSleep(lookInterval), noticed.await).pipe(
    Effect.repeat({ until: () => files.look() !== undefined }),
    Effect.andThen(saveLog),
    Effect.forkScoped
  )

  const failing = (loss: string, applied: "no" | "unknown") =>
    Effect.suspend(() => {
      noticed.openUnsafe()
      return Effect.fail(
        new TaskDriverError({
          reason: `${loss}; see to it that the right file is there and stays there, and open the storage again`,
          retryable: false,
          applied
        })
      )
    })
  /** A write that was under way at that time may be in the files that are gone. */
  const between = <A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E | TaskDriverError> =>
    Effect.withFiber((fiber) => {
      if (fiber.getRef(IsLookedAfter)) return write
      const before = files.glance()
      if (before !== undefined) return failing(before, "no")
      return Effect.flatMap(write, (answer) => {
        const after = files.glance()
        return after === undefined ? Effect.succeed(answer) : failing(after, "unknown")
      })
    })
  return {
    runner: {
      read: (statement, decode) =>
        Effect.suspend(() => files.loss === undefined ? runner.read(statement, decode) : failing(files.loss, "no")),
      write: (statement, decode) => between(runner.write(statement, decode)),
      transaction: (effect) => between(runner.transaction(Effect.provideService(effect, IsLookedAfter, true)))
    },
    watched: between,
    areLost: () => files.loss !== undefined
  }
})

/** The files of a client that somebody else made: it may close connections and open others, and the log with them. */
const findFiles = (runner: SqlRunner): Effect.Effect<DatabaseFiles | undefined> =>
  runner.read({ text: "PRAGMA database_list", params: [] }, (rows) => {
    const path = rows.find((row) => row[1] === "main")?.[2]
    return typeof path === "string" && path !== "" ? new DatabaseFiles(path, { companions: false }) : undefined
  }).pipe(Effect.orElseSucceed(() => undefined))
