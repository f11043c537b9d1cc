/**
 * The SQL that finds free tasks.
 *
 * The index of free tasks begins with the kind, and then has the session. So one step leads from a kind or a session to the
 * next one, past all their tasks. A task that waits or is held is in other indexes. It is moved over when it is due.
 *
 * @since 0.2.0
 */
import type { StoredKinds } from "../../domain/driver/KindDriver.ts"
import type { FreeKindsQuery, FreeQuery, FreeTime, StoredKind } from "../../domain/driver/TaskDriver.ts"
import { hasBegun } from "./SqlCounters.ts"
import type { SqlDialect } from "./SqlDialect.ts"
import { isLeased, makeTexts, notExpired, type SqlStatement } from "./SqlStatement.ts"
import { type TaskTables, totalKey } from "./TaskTables.ts"

/**
 * The text of a kind, of which {@link SqlDialect} makes the key in the index.
 *
 * @since 0.2.0
 * @category fragments
 */
export const kindText = "(original_method || coalesce(name, ''))"

/**
 * The key of a session in the index.
 *
 * @since 0.2.0
 * @category fragments
 */
export const sessionKey = "coalesce(session_id, '')"

/**
 * Tests that a task is in the index of free tasks. Whether it is free yet is another condition, because processes of the
 * version before claim tasks and do not take them out of the index.
 *
 * @since 0.2.0
 * @category fragments
 */
export const isReady = "status = 'working' AND ready = 1"

/**
 * Tests that a task is in the index of tasks that become free at a time.
 *
 * @since 0.2.0
 * @category fragments
 */
export const becomesReady = `status = 'working' AND ready IS NULL AND ${isLeased}`

/** Nothing is due by then: no lease is negative. */
const never = -1

/**
 * Whether the tasks that are due have been moved into the index of free tasks. If not, a statement finds none, and says so.
 *
 * @since 0.2.0
 * @category models
 */
export type Moved = "moved" | "unsure"

/**
 * Makes the statements that find free tasks. The first column of each answer tells whether tasks have to be moved first.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeFreeStatements = (tables: TaskTables, dialect: SqlDialect) => {
  const { paused, tasks } = tables
  const cached = makeTexts()
  const kindKey = dialect.kindKey(kindText)
  // PostgreSQL would read the table for the first row of any query that has no order, if it thought that many rows fit.
  const due = "due (is_some) AS (" +
    `SELECT coalesce((SELECT 1 FROM ${tasks} WHERE ${becomesReady} AND lease_expires_at <= ? ` +
    "ORDER BY lease_expires_at LIMIT 1), 0))"
  const givenKind = `(SELECT ${dialect.kindKey("texts.kind")} AS kind FROM (SELECT ? AS kind) AS texts) AS given`
  const dueBy = ({ freeBy }: FreeTime, moved: Moved): number => moved === "moved" ? never : freeBy

  /** Asked for each kind, and never for each task of it. */
  const isNotPaused = (method: string, name: string) =>
    `NOT EXISTS (SELECT 1 FROM ${paused} AS paused WHERE paused.original_method = ${method} ` +
    `AND (paused.every_name = 1 OR coalesce(paused.name, '') = ${name}))`

  const nextKind = (condition: string) =>
    `(SELECT ${kindKey} FROM ${tasks} WHERE ${isReady} AND ${kindKey} ${condition} ORDER BY ${kindKey} LIMIT 1)`

  /** The kinds that are meant, each with the keys between which those are that it covers. */
  const meant = "meant (method, name, lowest, highest) AS MATERIALIZED (" +
    `SELECT method, name, CASE WHEN name IS NULL THEN ${dialect.methodKey("method")} ELSE ${
      dialect.kindKey("(method || name)")
    } END, CASE WHEN name IS NULL THEN ${dialect.methodKey("method")} || '${behindAll}' ELSE ${
      dialect.kindKey("(method || name)")
    } END FROM (SELECT value ->> 0 AS method, value ->> 1 AS name FROM ${dialect.elements}) AS given)`

  /** The first kind behind another one that is meant, or the one before it: then it is one that a leap leads to. */
  const nextMeant = (kind: string) =>
    nextKind(
      `>= CASE WHEN EXISTS (SELECT 1 FROM meant WHERE lowest <= ${kind} AND highest > ${kind}) THEN ${kind} || ' ' ` +
        `ELSE (SELECT min(lowest) FROM meant WHERE lowest > ${kind}) END`
    )

  const isMeant = (method: string, name: string) =>
    `EXISTS (SELECT 1 FROM meant WHERE meant.method = ${method} AND (meant.name IS NULL OR meant.name = ${name}))`

  /** Which part of the free tasks is wanted. */
  const partOf = ({ seats }: FreeQuery): Part => seats === undefined ? "all" : seats === "taken" ? "begun" : "fresh"
  const conditionOf = { all: "", begun: ` AND ${hasBegun}`, fresh: ` AND NOT (${hasBegun})` } as const
  const keyOf = (query: FreeQuery): string => `${query.behind === undefined} ${partOf(query)}`

  const nextSession = (of: string, condition: string) =>
    `(SELECT ${sessionKey} FROM ${tasks} WHERE ${isReady} AND ${kindKey} = ${of}.kind${condition} ` +
    `ORDER BY ${sessionKey} LIMIT 1)`

  /** The rows come in the order in which they are found, so that nothing is looked for once there are enough. */
  const found = (query: FreeQuery, lock: boolean) => {
    const part = partOf(query)
    // Who has begun has its own index, and those who have not are looked for in that of all.
    const within = part === "begun" ? conditionOf.begun : ""
    const seats = `CASE WHEN session = '' THEN 1000000 ELSE ${dialect.seatsLeft(tables, "session")} END`
    const sessions = `SELECT kind, session FROM sessions WHERE session IS NOT NULL AND NOT (session ${
      dialect.among(dialect.idList)
    })`
    return `${due}, sessions (kind, session) AS (` +
      `SELECT kind, ${
        nextSession("given", `${within}${query.behind === undefined ? "" : ` AND ${sessionKey} > ?`}`)
      } ` +
      `FROM ${givenKind}, due ` +
      `WHERE is_some = 0 AND ${isNotPaused("?", "?")} UNION ALL ` +
      `SELECT kind, ${nextSession("sessions", `${within} AND ${sessionKey} > sessions.session`)} ` +
      "FROM sessions WHERE session IS NOT NULL), " +
      `found AS MATERIALIZED (${
        part === "fresh" ?
          `SELECT ${freeColumns} FROM (SELECT *, row_number() OVER (` +
          "PARTITION BY session_id ORDER BY lease_expires_at, task_id) AS place FROM (" :
          ""
      }` +
      `SELECT ${freeColumns.split(", ").map((column) => `task.${column}`).join(", ")}${
        part === "fresh" ? ", chosen.seats" : ""
      } FROM (` +
      (part === "fresh"
        ? `SELECT * FROM (SELECT kind, session, ${seats} AS seats FROM (${sessions}) AS open) AS seated WHERE seats > 0`
        : sessions) +
      `) AS chosen ${
        dialect.joinEach(
          tasks,
          `${isReady}${
            conditionOf[part]
          } AND ${kindKey} = chosen.kind AND ${sessionKey} = chosen.session AND lease_expires_at <= ? ` +
            `AND ${notExpired} ORDER BY lease_expires_at, task_id LIMIT ?`,
          lock
        )
      } LIMIT ${part === "fresh" ? dialect.atMost(dialect.seatsLeft(tables, `'${totalKey}'`)) : "?"}${
        part === "fresh" ? ") AS first) AS placed WHERE place <= seats" : ""
      })`
  }

  return {
    /** Moves tasks that are due, up to a limit, and gives a row for each. */
    move: (freeBy: number, limit: number): SqlStatement => ({
      text: `WITH moving AS MATERIALIZED (SELECT task_id FROM ${tasks} ` +
        `WHERE ${becomesReady} AND lease_expires_at <= ? ORDER BY lease_expires_at LIMIT ?${dialect.skipLocked}) ` +
        `UPDATE ${tasks} SET ready = 1 WHERE task_id ${dialect.among("SELECT task_id FROM moving")} RETURNING 1`,
      params: [freeBy, limit]
    }),

    kinds: (query: FreeKindsQuery, moved: Moved): SqlStatement => {
      const { behind, freeBy, kinds, limit, now } = query
      const isAny = kinds === undefined
      const nextBehind = (kind: string) => isAny ? nextKind(`> ${kind}`) : nextMeant(kind)
      const [method, name] = ["task.original_method", "coalesce(task.name, '')"] as const
      return {
        text: cached(`kinds ${isAny}`, () =>
          `WITH RECURSIVE ${due}, ${isAny ? "" : `${meant}, `}kinds (kind) AS (` +
          `SELECT ${nextBehind("given.kind")} FROM ${givenKind}, due WHERE is_some = 0 UNION ALL ` +
          `SELECT ${nextBehind("kinds.kind")} FROM kinds WHERE kind IS NOT NULL), ` +
          "found AS MATERIALIZED (SELECT chosen.kind, task.original_method, task.name FROM (" +
          `SELECT kind FROM kinds WHERE kind IS NOT NULL${
            isAny ? "" : " AND EXISTS (SELECT 1 FROM meant WHERE lowest <= kind AND highest >= kind)"
          }) AS chosen ${
            dialect.joinEach(
              tasks,
              `${isReady} AND ${kindKey} = chosen.kind AND lease_expires_at <= ? AND ${notExpired} ` +
                `ORDER BY ${sessionKey}, lease_expires_at LIMIT 1`,
              false
            )
          } WHERE ${isAny ? "" : `${isMeant(method, name)} AND `}${isNotPaused(method, name)} LIMIT ?) ` +
          "SELECT is_some, original_method, name FROM due LEFT JOIN found ON true ORDER BY kind"),
        params: [
          dueBy(query, moved),
          ...(isAny ? [] : [JSON.stringify(kinds.map(textsOf))]),
          behind === undefined ? "" : textOf(behind),
          freeBy,
          now,
          limit
        ]
      }
    },

    free: (query: FreeQuery, moved: Moved): SqlStatement => ({
      text: cached(`free ${keyOf(query)}`, () =>
        `WITH RECURSIVE ${found(query, false)} ` +
        "SELECT is_some, task_id, session_id, attempt, lease_expires_at, due_at FROM due LEFT JOIN found ON true " +
        `ORDER BY ${sessionKey}, lease_expires_at, task_id`),
      params: foundParams(query, dueBy(query, moved))
    }),

    /** The parts of a statement that locks the tasks as it finds them. */
    locked: (query: FreeQuery, moved: Moved): SqlStatement => ({
      text: cached(`locked ${keyOf(query)}`, () => found(query, true)),
      params: foundParams(query, dueBy(query, moved))
    })
  }
}

const textOf = ({ name, originalMethod }: StoredKind): string => originalMethod.text + (name?.text ?? "")

/** The texts of a method and of a name, which is empty for tasks without one. The method alone covers all names. */
const textsOf = ({ name, originalMethod }: StoredKinds): ReadonlyArray<string> =>
  name === undefined ? [originalMethod.text] : [originalMethod.text, name?.text ?? ""]

/** Greater than every character of the texts, which are printable ASCII. */
const behindAll = "\u007f"

/** All free tasks, those that have begun, or those that have not and find a seat. */
type Part = "all" | "begun" | "fresh"

const freeColumns = "task_id, session_id, attempt, lease_expires_at, due_at"

/** More than there can be. */
const unlimited = Number.MAX_SAFE_INTEGER

const foundParams = (
  { behind, except, freeBy, kind, limit, now, perSession, seats }: FreeQuery,
  dueBy: number
): Array<string | number> => [
  dueBy,
  ...(behind === undefined ? [] : [behind]),
  textOf(kind),
  kind.originalMethod.text,
  kind.name?.text ?? "",
  ...(typeof seats === "object" ? [seats.maxActivePerSession ?? unlimited] : []),
  JSON.stringify(except),
  freeBy,
  now,
  Math.min(perSession, limit),
  limit,
  ...(typeof seats === "object" ? [seats.maxActive ?? unlimited] : [])
]
