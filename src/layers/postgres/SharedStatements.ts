/**
 * One statement for writes that come at the same time.
 *
 * A write that finds none under way is sent at once, by itself. Another one waits for the end of this turn of the event loop, and goes
 * together with those of its kind that came in it: tasks that were created together begin together, and settle together. A few
 * statements may be under way at once. Further writes wait until one of them has ended.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { SqlClient } from "effect/sql/SqlClient"
import { type AnySpan, nativeTracer, ParentSpan, Tracer } from "effect/Tracer"
import { setImmediate } from "node:timers"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { hasTracer } from "../../domain/telemetry/isTraced.ts"
import { afterPatience } from "../giveUpAfter.ts"
import { timedOut } from "../sql/SqlRunner.ts"
import { CurrentStatement, type StatementProgress } from "../sql/StatementProgress.ts"

/**
 * The part of the connections that writes use before others wait. Few callers gain nothing by waiting, and the other
 * connections are left for those who read.
 */
const partOfConnections = 0.4

/** How many writes share a statement, and how many bytes they may have together. */
const mostWrites = 32
const mostBytes = 1024 * 1024

/**
 * A write that may share a statement.
 *
 * @since 0.2.0
 * @category models
 */
export interface SharableWrite {
  readonly taskId: string
  readonly bytes: number
}

/**
 * The answers of a statement by task.
 *
 * @since 0.2.0
 * @category models
 */
export type SharedAnswers<Answer> = ReadonlyMap<string, Effect.Effect<Answer, TaskDriverError>>

/**
 * Does a write of one kind with others of its kind, or alone if there are no others.
 *
 * @since 0.2.0
 * @category models
 */
export type JoinOthers<Write, Answer> = (
  write: Write,
  alone: () => Effect.Effect<Answer, TaskDriverError>
) => Effect.Effect<Answer, TaskDriverError>

/**
 * Shares statements.
 *
 * @since 0.2.0
 * @category models
 */
export interface ShareStatements {
  /** Does a write alone at once, unless there are others: then it is to join those that wait. */
  readonly aloneOr: <Answer>(
    alone: () => Effect.Effect<Answer, TaskDriverError>,
    join: () => Effect.Effect<Answer, TaskDriverError>
  ) => Effect.Effect<Answer, TaskDriverError>
  /**
   * Makes a kind of writes. `together` does several of them, each to another task, in one statement. A write that got no
   * answer from it, or that it has not done because it failed, is done alone.
   */
  readonly makeKind: <Write extends SharableWrite, Answer>(
    together: (writes: ReadonlyArray<Write>) => Effect.Effect<SharedAnswers<Answer>, TaskDriverError>
  ) => JoinOthers<Write, Answer>
}

/** The writes of one kind that wait for their turn. */
interface Group {
  readonly isEmpty: () => boolean
  /** Begins as many as may go together. */
  readonly begin: () => void
}

/** A write that waits for its turn, and then for its answer. */
interface Pending<Write, Answer> {
  readonly write: Write
  readonly alone: () => Effect.Effect<Answer, TaskDriverError>
  readonly context: Context.Context<never>
  readonly end: (outcome: Effect.Effect<Answer, TaskDriverError>) => void
  /** Once it has begun. */
  statement: Statement | undefined
  /** Whether nobody waits for it any more. */
  isGone: boolean
}

/** A statement that is under way. */
interface Statement {
  readonly progress: StatementProgress
  readonly fiber: Fiber.Fiber<unknown, unknown>
  /** How many wait for it. */
  waiting: number
}

/**
 * Makes what shares the statements of a client. A write within a transaction of its caller is left alone.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeShareStatements = (
  sql: SqlClient,
  maxConnections: number,
  statementTimeout: number
): ShareStatements => {
  const mostUnderway = Math.ceil(maxConnections * partOfConnections)
  let underway = 0
  /** Whether others have a moment to come. */
  let isGathering = false
  /** Who waits longest comes first. */
  const groups = new Set<Group>()

  const hasRoom = (): boolean => underway < mostUnderway && !isGathering

  const beginNext = (): void => {
    while (hasRoom()) {
      const [group] = groups
      if (group === undefined) break
      groups.delete(group)
      group.begin()
      if (!group.isEmpty()) groups.add(group)
    }
  }

  /**
   * Begins what there is room for at the end of this turn of the event loop. Others may come in it, such as those who have just been
   * answered. With 20 callers a task of a runner is 0.1 statements so, and was 0.4 when whatever found room went alone.
   */
  const gather = (): void => {
    if (!hasRoom()) return
    isGathering = true
    setImmediate(() => {
      isGathering = false
      beginNext()
    })
  }

  const noteEnd = (wasShared: boolean): void => {
    underway--
    if (wasShared || groups.size > 0) gather()
  }

  const counted = <A, E>(write: Effect.Effect<A, E>): Effect.Effect<A, E> => {
    let hasBegun = false
    return Effect.ensuring(
      Effect.suspend(() => {
        hasBegun = true
        underway++
        return write
      }),
      Effect.sync(() => {
        if (hasBegun) noteEnd(false)
      })
    )
  }

  const makeKind = <Write extends SharableWrite, Answer>(
    together: (writes: ReadonlyArray<Write>) => Effect.Effect<SharedAnswers<Answer>, TaskDriverError>
  ): JoinOthers<Write, Answer> => {
    type Waiting = Pending<Write, Answer>
    const waiting = new Set<Waiting>()

    /** Two writes to one task cannot go together. */
    const take = (): ReadonlyArray<Waiting> => {
      const taken = new Map<string, Waiting>()
      let bytes = 0
      for (const pending of waiting) {
        const { write } = pending
        if (taken.has(write.taskId)) continue
        bytes += write.bytes
        if (taken.size === mostWrites || (taken.size > 0 && bytes > mostBytes)) break
        taken.set(write.taskId, pending)
        waiting.delete(pending)
      }
      return [...taken.values()]
    }

    const send = <A>(
      all: ReadonlyArray<Waiting>,
      context: Context.Context<never>,
      effect: Effect.Effect<A, TaskDriverError>,
      onExit: (exit: Exit.Exit<A, TaskDriverError>) => void
    ): void => {
      const progress: StatementProgress = { isSent: true }
      underway++
      const fiber = Effect.runForkWith(Context.add(context, CurrentStatement, progress))(effect)
      const statement: Statement = { progress, fiber, waiting: all.length }
      for (const pending of all) pending.statement = statement
      fiber.addObserver((exit) => {
        noteEnd(all.length > 1)
        onExit(exit)
      })
    }

    const sendAlone = (pending: Waiting): void => {
      if (!pending.isGone) send([pending], pending.context, pending.alone(), pending.end)
    }

    const sendTogether = (all: ReadonlyArray<Waiting>): void => {
      const writes = together(all.map(({ write }) => write))
      send(all, Context.make(Tracer, tracerOf(all)), Effect.linkSpans(writes, spansOf(all)), (exit) => {
        if (Exit.isSuccess(exit)) {
          for (const pending of all) {
            const answer = exit.value.get(pending.write.taskId)
            if (answer === undefined) sendAlone(pending)
            else pending.end(answer)
          }
          return
        }
        const error = Cause.squash(exit.cause)
        const isUndone = error instanceof TaskDriverError && error.applied === "no"
        for (const pending of all) {
          if (isUndone) sendAlone(pending)
          else pending.end(Effect.failCause(exit.cause))
        }
      })
    }

    const group: Group = {
      isEmpty: () => waiting.size === 0,
      begin: () => {
        const all = take()
        if (all.length > 1) sendTogether(all)
        else for (const pending of all) sendAlone(pending)
      }
    }

    // The timer of each write is its own. A fiber that waits for the answer would cost as much as all else that a write takes here.
    return (write, alone) =>
      Effect.contextWith((context: Context.Context<never>) =>
        Effect.callback<Answer, TaskDriverError>((resume) => {
          const end = (outcome: Effect.Effect<Answer, TaskDriverError>): void => {
            forget()
            resume(outcome)
          }
          const pending: Waiting = { write, alone, context, end, statement: undefined, isGone: false }
          waiting.add(pending)
          groups.add(group)
          gather()
          /** Gives the statement that nobody waits for any more, which gives its connection back. */
          const leave = (): Statement | undefined => {
            pending.isGone = true
            waiting.delete(pending)
            if (waiting.size === 0) groups.delete(group)
            const { statement } = pending
            return statement !== undefined && --statement.waiting === 0 ? statement : undefined
          }
          const forget = afterPatience(statementTimeout, () => {
            resume(Effect.fail(timedOut(statementTimeout, true, pending.statement?.progress ?? notSent)))
            leave()?.fiber.interruptUnsafe()
          })
          return Effect.suspend(() => {
            forget()
            const left = leave()
            return left === undefined ? Effect.void : Fiber.interrupt(left.fiber)
          })
        })
      )
  }

  return {
    aloneOr: (alone, join) =>
      Effect.withFiber(({ context }) => {
        if (Context.getOrUndefined(context, sql.transactionService) !== undefined) return alone()
        return underway === 0 && !isGathering ? counted(alone()) : join()
      }),
    makeKind
  }
}

type InContext = Pick<Pending<unknown, unknown>, "context">

/** The tracer of the first whom somebody traces. */
const tracerOf = (all: ReadonlyArray<InContext>): Tracer => {
  const traced = all.find(({ context }) => hasTracer(context))
  return traced === undefined ? nativeTracer : Context.get(traced.context, Tracer)
}

/** The statement is a part of several traces, and so of none. */
const spansOf = (all: ReadonlyArray<InContext>): ReadonlyArray<AnySpan> =>
  all.flatMap(({ context }) => {
    const span = hasTracer(context) ? Context.getOrUndefined(context, ParentSpan) : undefined
    return span?.sampled === true ? [span] : []
  })

const notSent: StatementProgress = { isSent: false }
