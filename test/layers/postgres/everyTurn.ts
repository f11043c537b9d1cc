/** A driver whose writes all go through shared statements. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { setImmediate } from "node:timers"
import type { TaskDriver, TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import { makePostgresDialect } from "../../../src/layers/postgres/PostgresDialect.ts"
import { postgresTables } from "../../../src/layers/postgres/postgresTables.ts"
import type { SharableWrite, SharedAnswers, ShareStatements } from "../../../src/layers/postgres/SharedStatements.ts"
import { shareWrites } from "../../../src/layers/postgres/shareWrites.ts"
import { makeSqlRunner } from "../../../src/layers/sql/SqlRunner.ts"

/** What one turn of the event loop brings goes together, even if it is a single write. */
const everyTurn: ShareStatements = {
  aloneOr: (_, join) => Effect.suspend(join),
  makeKind: <Write extends SharableWrite, Answer>(
    together: (writes: ReadonlyArray<Write>) => Effect.Effect<SharedAnswers<Answer>, TaskDriverError>
  ) => {
    interface Waiting {
      readonly write: Write
      readonly answers: Deferred.Deferred<SharedAnswers<Answer>, TaskDriverError>
    }
    let waiting = new Map<string, Waiting>()
    const send = () => {
      const all = [...waiting.values()]
      waiting = new Map()
      Effect.runFork(Effect.flatMap(
        Effect.exit(together(all.map(({ write }) => write))),
        (exit) => Effect.forEach(all, ({ answers }) => Deferred.done(answers, exit))
      ))
    }
    const join = (
      write: Write,
      alone: () => Effect.Effect<Answer, TaskDriverError>
    ): Effect.Effect<Answer, TaskDriverError> =>
      Effect.suspend(() => {
        if (waiting.has(write.taskId)) return alone()
        if (waiting.size === 0) setImmediate(send)
        const answers = Deferred.makeUnsafe<SharedAnswers<Answer>, TaskDriverError>()
        waiting.set(write.taskId, { write, answers })
        return Effect.matchEffect(Deferred.await(answers), {
          onSuccess: (answers) => answers.get(write.taskId) ?? alone(),
          onFailure: (error) => error.applied === "no" ? alone() : Effect.fail(error)
        })
      })
    return join
  }
}

/** Sends what a driver writes through another client. */
export const sharingEveryTurn = (driver: TaskDriver, sql: SqlClient): TaskDriver => ({
  ...driver,
  ...shareWrites(
    driver,
    Effect.runSync(Effect.fromResult(postgresTables({}))),
    makeSqlRunner(sql, makePostgresDialect(), { lockTimeout: 0 }),
    everyTurn
  )
})
