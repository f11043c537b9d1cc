/**
 * No operation on a database whose files are gone.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { SqlClient } from "effect/sql/SqlClient"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"
import type { SqlRunner } from "../sql/SqlRunner.ts"
import { DatabaseFiles } from "./DatabaseFiles.ts"
import { isSqliteClient } from "./openSqlite.ts"
import { truncateLog } from "./SqliteMaintenance.ts"
import type { StraightRunner, WriteAtOnce } from "./StatementsAtOnce.ts"

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
  readonly runner: StraightRunner
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
  runner: StraightRunner,
  lockTimeout: number
): Effect.fn.Return<WatchedRunner, never, Scope.Scope> {
  const files = isSqliteClient(sql) ? sql.databaseFiles : yield* findFiles(runner)
  if (files === undefined) return { runner, watched: (write) => write, areLost: () => false }

  const saveLog = Effect.suspend(() =>
    files.look() !== undefined && files.logIsAlone ? Effect.ignore(truncateLog(runner, lockTimeout)) : Effect.void
  )
  const context = yield* Effect.context<never>()
  let saving: Fiber.Fiber<void> | undefined
  /** The process that notices saves the log at once if nothing is in the way, outside of its own transaction. */
  const notice = () => void (saving ??= Effect.runForkWith(context)(saveLog))
  yield* Effect.addFinalizer(() =>
    Effect.andThen(Effect.suspend(() => saving === undefined ? Effect.void : Fiber.interrupt(saving)), saveLog)
  )
  yield* backgroundSleep(lookInterval).pipe(
    Effect.repeat({ until: () => files.look() !== undefined }),
    Effect.andThen(Effect.sync(notice)),
    Effect.forkScoped
  )

  const failing = (loss: string, applied: "no" | "unknown"): Exit.Exit<never, TaskDriverError> => {
    notice()
    return Exit.fail(
      new TaskDriverError({
        reason: `${loss}; see to it that the right file is there and stays there, and open the storage again`,
        retryable: false,
        applied,
        concerns: "store"
      })
    )
  }
  /** A write that was under way when the files went may be in the files that are gone. */
  const acknowledge = <A>(answer: A): Exit.Exit<A, TaskDriverError> => {
    const loss = files.glance()
    return loss === undefined ? Exit.succeed(answer) : failing(loss, "unknown")
  }
  const between = <A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E | TaskDriverError> =>
    Effect.withFiber((fiber) => {
      if (fiber.getRef(IsLookedAfter)) return write
      const loss = files.glance()
      return loss === undefined ? Effect.flatMap(write, acknowledge) : failing(loss, "no")
    })
  const writeAtOnce: WriteAtOnce = (fiber, statement, decode) => {
    if (fiber.getRef(IsLookedAfter)) return runner.writeAtOnce(fiber, statement, decode)
    const loss = files.glance()
    if (loss !== undefined) return failing(loss, "no")
    const answer = runner.writeAtOnce(fiber, statement, decode)
    return answer !== undefined && Exit.isSuccess(answer) ? acknowledge(answer.value) : answer
  }
  return {
    runner: {
      read: (statement, decode) =>
        Effect.suspend(() => files.loss === undefined ? runner.read(statement, decode) : failing(files.loss, "no")),
      writeAtOnce,
      write: (statement, decode) =>
        Effect.withFiber((fiber) => writeAtOnce(fiber, statement, decode) ?? between(runner.write(statement, decode))),
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
