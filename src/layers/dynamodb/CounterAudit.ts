/**
 * Comparing the counters of limits with the tasks that a look at all items finds.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { counted, mostExamples, type StoreFinding } from "../../domain/driver/StoreReport.ts"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import {
  counterKey,
  type CounterKind,
  counterWrites,
  isCountedBy,
  isCounterOf,
  markOf,
  sessionCounter,
  totalCounter
} from "./Counters.ts"
import { unexpected } from "./DynamoDbRequests.ts"
import type { DynamoDbTable, TransactionWrite } from "./DynamoDbTable.ts"
import { allOf, Expression } from "./Expression.ts"
import { seatedLine } from "./FreeLine.ts"
import { nextRevision } from "./nextRevision.ts"
import { partKeys } from "./Payloads.ts"
import { isVersion } from "./TaskConditions.ts"
import { type Item, readIdentity, readInteger } from "./TaskItem.ts"

/** What to say of each kind. */
const words = {
  tasks: {
    counters: "counter",
    options: "maxTasks and maxTasksPerSession",
    uncounted: "a process without limits created"
  },
  seats: {
    counters: "counter of seats",
    options: "maxActive and maxActivePerSession",
    uncounted: "a process without limits of active tasks created"
  }
} as const satisfies { readonly [Kind in CounterKind]: object }

/**
 * Counts what counters of one kind count, and what they should. Without limits there are no counters, and nothing to do.
 *
 * @since 0.2.0
 * @category models
 */
export class CounterAudit {
  readonly #table: DynamoDbTable
  readonly #kind: CounterKind
  readonly #nextToken: () => string
  /** How many tasks the counter of all of them said at first; `undefined` where no limit was ever set. */
  readonly #before: number | undefined
  readonly #kept = new Map<string, number>()
  readonly #stored = new Map<string, number>()
  readonly #uncounted: Array<string> = []
  #missed = 0
  #adopted = 0

  private constructor(
    table: DynamoDbTable,
    kind: CounterKind,
    nextToken: () => string,
    before: number | undefined
  ) {
    this.#table = table
    this.#kind = kind
    this.#nextToken = nextToken
    this.#before = before
  }

  /** Begins with the counter of all, by which it knows afterwards whether tasks came or went meanwhile. */
  static begin(
    table: DynamoDbTable,
    kind: CounterKind,
    nextToken: () => string
  ): Effect.Effect<CounterAudit, TaskDriverError> {
    return Effect.map(
      readCounter(table, totalCounter(kind)),
      (before) => new CounterAudit(table, kind, nextToken, before)
    )
  }

  /** Takes any item, and remembers it if it is a counter. */
  see(item: Item): void {
    const pk = item["pk"]?.S ?? ""
    if (isCounterOf(this.#kind, pk)) this.#kept.set(pk, Number(item["tasks"]?.N ?? 0))
  }

  /** Takes a task. With `fix` it counts one that nobody has counted, and tells whether it did. */
  add(item: Item, fix: boolean): Effect.Effect<boolean, TaskDriverError> {
    return Effect.gen({ self: this }, function*() {
      if (this.#before === undefined) return false
      const sessionId = item["sessionId"]?.S ?? null
      const isCounted = isCountedBy(this.#kind, item)
      if (!isCounted) {
        if (this.#kind === "seats" && !needsSeat(item)) return false
        this.#missed++
        if (this.#uncounted.length < mostExamples) this.#uncounted.push(item["taskId"]?.S ?? "")
        if (!fix || !(yield* this.#adopt(item, sessionId))) return false
        this.#adopted++
      }
      for (const counter of this.#countersOf(sessionId)) {
        this.#stored.set(counter, (this.#stored.get(counter) ?? 0) + 1)
      }
      return !isCounted
    })
  }

  #countersOf(sessionId: string | null): ReadonlyArray<string> {
    const all = totalCounter(this.#kind)
    return sessionId === null ? [all] : [all, sessionCounter(this.#kind, sessionId)]
  }

  /** Gives what is wrong, and with `fix` corrects the counters. */
  findings(tableName: string, fix: boolean): Effect.Effect<ReadonlyArray<StoreFinding>, TaskDriverError> {
    return Effect.gen({ self: this }, function*() {
      if (this.#before === undefined) return []
      const findings: Array<StoreFinding> = []
      const { counters, options, uncounted } = words[this.#kind]
      const [missed, one] = [this.#missed, this.#missed === 1]
      if (missed > 0) {
        findings.push({
          code: "counters",
          severity: "warning",
          subject: tableName,
          problem: `${counted(missed, "task")} ${one ? "is" : "are"} not counted for the limits: ${uncounted} ` +
            `${one ? "it" : "them"}.`,
          advice:
            `More tasks are let in than ${options} say. Give every process the limits, and count them with fix; ` +
            "DynamoDB then leaves their removal to maintenance.",
          fixable: true,
          ...(fix ? { fixed: this.#adopted === missed } : {}),
          count: missed,
          examples: this.#uncounted
        })
      }
      const wrong = yield* this.#compare()
      const [first] = wrong
      if (first === undefined) return findings
      const isQuiet = (yield* readCounter(this.#table, totalCounter(this.#kind))) === this.#before + this.#adopted
      const finding: StoreFinding = {
        code: "counters",
        severity: isQuiet ? "error" : "note",
        subject: tableName,
        problem: isQuiet
          ? `${counted(wrong.length, counters)} of limits ${
            wrong.length === 1 ? "is" : "are"
          } wrong: ${first.counter} says ` +
            `${first.kept ?? 0}, and ${first.stored} tasks are counted.`
          : "The counters of limits could not be compared with the tasks, since tasks came or went meanwhile.",
        advice: isQuiet
          ? "Tasks are refused too early or too late. Correct them with fix."
          : "Look again in a quiet hour.",
        fixable: isQuiet,
        count: wrong.length,
        examples: wrong.slice(0, mostExamples).map(({ counter }) => counter)
      }
      if (!fix || !isQuiet) return [...findings, finding]
      const corrected = yield* Effect.forEach(wrong, (counter) => this.#correct(counter))
      return [...findings, { ...finding, fixed: corrected.every((was) => was) }]
    })
  }

  /** A counter that was read before a task came is read once more. */
  #compare(): Effect.Effect<ReadonlyArray<WrongCounter>, TaskDriverError> {
    return Effect.gen({ self: this }, function*() {
      const wrong: Array<WrongCounter> = []
      for (const counter of new Set([...this.#kept.keys(), ...this.#stored.keys()])) {
        const stored = this.#stored.get(counter) ?? 0
        if (this.#kept.get(counter) === stored) continue
        const kept = yield* readCounter(this.#table, counter)
        if ((kept ?? 0) !== stored) wrong.push({ counter, kept, stored })
      }
      return wrong
    })
  }

  /** Adds what is missing, unless the counter has changed since. */
  #correct({ counter, kept, stored }: WrongCounter): Effect.Effect<boolean, TaskDriverError> {
    const expression = new Expression()
    const UpdateExpression = `SET ${expression.name("tasks")} = ${expression.number(stored)}`
    const ConditionExpression = kept === undefined
      ? expression.isAbsent("tasks")
      : expression.compare("tasks", "=", kept)
    return settled(
      this.#table.update({ Key: counterKey(counter), UpdateExpression, ConditionExpression, ...expression.maps })
    )
  }

  /** Counts a task, which DynamoDB may not remove by itself from then on, since it would not count it out. */
  #adopt(item: Item, sessionId: string | null): Effect.Effect<boolean, TaskDriverError> {
    return Effect.gen({ self: this }, function*() {
      const token = this.#nextToken()
      const { keys, version } = yield* this.#table.decode(() => ({ keys: partKeys(item), version: readIdentity(item) }))
      const expression = new Expression()
      const set = [
        ...nextRevision(expression, token),
        `${expression.name(markOf(this.#kind))} = ${expression.value({ BOOL: true })}`,
        ...(this.#kind === "seats" ? seatedIn(expression, item) : [])
      ]
      const { pk, sk } = item
      const writes: ReadonlyArray<TransactionWrite> = [
        {
          Update: {
            Key: pk === undefined || sk === undefined ? {} : { pk, sk },
            UpdateExpression: `SET ${set.join(", ")} REMOVE ${expression.name("purgeAt")}`,
            ConditionExpression: allOf(isVersion(expression, version), expression.isAbsent(markOf(this.#kind))),
            ...expression.maps
          }
        },
        ...counterWrites(this.#kind, { added: { sessionId } }).map(({ write }) => write),
        ...keys.map((Key) => keepPart(Key))
      ]
      return yield* settled(this.#table.transact(writes, token))
    })
  }
}

interface WrongCounter {
  readonly counter: string
  readonly kept: number | undefined
  readonly stored: number
}

/** Whether a task has begun and not ended. One that waits has a seat only where each that waits has one. */
const needsSeat = (item: Item): boolean =>
  item["active"] !== undefined && (Number(item["attempt"]?.N) > 0 || item["leaseExpiresAt"] === undefined)

/** A task with a seat is looked for in other lines. */
const seatedIn = (expression: Expression, { free, line }: Item): ReadonlyArray<string> => {
  if (line?.S === undefined) return []
  const seated = expression.text(seatedLine(line.S))
  const names = free?.S === line.S ? ["line", "free"] : ["line"]
  return names.map((name) => `${expression.name(name)} = ${seated}`)
}

const keepPart = (Key: Item): TransactionWrite => {
  const expression = new Expression()
  return {
    Update: {
      Key,
      UpdateExpression: `REMOVE ${expression.name("purgeAt")}`,
      ConditionExpression: expression.exists("pk"),
      ...expression.maps
    }
  }
}

const readCounter = (table: DynamoDbTable, counter: string): Effect.Effect<number | undefined, TaskDriverError> =>
  Effect.flatMap(
    table.get(counterKey(counter)),
    (item) => item === undefined ? Effect.succeed(undefined) : table.decode(() => readInteger(item, "tasks"))
  )

/** Tells whether a write was made; a lost race is none. */
const settled = (
  write: ReturnType<DynamoDbTable["update"]> | ReturnType<DynamoDbTable["transact"]>
): Effect.Effect<boolean, TaskDriverError> =>
  Effect.matchEffect(Effect.asVoid(write), {
    onSuccess: () => Effect.succeed(true),
    onFailure: (error) =>
      error._tag === "ConditionFailed" || error._tag === "TransactionRefused"
        ? Effect.succeed(false)
        : Effect.fail(unexpected(error))
  })
