/**
 * One commit for writes that come at the same time.
 *
 * A commit waits for the disk, which takes as long as many statements. SQLite answers before any other code runs, so
 * writes never meet by themselves. Where others write too, a write waits for one turn of the event loop, and what has come
 * by then is committed together.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { MaxOpsBeforeYield } from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import { isSqlError } from "effect/sql/SqlError"
import { ParentSpan } from "effect/Tracer"
import { setImmediate } from "node:timers"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { realSleep } from "../realSleep.ts"
import { makePauses } from "../sql/LockWait.ts"
import { driverError, type SqlRunner, withDriverErrors } from "../sql/SqlRunner.ts"
import type { SqliteClient } from "./openSqlite.ts"
import { sqliteDialect } from "./SqliteDialect.ts"
import { answerAtOnce, mayGoStraight } from "./StatementsAtOnce.ts"
import type { WatchedRunner } from "./watchFiles.ts"

/** How many writes share a commit, and for how many milliseconds they are added to it: other processes want the lock too. */
const mostWrites = 128
const longest = 25

/** How many writes do not look for company at most, after looks that found none. */
const mostTrust = 3

/**
 * A runner whose writes share commits.
 *
 * @since 0.2.0
 * @category models
 */
export interface SharingRunner extends SqlRunner {
  /** Runs a transaction that is never run a second time, since it may do more than read and write the database. */
  readonly transactionOnce: SqlRunner["transaction"]
}

/** A write in the two ways in which it can be done. A single statement can often be done without an effect. */
interface Write<A, E> {
  readonly aloneAtOnce?: (fiber: Fiber.Fiber<unknown, unknown>) => Exit.Exit<A, E> | undefined
  readonly alone: () => Effect.Effect<A, E>
  readonly withinAtOnce?: () => Exit.Exit<A, E> | undefined
  /** As a part of an open transaction. A failure leaves nothing behind, or `undoesAll`. */
  readonly within: () => Effect.Effect<A, E>
  /** Whether a failure may leave a part of the write in the transaction, which then must not be committed. */
  readonly undoesAll: boolean
  readonly isRepeatable: boolean
}

/** A write that waits for its turn, and then for its commit. Exactly one of the functions that end the wait is called, once. */
interface Pending {
  /** Does it right now if that is possible, and tells whether the transaction may go on. */
  readonly runAtOnce: () => boolean | undefined
  /** Does it, and tells whether the transaction may go on. */
  readonly run: Effect.Effect<boolean>
  readonly isRepeatable: boolean
  /** When it gives up waiting for a lock. `undefined` before it has met one. */
  deadline: number | undefined
  readonly answer: () => void
  readonly fail: (error: TaskDriverError) => void
  /** Fails as the write itself did, or else with this error. */
  readonly failAsItDid: (error: TaskDriverError) => void
  readonly writeAlone: () => void
}

/** Nothing of the transaction is kept. */
class Undone extends Data.TaggedError("Undone") {}

/**
 * Makes a runner whose writes share commits, until the scope closes. A write that has no company, and a write within a
 * transaction of its caller, goes through `files` as if there were nothing to share. `plain` runs the statements of a shared
 * transaction: the files are looked at before and after the whole of it.
 *
 * @since 0.2.0
 * @category constructors
 */
export const shareCommits = Effect.fnUntraced(function*(
  client: SqliteClient,
  plain: SqlRunner,
  files: WatchedRunner,
  lockTimeout: number
): Effect.fn.Return<SharingRunner, never, Scope.Scope> {
  const waiting = new Set<Pending>()
  let sharing: Fiber.Fiber<void> | undefined
  let isClosed = false
  /** The fiber that wrote alone in this turn of the event loop. */
  let aloneNow: number | undefined
  /** Writes that began alone and have not ended: they wait for a lock, or for the connection. */
  let unfinished = 0
  /** How many writes do not look for company now, and how many of them have been. */
  let trust = 0
  let trusted = 0
  /** Whether a transaction of several steps died, so that what it wrote may not have been taken back. */
  let hasDied = false

  /** Writes what waits. Gives the error if a lock was in the way, and leaves everything as it was then. */
  const commit = Effect.gen(function*() {
    const begun: Array<Pending> = []
    hasDied = false
    const body = Effect.gen(function*() {
      const end = performance.now() + longest
      for (const write of waiting) {
        waiting.delete(write)
        begun.push(write)
        const isWhole = write.runAtOnce() ?? (yield* write.run)
        if (!isWhole || hasDied || !client.isTransaction()) return yield* new Undone()
        if (begun.length === mostWrites || performance.now() >= end) return
      }
    })
    // Statements have the spans of their callers above them, and none that this transaction brings along.
    const transaction = client.transactAtOnce(Effect.updateContext(body, withoutSpan))
    const exit = yield* Effect.exit(files.watched(transaction))
    if (Exit.isSuccess(exit)) {
      trust = 0
      for (const write of begun) write.answer()
      return undefined
    }
    const error = Cause.squash(exit.cause)
    const isUndone = error instanceof Undone || isLocked(error)
    if (isUndone && begun.length === 0) return error
    const culprit = error instanceof Undone ? begun.at(-1) : undefined
    for (const write of begun.length === 0 ? takeAll() : begun) {
      if (!isUndone) write.fail(toDriverError(error))
      else if (write.isRepeatable) write.writeAlone()
      else if (write === culprit) write.failAsItDid(undone)
      else write.fail(undone)
    }
    return undefined
  })

  const takeAll = (): ReadonlyArray<Pending> => {
    const all = [...waiting]
    waiting.clear()
    return all
  }

  /** Ends the wait of those who have waited long enough for a lock. */
  const giveUp = (error: unknown): void => {
    const now = performance.now()
    for (const write of waiting) {
      write.deadline ??= now + lockTimeout
      if (now < write.deadline) continue
      waiting.delete(write)
      write.fail(driverError(sqliteDialect, error, true, lockTimeout))
    }
  }

  /** One write that finds no company after all is done as if it had not looked for any. */
  const isDone = (): boolean => {
    const [first] = waiting
    return first === undefined || isClosed || (waiting.size === 1 && unfinished === 0 && first.deadline === undefined)
  }

  const share = Effect.gen(function*() {
    let nextPause = makePauses()
    while (true) {
      // The answers of the last commit bring the next writes along.
      yield* nextTurn
      if (isDone()) break
      const locked = yield* commit
      if (locked === undefined) {
        nextPause = makePauses()
        continue
      }
      giveUp(locked)
      yield* realSleep(nextPause())
    }
    sharing = undefined
    if (waiting.size === 1) {
      trust = Math.min(trust + 1, mostTrust)
      trusted = 0
    }
    for (const write of takeAll()) write.writeAlone()
  })

  const join = <A, E>({ alone, isRepeatable, undoesAll, within, withinAtOnce }: Write<A, E>) =>
    Effect.flatten(
      Effect.withFiber((fiber) => {
        const { context } = fiber
        const goesStraight = withinAtOnce !== undefined && mayGoStraight(fiber)
        return Effect.callback<Effect.Effect<A, E | TaskDriverError>>((resume) => {
          let answer: Exit.Exit<A, E> | undefined
          let isEnded = false
          let noteEnd = (): void => undefined
          const end = (outcome: Effect.Effect<A, E | TaskDriverError>) => {
            isEnded = true
            resume(Effect.succeed(outcome))
            noteEnd()
          }
          const answered = (exit: Exit.Exit<A, E>): boolean => {
            answer = exit
            return !undoesAll || Exit.isSuccess(exit)
          }
          const pending: Pending = {
            runAtOnce: () => {
              const exit = goesStraight ? withinAtOnce() : undefined
              return exit && answered(exit)
            },
            run: Effect.suspend(() => Effect.map(Effect.exit(Effect.provideContext(within(), context)), answered)),
            isRepeatable,
            deadline: undefined,
            answer: () => end(answer ?? alone()),
            fail: (error) => end(Effect.fail(error)),
            failAsItDid: (error) => end(answer !== undefined && Exit.isFailure(answer) ? answer : Effect.fail(error)),
            writeAlone: () => end(counted(alone()))
          }
          waiting.add(pending)
          sharing ??= Effect.runForkWith(withoutYields)(share)
          // What has begun is waited for, so that its caller goes on when it has happened whole or not at all.
          return Effect.suspend(() =>
            waiting.delete(pending) || isEnded ? Effect.void : Effect.callback<void>((resume) => {
              noteEnd = () => resume(Effect.void)
            })
          )
        })
      })
    )

  const counted = <A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      unfinished++
      return Effect.ensuring(write, Effect.sync(() => unfinished--))
    })

  /**
   * Two fibers that write in one turn of the event loop are probably company, unless they are calls that one caller makes
   * through promises, one after the other. A fiber that goes on writing is none.
   */
  const hasCompany = (fiber: number): boolean => {
    if (isClosed) return false
    if (sharing !== undefined || unfinished > 0) return true
    return aloneNow !== undefined && aloneNow !== fiber && ++trusted > trust
  }

  const write = <A, E>(write: Write<A, E>): Effect.Effect<A, E | TaskDriverError> =>
    Effect.withFiber((fiber) => {
      if (Context.getOrUndefined(fiber.context, client.transactionService) !== undefined) return write.alone()
      if (hasCompany(fiber.id)) return join(write)
      if (aloneNow === undefined) setImmediate(() => aloneNow = undefined)
      aloneNow = fiber.id
      return write.aloneAtOnce?.(fiber) ?? counted(write.alone())
    })

  const noteDeath = (cause: Cause.Cause<unknown>) =>
    Effect.sync(() => {
      hasDied ||= Cause.hasDies(cause)
    })

  const transaction = (isRepeatable: boolean): SqlRunner["transaction"] => (effect) =>
    write({
      alone: () => files.runner.transaction(effect),
      within: () =>
        withDriverErrors(
          sqliteDialect,
          Effect.tapCause(client.transactAtOnce(effect), noteDeath),
          () => undefined
        ),
      undoesAll: false,
      isRepeatable
    })

  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      isClosed = true
      return sharing === undefined ? Effect.void : Effect.asVoid(Fiber.await(sharing))
    })
  )
  return {
    read: files.runner.read,
    write: (statement, decode) =>
      write({
        aloneAtOnce: (fiber) => files.runner.writeAtOnce(fiber, statement, decode),
        alone: () => files.runner.write(statement, decode),
        withinAtOnce: () => answerAtOnce(client, statement, decode, true),
        within: () => plain.write(statement, decode),
        undoesAll: true,
        isRepeatable: true
      }),
    transaction: transaction(true),
    transactionOnce: transaction(false)
  }
})

/** A transaction that gave way to other fibers would keep its lock for longer. How long it may take is limited. */
const withoutYields = Context.make(MaxOpsBeforeYield, Infinity)

/** With the event loop's own timer: those that `Effect.yieldNow` uses may stand still in a test. */
const nextTurn: Effect.Effect<void> = Effect.callback<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

const withoutSpan = (context: Context.Context<never>): Context.Context<never> => Context.omit(ParentSpan)(context)

const isLocked = (error: unknown): boolean => isSqlError(error) && sqliteDialect.fault(error).locked

const toDriverError = (error: unknown): TaskDriverError =>
  error instanceof TaskDriverError ? error : driverError(sqliteDialect, error, true, undefined)

const undone = new TaskDriverError({
  reason: "a write that shared its transaction failed, and the whole of it was undone; try again",
  retryable: true,
  applied: "no"
})
