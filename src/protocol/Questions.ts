/**
 * The questions of tasks to clients of revision 2025-11-25, on the streams of their requests.
 *
 * @since 0.2.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { TaskRecord } from "../domain/task/TaskRecord.ts"
import { isRefusedAnswer, refusedAnswer } from "../runner/handler/InputRefused.ts"
import { invalidParams, relatedTaskKey } from "./names.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import type { OwnerLimits } from "./OwnerLimits.ts"
import { overrunAnswers } from "./requestLimits.ts"
import { canAnswer, ownProperty } from "./TaskClient.ts"
import type { WireError } from "./WireError.ts"

type Fields = Readonly<Record<string, unknown>>

/**
 * A request to a client.
 *
 * @since 0.2.0
 * @category models
 */
export interface Question {
  readonly method: string
  readonly params: Fields
}

/**
 * The client went away before it answered.
 *
 * @since 0.2.0
 * @category errors
 */
export class ListenerGone extends Data.TaggedError("ListenerGone") {}

/**
 * Sends a request to a client and gives its answer. Fails with the JSON-RPC error that the client answers with, or with
 * `ListenerGone`. Interrupted, it withdraws the request, by `notifications/cancelled`.
 *
 * @since 0.2.0
 * @category models
 */
export type Ask = (question: Question) => Effect.Effect<unknown, WireError | ListenerGone>

/**
 * A client that listens to a task.
 *
 * @since 0.2.0
 * @category models
 */
export interface Listener {
  readonly ask: Ask
  readonly clientCapabilities: unknown
  /** What is the same for each listener of one client, compared by identity. */
  readonly client: unknown
  /** A poll leaves the questions to whoever has them; anything else takes them over from an older listener of its client. */
  readonly isPoll: boolean
}

interface Seat extends Listener {
  /** What this client is being asked. */
  readonly asked: Map<string, Fiber.Fiber<void>>
  /** What it is not asked again: it went away, or its answer could not be stored. */
  readonly passed: Set<string>
}

/** The listeners of one task, the first of which is asked. */
interface Table {
  readonly owned: OwnedTasks
  readonly taskId: string
  seats: ReadonlyArray<Seat>
  revision: number
  open: ReadonlyMap<string, Question>
  /** What has been answered: the answer is being stored, or is, and the table has not heard of it. */
  readonly answered: Set<string>
}

/**
 * Puts the questions of the tasks of a process to their listeners, each once. When a listener goes away, the next one is asked.
 * So it is when its client listens again: the old stream may be lost without anybody knowing.
 *
 * @since 0.2.0
 * @category models
 */
export class Questions {
  readonly #tables = new Map<string, Table>()

  /**
   * Adds a listener until the scope ends. What this gives takes each state of the task. The first one seats the listener,
   * since it shows that it may reach the task.
   */
  listen(
    owned: OwnedTasks,
    taskId: string,
    listener: Listener
  ): Effect.Effect<(record: TaskRecord) => Effect.Effect<void>, never, Scope.Scope> {
    const seat: Seat = { ...listener, asked: new Map(), passed: new Set() }
    let joined: Table | undefined
    const leave = Effect.suspend(() =>
      joined === undefined ? Effect.void : Effect.andThen(this.#leave(joined, seat), this.#assign(joined))
    )
    return Effect.as(Effect.addFinalizer(() => leave), (record) =>
      Effect.suspend(() => {
        const table = joined ??= this.#sit(owned, taskId, seat)
        if (record.revision > table.revision) {
          table.revision = record.revision
          table.open = questionsOf(record)
        }
        return this.#assign(table)
      }))
  }

  #sit(owned: OwnedTasks, taskId: string, seat: Seat): Table {
    const found = this.#tables.get(taskId)
    const table: Table = found ??
      { owned, taskId, seats: [], revision: 0, open: new Map(), answered: new Set() }
    const older = seat.isPoll ? -1 : table.seats.findIndex(({ client }) => client === seat.client)
    table.seats = older < 0
      ? [...table.seats, seat]
      : [...table.seats.slice(0, older), seat, ...table.seats.slice(older)]
    this.#tables.set(taskId, table)
    return table
  }

  #leave(table: Table, seat: Seat): Effect.Effect<void> {
    return Effect.suspend(() => {
      table.seats = table.seats.filter((other) => other !== seat)
      if (table.seats.length === 0) this.#tables.delete(table.taskId)
      return Effect.forEach([...seat.asked.keys()], (key) => withdraw(seat, key), { discard: true })
    })
  }

  /** Withdraws what a listener is asked that it should not be, and asks what nobody is asked. */
  #assign(table: Table): Effect.Effect<void> {
    return Effect.suspend(() => {
      const asks = [...table.open].flatMap(([key, question]) => {
        if (table.answered.has(key)) return []
        const seat = table.seats.find(({ clientCapabilities, passed }) =>
          !passed.has(key) && canAnswer(clientCapabilities, question.method)
        )
        return seat === undefined ? [] : [{ key, question, seat }]
      })
      const isDue = (seat: Seat, key: string) =>
        table.answered.has(key) || asks.some((ask) => ask.key === key && ask.seat === seat)
      const withdrawn = table.seats.flatMap((seat) =>
        [...seat.asked.keys()].filter((key) => !isDue(seat, key)).map((key) => withdraw(seat, key))
      )
      return Effect.andThen(
        Effect.all(withdrawn, { discard: true }),
        Effect.forEach(asks, ({ key, question, seat }) =>
          seat.asked.has(key) ? Effect.void : Effect.map(
            Effect.forkDetach(this.#put(table, seat, key, question)),
            (fiber) => void seat.asked.set(key, fiber)
          ), { discard: true })
      )
    })
  }

  #put(table: Table, seat: Seat, key: string, question: Question): Effect.Effect<void> {
    const { owned, taskId } = table
    const meta = ownProperty(question.params, "_meta")
    const params = {
      ...question.params,
      _meta: { ...(Predicate.isReadonlyObject(meta) ? meta : {}), [relatedTaskKey]: { taskId } }
    }
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function*() {
        const answer = yield* restore(putQuestion(seat.ask, owned.limits, { method: question.method, params }))
        seat.asked.delete(key)
        if (answer !== undefined) {
          table.answered.add(key)
          // From here on the answer is stored, whatever becomes of the stream.
          if (yield* storeAnswer(owned, taskId, key, question.method, answer)) return
          table.answered.delete(key)
        }
        seat.passed.add(key)
        yield* this.#assign(table)
      })
    ).pipe(Effect.annotateLogs({ "mcp.task.id": taskId, "mcp.task.input": key }))
  }
}

const withdraw = (seat: Seat, key: string): Effect.Effect<void> =>
  Effect.sync(() => {
    const fiber = seat.asked.get(key)
    seat.asked.delete(key)
    // Nobody waits for the client to be told.
    fiber?.interruptUnsafe()
  })

/**
 * Asks, and gives the answer as it is stored: an error of the client's is an answer too, and so is one that is over the limits.
 * Gives `undefined` where the client went away.
 *
 * @since 0.2.0
 * @category combinators
 */
export const putQuestion = (ask: Ask, limits: OwnerLimits, question: Question): Effect.Effect<Fields | undefined> =>
  Effect.suspend(() => ask(question)).pipe(
    Effect.map((answer): Fields => {
      if (!isAnswer(answer)) {
        return refusedAnswer(question.method, { code: invalidParams, message: "The client's answer is no result" })
      }
      const overrun = overrunAnswers(limits, { answer })
      return overrun === undefined ? answer : refusedAnswer(question.method, overrun)
    }),
    Effect.catch((error) =>
      Effect.succeed(error instanceof ListenerGone ? undefined : refusedAnswer(question.method, error))
    ),
    Effect.catchDefect((defect) => Effect.as(Effect.logWarning("A question could not be sent", defect), undefined))
  )

/**
 * Tells whether a client may give this as an answer: results are objects.
 *
 * @since 0.2.0
 * @category guards
 */
export const isAnswer = (answer: unknown): answer is Fields =>
  Predicate.isReadonlyObject(answer) && !isRefusedAnswer(answer)

/** Stores an answer; what cannot be stored is stored as refused, with the reason. Tells whether the question is settled. */
const storeAnswer = (owned: OwnedTasks, taskId: string, key: string, method: string, answer: Fields) => {
  const store = (answer: Fields) => owned.runner.provideInput(taskId, { [key]: answer })
  const storeRefused = (message: string) => store(refusedAnswer(method, { code: invalidParams, message }))
  return store(answer).pipe(
    Effect.catchTags({
      PayloadTooLarge: ({ actual, limit }) =>
        storeRefused(`The answer takes ${actual} bytes, and at most ${limit} are stored`),
      InvalidInput: ({ reason }) => storeRefused(`The answer cannot be stored: ${reason}`)
    }),
    Effect.retry({
      while: (error) => error._tag === "TaskStorageUnavailable" && error.retryable,
      times: 5,
      schedule: Schedule.exponential("200 millis")
    }),
    Effect.as(true),
    // Nobody waits for it any more.
    Effect.catchTags({ TaskNotFound: () => Effect.succeed(true), TerminalState: () => Effect.succeed(true) }),
    Effect.catch((error) => Effect.as(Effect.logWarning("The answer to a question could not be stored", error), false))
  )
}

const questionsOf = ({ inputRequests }: TaskRecord): ReadonlyMap<string, Question> =>
  new Map(
    Object.entries(inputRequests ?? {}).flatMap(([key, request]) => {
      const method = ownProperty(request, "method")
      const params = ownProperty(request, "params")
      return typeof method === "string"
        ? [[key, { method, params: Predicate.isReadonlyObject(params) ? params : {} }]]
        : []
    })
  )
