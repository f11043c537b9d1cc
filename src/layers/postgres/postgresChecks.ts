/**
 * What can be wrong with tables of PostgreSQL beside their structure: nobody may write them, or rows that are dead stay.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { mended, type StoreFinding } from "../../domain/driver/StoreReport.ts"
import type { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { OwnCheck } from "../sql/makeSqlInspector.ts"
import type { SqlRunner } from "../sql/SqlRunner.ts"
import { readInteger, readText, type TaskTables } from "../sql/TaskTables.ts"

type Findings = Effect.Effect<ReadonlyArray<StoreFinding>, TaskDriverError>

/** Dead rows that are worth a word: so many, and more than a fifth of the others. */
const manyDead = 10_000
const fewOfLive = 5

/**
 * Makes the checks of the tables.
 *
 * @since 0.2.0
 * @category constructors
 */
export const postgresChecks = (
  runner: SqlRunner,
  patientRunner: SqlRunner,
  tables: TaskTables
): ReadonlyArray<OwnCheck> => {
  const { messages, tasks, workers } = tables
  const own = [tasks, messages, workers]
  const check = (code: OwnCheck["code"], check: (fix: boolean) => Findings): OwnCheck => ({
    code,
    subject: tasks,
    needsTables: true,
    check
  })
  return [
    check("read_only", () => checkWritable(runner, tables)),
    check("autovacuum", () => checkAutovacuum(runner, own)),
    check("bloat", (fix) => checkBloat(runner, patientRunner, own, fix))
  ]
}

const named =
  `FROM jsonb_array_elements_text(CAST(? AS jsonb)) AS named (name) JOIN pg_class c ON c.oid = to_regclass(named.name)`

/** A standby says that it recovers. Any session may be read-only, by a setting of the server, the database or the role. */
const checkWritable = (
  runner: SqlRunner,
  { messages, news, paused, tasks, workers }: TaskTables
): Findings =>
  runner.read(
    {
      text: "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', named.name, " +
        "has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') AND " +
        `has_table_privilege(c.oid, 'DELETE') ${named}`,
      params: [JSON.stringify([tasks, messages, workers, news, paused])]
    },
    (rows) => {
      const finding = (subject: string, problem: string, advice: string): StoreFinding => ({
        code: "read_only",
        severity: "error",
        subject,
        problem,
        advice,
        fixable: false
      })
      if (rows.some((row) => isTrue(row[0]))) {
        return [finding(
          "the server",
          "The server is a standby, so that every write fails.",
          "Connect to the primary, or wait for the failover."
        )]
      }
      if (rows.some((row) => isTrue(row[1]))) {
        return [finding(
          "default_transaction_read_only",
          "Transactions are read-only here, so that every write fails.",
          "Turn off default_transaction_read_only where it is set: for the server, the database or the role."
        )]
      }
      return rows.filter((row) => !isTrue(row[3])).map((row) => {
        const table = readText(row[2])
        return finding(
          table,
          `The role of this connection may not write the table ${table}.`,
          `GRANT INSERT, UPDATE, DELETE ON ${table} to the role, or connect as the one that the servers use.`
        )
      })
    }
  )

const checkAutovacuum = (runner: SqlRunner, own: ReadonlyArray<string>): Findings =>
  runner.read(
    {
      text: "SELECT current_setting('autovacuum') = 'off' OR current_setting('track_counts') = 'off', named.name, " +
        `EXISTS (SELECT 1 FROM pg_options_to_table(c.reloptions) WHERE option_name = 'autovacuum_enabled' ` +
        `AND NOT CAST(option_value AS boolean)) ${named}`,
      params: [JSON.stringify(own)]
    },
    (rows) => {
      const finding = (subject: string, problem: string, advice: string): StoreFinding => ({
        code: "autovacuum",
        severity: "warning",
        subject,
        problem,
        advice: `${advice} Each write of a task leaves a dead row behind, which nobody else removes.`,
        fixable: false
      })
      if (rows.some((row) => isTrue(row[0]))) {
        return [
          finding(
            "autovacuum",
            "Autovacuum, or the counting that it needs, is off in this server.",
            "Turn on autovacuum and track_counts."
          )
        ]
      }
      return rows.filter((row) => isTrue(row[2])).map((row) => {
        const table = readText(row[1])
        return finding(
          table,
          `Autovacuum is off for the table ${table}.`,
          `Turn it on with ALTER TABLE ${table} RESET (autovacuum_enabled).`
        )
      })
    }
  )

const checkBloat = (
  runner: SqlRunner,
  patientRunner: SqlRunner,
  own: ReadonlyArray<string>,
  fix: boolean
): Findings =>
  Effect.gen(function*() {
    const bloated = yield* readBloated(runner, own)
    const findings: Array<StoreFinding> = []
    for (const { dead, live, table } of bloated) {
      const finding: StoreFinding = {
        code: "bloat",
        severity: "warning",
        subject: table,
        problem: `The table ${table} has ${dead} dead rows beside ${live} live ones.`,
        advice:
          "Look for transactions that stay open and for old replication slots, which keep them alive; then VACUUM the table, " +
          "or fix. Writers go on meanwhile.",
        fixable: true,
        count: dead
      }
      const vacuum = patientRunner.write({ text: `VACUUM ${table}`, params: [] }, () => undefined).pipe(
        Effect.andThen(readBloated(runner, own)),
        Effect.map((left) => left.every((other) => other.table !== table))
      )
      findings.push(yield* mended(finding, fix, vacuum))
    }
    return findings
  })

/** The server tells what it has counted, which may be a moment old. */
const readBloated = (runner: SqlRunner, own: ReadonlyArray<string>) =>
  runner.read(
    {
      text: `SELECT named.name, pg_stat_get_dead_tuples(c.oid), pg_stat_get_live_tuples(c.oid) ${named}`,
      params: [JSON.stringify(own)]
    },
    (rows) =>
      rows
        .map((row) => ({ table: readText(row[0]), dead: readInteger(row[1]), live: readInteger(row[2]) }))
        .filter(({ dead, live }) => dead > manyDead && dead > live / fewOfLive)
  )

/** Clients give truth as it is, or as text. */
const isTrue = (value: unknown): boolean => value === true || value === "t" || value === "true"
