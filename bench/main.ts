/**
 * Measures this library side by side with what it can be compared with. It prints facts and judges nothing: a busy
 * machine changes every number, and ratios less than times.
 *
 * `npm run bench` takes many minutes, `npm run bench -- --quick` some. Behind it may be the names of parts, or what they
 * begin with: `npm run bench -- postgres`.
 */
import { availableParallelism, loadavg } from "node:os"
import { benchAbandoned } from "./abandoned.ts"
import { benchAdmin } from "./admin.ts"
import { benchAdminBulk } from "./adminBulk.ts"
import { benchCalls } from "./calls.ts"
import { benchDynamoDb } from "./dynamodb.ts"
import { benchEncryption } from "./encryption.ts"
import { benchMemory } from "./memory.ts"
import { benchMove } from "./move.ts"
import { benchPeers } from "./peers.ts"
import { benchPostgres } from "./postgres.ts"
import { benchPostgresGrowth } from "./postgresGrowth.ts"
import { benchPostgresIndexes } from "./postgresIndexes.ts"
import { benchRunner } from "./runner.ts"
import { benchSqlite } from "./sqlite.ts"
import { benchSqliteGrowth } from "./sqliteGrowth.ts"
import { benchWaiting } from "./waiting.ts"

const parts: ReadonlyArray<readonly [name: string, bench: () => Promise<void>]> = [
  ["memory", benchMemory],
  ["sqlite", benchSqlite],
  ["runner", benchRunner],
  ["calls", benchCalls],
  ["sqlite-growth", benchSqliteGrowth],
  ["postgres", benchPostgres],
  ["postgres-growth", benchPostgresGrowth],
  ["postgres-indexes", benchPostgresIndexes],
  ["dynamodb", benchDynamoDb],
  ["encryption", benchEncryption],
  ["admin", benchAdmin],
  ["admin-bulk", benchAdminBulk],
  ["move", benchMove],
  ["waiting", benchWaiting],
  ["abandoned", benchAbandoned],
  ["peers", benchPeers]
]

/** Says so when others use the machine. */
const noteLoad = (): void => {
  const [load = 0] = loadavg()
  const processors = availableParallelism()
  if (load < processors / 2) return
  console.warn(
    `NOTE: the load of this machine is ${load.toFixed(1)} on ${processors} processors without what is measured; ` +
      "expect noise."
  )
}

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith("--"))
const unknown = asked.filter((name) => !parts.some(([part]) => part.startsWith(name)))
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(", ")}; there are ${parts.map(([name]) => name).join(", ")}.`)
  process.exitCode = 1
} else {
  noteLoad()
  for (const [part, bench] of parts) {
    if (asked.length === 0 || asked.some((name) => part.startsWith(name))) await bench()
  }
}
