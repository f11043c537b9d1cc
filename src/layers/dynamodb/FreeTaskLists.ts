/**
 * Lists of free tasks and of their kinds, by the lines in which they stand.
 *
 * Indexes follow the table after a moment, so a list may have a task that was taken since, and miss one that has just become free.
 * A claim asks the table itself, in the condition of its write.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import type { ActiveBounds } from "../../domain/driver/ActiveBounds.ts"
import type { FreeQuery, FreeTime, StoredKind, TaskDriver, TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import { counterKey, sessionCounter, totalCounter } from "./Counters.ts"
import { isTakeable, makeDueTasks, taskIdOf } from "./DueTasks.ts"
import type { DynamoDbTable } from "./DynamoDbTable.ts"
import { allOf, Expression } from "./Expression.ts"
import {
  allLines,
  behindLine,
  kindKey,
  kindKeyOf,
  kindOf,
  lineOfSeated,
  lineOfSession,
  linesOf,
  linesOfKinds,
  partsOf,
  placesUpTo,
  waitingLine
} from "./FreeLine.ts"
import { type FreeList, type ListedTask, makeTake } from "./makeTake.ts"
import { readPaused } from "./PauseItem.ts"
import { withPayloads } from "./Payloads.ts"
import { indexes } from "./TableDefinition.ts"
import { type Item, queuesOf, readInteger, readJson, readText, taskKey } from "./TaskItem.ts"

/** A small read costs as much as one of so many entries. */
const leastEntries = 20

const mostEntries = 1_000

/** The lines from one to another, both included. */
interface Lines {
  readonly from: string
  readonly to: string
}

/** Tells how many seats there are for the tasks of a session. */
type SeatsLeft = (sessionId: string | null) => Effect.Effect<number, TaskDriverError>

/**
 * Makes the lists of free tasks of a driver.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeFreeTaskLists = (
  table: DynamoDbTable,
  shards: number,
  patch: TaskDriver["patch"]
): Required<Pick<TaskDriver, "freeKinds" | "free" | "take">> => {
  const queues = Array.from({ length: queuesOf(shards) }, (_, index) => String(index))
  const { moveDue, moveEarlier } = makeDueTasks(table, shards)

  /** Up to which time everything was moved that had become due. */
  let movedBy: FreeTime | undefined

  const entries = (queue: string, { from, to }: Lines, Limit: number, ExclusiveStartKey?: Item) => {
    const expression = new Expression()
    return table.query({
      IndexName: indexes.free.name,
      KeyConditionExpression: allOf(
        expression.compare("queue", "=", queue),
        expression.compare("active", "=", "working"),
        `${expression.name("free")} BETWEEN ${expression.text(from)} AND ${expression.text(to)}`
      ),
      Limit,
      ExclusiveStartKey,
      ...expression.maps
    })
  }

  /** Gives the first entry from a line on. */
  const firstEntry = (queue: string, from: string) =>
    Effect.map(entries(queue, { from, to: waitingLine }, 1), ({ Items = [] }) => Items[0])

  /**
   * Gives an entry of each kind that is meant of free tasks in a partition, in their order. A kind that is not meant leads to the next
   * lines that are.
   */
  const kindsIn = Effect.fnUntraced(function*(
    queue: string,
    time: FreeTime,
    { limit, meant }: { readonly limit: number; readonly meant: ReadonlyArray<Lines> },
    readPaused: Effect.Effect<(kind: string) => boolean, TaskDriverError>
  ) {
    const found: Array<Item> = []
    const [first] = meant
    if (first === undefined) return found
    let entry = yield* firstEntry(queue, first.from)
    // Nothing is free, and what comes first of what waits is not due.
    if (entry === undefined || (isWaiting(entry) && !standsBefore(entry, time.freeBy))) return found
    const moved = yield* moveDue(queue, time)
    // What was moved, by others too, may come before what was read.
    if (moved > 0 || isWaiting(entry)) entry = yield* firstEntry(queue, first.from)
    let index = 0
    while (entry !== undefined && !isWaiting(entry) && found.length < limit) {
      const line = readText(entry, "free")
      let lines = meant[index]
      while (lines !== undefined && compareBytes(line, lines.to) > 0) lines = meant[++index]
      if (lines === undefined) break
      if (compareBytes(line, lines.from) < 0) {
        entry = yield* firstEntry(queue, lines.from)
        continue
      }
      const kind = kindKeyOf(line)
      const isPaused = yield* readPaused
      if (!isPaused(kind) && (isTakeable(entry, time) || (yield* hasFree(queue, kind, time)))) found.push(entry)
      const behind = linesOf(kind).to
      // Behind the only kind of these lines come the next ones that are meant.
      const from = behind === lines.to ? meant[++index]?.from : behind
      entry = from === undefined ? undefined : yield* firstEntry(queue, from)
    }
    return found
  })

  const hasFree = (queue: string, kind: string, time: FreeTime) =>
    Effect.map(
      walk([queue], linesOf(kind), { ...time, except: [], perSession: 1, limit: 1 }, stays),
      (found) => found.length > 0
    )

  /** Reads the kind of a task whose name or method is too long for the name of its line. */
  const readKind = (entry: Item): Effect.Effect<StoredKind | undefined, TaskDriverError> =>
    Effect.gen(function*() {
      const item = yield* table.get(taskKey(taskIdOf(entry)), { attributes: ["pk", "originalMethod", "name"] })
      const whole = item === undefined ? undefined : yield* withPayloads(table, item, ["originalMethod"])
      return whole === undefined ? undefined : yield* table.decode(() => ({
        originalMethod: readJson(whole, "originalMethod"),
        name: whole["name"] === undefined ? null : readJson(whole, "name")
      }))
    })

  /** Gives free tasks of these lines, session by session, over all partitions. */
  const walk = Effect.fnUntraced(function*(
    queues: ReadonlyArray<string>,
    lines: Lines,
    query: Pick<FreeQuery, "except" | "freeBy" | "limit" | "now" | "perSession">,
    isGone: (task: ListedTask) => boolean,
    seatsLeft?: SeatsLeft
  ): Effect.fn.Return<ReadonlyArray<ListedTask>, TaskDriverError> {
    const { except, limit, perSession } = query
    const excepted = new Set(except)
    const size = Math.min(mostEntries, Math.max(leastEntries, perSession))
    const sources = queues.map((queue) => new Source(queue, lines))
    const found: Array<ListedTask> = []

    const refill = Effect.suspend(() =>
      Effect.forEach(
        sources.filter((source) => source.isEmpty),
        (source) =>
          Effect.map(
            entries(source.queue, { from: source.from, to: lines.to }, size, source.start),
            ({ Items = [], LastEvaluatedKey }) => source.fill(Items, LastEvaluatedKey)
          ),
        { concurrency: "unbounded", discard: true }
      )
    )

    while (found.length < limit) {
      yield* refill
      const line = least(sources.map(({ head }) => head?.["free"]?.S))
      if (line === undefined) break
      let count = 0
      const session = sources.find(({ head }) => head?.["free"]?.S === line)?.head?.["sessionId"]?.S ?? null
      const isExcepted = excepted.has(session ?? "")
      const most = seatsLeft === undefined || isExcepted
        ? perSession
        : Math.min(perSession, yield* seatsLeft(session))
      while (count < most && found.length < limit) {
        yield* refill
        const source = nextIn(sources, line)
        const entry = source?.head
        if (source === undefined || entry === undefined || !standsBefore(entry, query.freeBy)) break
        if (isExcepted) break
        source.shift()
        if (!isTakeable(entry, query)) continue
        const task = yield* table.decode(() => readEntry(entry))
        if (isGone(task)) continue
        found.push(task)
        count++
      }
      for (const source of sources) source.skipTo(behindLine(line))
    }
    return found
  })

  /** Walks several lines, one after the other. */
  const walkAll = Effect.fnUntraced(function*(
    parts: ReadonlyArray<Lines>,
    query: Parameters<typeof walk>[2],
    isGone: (task: ListedTask) => boolean,
    seatsLeft?: SeatsLeft
  ) {
    const found: Array<ListedTask> = []
    for (const part of parts) {
      const limit = query.limit - found.length
      if (limit > 0) found.push(...yield* walk(queues, part, { ...query, limit }, isGone, seatsLeft))
    }
    return found
  })

  const freeKinds: TaskDriver["freeKinds"] = Effect.fnUntraced(function*({ behind, kinds, limit, ...time }) {
    const meant = linesBehind(kinds === undefined ? [allLines] : kinds.map(linesOfKinds), behind)
    yield* moveEarlier(time)
    // Where nothing is free, nothing is read.
    const readOnce = yield* Effect.cached(readPaused(table))
    const found = yield* Effect.forEach(queues, (queue) => kindsIn(queue, time, { limit, meant }, readOnce), {
      concurrency: "unbounded"
    })
    movedBy = time
    const byKey = new Map(found.flat().map((entry) => [kindKeyOf(readText(entry, "free")), entry]))
    const first = [...byKey].toSorted(([left], [right]) => compareBytes(left, right)).slice(0, limit)
    const read = yield* Effect.forEach(first, ([, entry]) => {
      const kind = kindOf(readText(entry, "free"))
      return kind === undefined ? readKind(entry) : Effect.succeed(kind)
    })
    return read.filter((kind) => kind !== undefined)
  })

  const readSeats = (counter: string): Effect.Effect<number, TaskDriverError> =>
    Effect.map(table.get(counterKey(counter)), (item) => Number(item?.["tasks"]?.N ?? 0))

  /** Lists what has no seat, as far as there are seats. */
  const listFresh = Effect.fnUntraced(function*(
    lines: ReadonlyArray<Lines>,
    query: Omit<FreeQuery, "kind" | "behind">,
    { maxActive, maxActivePerSession }: ActiveBounds,
    isGone: (task: ListedTask) => boolean
  ) {
    const left = maxActive === null ? Infinity : maxActive - (yield* readSeats(totalCounter("seats")))
    const seatsLeft = maxActivePerSession === null ? undefined : (session: string | null) =>
      session === null
        ? Effect.succeed(Infinity)
        : Effect.map(readSeats(sessionCounter("seats", session)), (taken) => maxActivePerSession - taken)
    return yield* walkAll(lines, { ...query, limit: Math.min(query.limit, left) }, isGone, seatsLeft)
  })

  const list: FreeList = Effect.fnUntraced(function*({ behind, kind, ...query }, isGone) {
    // Right after the kinds were listed there is nothing to move.
    if (movedBy?.freeBy !== query.freeBy || movedBy.now !== query.now) {
      yield* Effect.forEach(queues, (queue) => moveDue(queue, query), { concurrency: "unbounded", discard: true })
    }
    const key = kindKey(kind)
    const { others, seated } = partsOf(key)
    /** What comes behind a session: of those with a seat, and of the others. Behind no session there are all sessions. */
    const seatedFrom = behind === undefined
      ? seated
      : { ...seated, from: behindLine(lineOfSeated(key, behind)) }
    const othersFrom = others.flatMap((part, index) =>
      behind === undefined || (behind === "" && index > 0)
        ? [part]
        : index === 0
        ? []
        : [{ ...part, from: behindLine(lineOfSession(key, behind)) }]
    )
    const { seats } = query
    const found = typeof seats === "object"
      ? yield* listFresh(othersFrom, query, seats, isGone)
      : seats === "taken"
      ? yield* walk(queues, seatedFrom, query, isGone)
      : behind === undefined
      ? yield* walk(queues, linesOf(key), query, isGone)
      : yield* walkAll([seatedFrom, ...othersFrom], query, isGone)
    // A task that was created after its kind was paused is not taken, whenever the look began.
    return found.length > 0 && (yield* readPaused(table))(key) ? [] : found
  })

  return {
    freeKinds,
    free: (query) => Effect.map(list(query, stays), (found) => found.map((task) => Struct.omit(task, ["incarnation"]))),
    take: makeTake(list, patch)
  }
}

/** What was read of a partition, and where to go on. */
class Source {
  readonly queue: string
  readonly #to: string
  from: string
  start: Item | undefined
  #entries: Array<Item> = []
  #isExhausted = false

  constructor(queue: string, { from, to }: Lines) {
    this.queue = queue
    this.from = from
    this.#to = to
  }

  /** Whether there may be more, and has to be read first. */
  get isEmpty(): boolean {
    return this.#entries.length === 0 && !this.#isExhausted
  }

  get head(): Item | undefined {
    return this.#entries[0]
  }

  fill(entries: Array<Item>, start: Item | undefined): void {
    this.#entries = entries
    this.start = start
    this.#isExhausted = start === undefined
  }

  shift(): void {
    this.#entries.shift()
  }

  /** Goes on with the first entry of this line, or of the next one that there is. */
  skipTo(line: string): void {
    const index = this.#entries.findIndex(({ free }) => compareBytes(free?.S ?? "", line) >= 0)
    this.#entries = index < 0 ? [] : this.#entries.slice(index)
    if (index >= 0 || this.#isExhausted) return
    this.from = line
    this.start = undefined
    this.#isExhausted = compareBytes(line, this.#to) > 0
  }
}

/** Whether the place of an entry is one of those whose lease has ended by then. */
const standsBefore = ({ place }: Item, freeBy: number): boolean => (place?.S ?? "") < placesUpTo(freeBy)

/** An index may list what is gone. */
const stays = () => false

const isWaiting = (entry: Item): boolean => entry["free"]?.S === waitingLine

/** Gives the source with the first place in a line. */
const nextIn = (sources: ReadonlyArray<Source>, line: string): Source | undefined => {
  let next: Source | undefined
  for (const source of sources) {
    if (source.head?.["free"]?.S !== line) continue
    if (next === undefined || compareBytes(placeIn(source), placeIn(next)) < 0) next = source
  }
  return next
}

const placeIn = ({ head }: Source): string => head?.["place"]?.S ?? ""

const least = (texts: ReadonlyArray<string | undefined>): string | undefined =>
  texts.reduce(
    (least, text) => text === undefined || (least !== undefined && compareBytes(least, text) <= 0) ? least : text,
    undefined
  )

const compareBytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right))

/** In their order, and no more of them than what comes behind a kind. */
const linesBehind = (lines: ReadonlyArray<Lines>, kind: StoredKind | undefined): ReadonlyArray<Lines> => {
  const least = kind === undefined ? "" : linesOf(kindKey(kind)).to
  return lines
    .filter(({ to }) => compareBytes(to, least) > 0)
    .map(({ from, to }) => ({ from: compareBytes(from, least) < 0 ? least : from, to }))
    .toSorted((left, right) => compareBytes(left.from, right.from))
}

const readEntry = (entry: Item): ListedTask => ({
  incarnation: readText(entry, "incarnation"),
  taskId: taskIdOf(entry),
  sessionId: entry["sessionId"]?.S ?? null,
  attempt: readInteger(entry, "attempt"),
  leaseExpiresAt: readInteger(entry, "leaseExpiresAt"),
  dueAt: entry["dueAt"] === undefined ? null : readInteger(entry, "dueAt")
})
