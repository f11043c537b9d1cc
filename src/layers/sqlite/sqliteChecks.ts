/**
 * What can be wrong with the file of a SQLite database: where it lies, who may read it, and how much of it is empty.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { chmodSync, statfsSync, type StatsFs, statSync } from "node:fs"
import { mended, type StoreFinding } from "../../domain/driver/StoreReport.ts"
import { TaskDriverError } from "../../domain/driver/TaskDriver.ts"
import type { OwnCheck } from "../sql/makeSqlInspector.ts"
import type { SqlRunner } from "../sql/SqlRunner.ts"
import { readInteger, readText, type TaskTables } from "../sql/TaskTables.ts"
import { truncateLog } from "./SqliteMaintenance.ts"

type Findings = Effect.Effect<ReadonlyArray<StoreFinding>, TaskDriverError>

/**
 * What is asked of the operating system.
 *
 * @since 0.2.0
 * @category models
 */
export interface FileCalls {
  /** Gives the file system that a file lies on: its type, as Linux numbers them, and its free blocks. */
  readonly fileSystemOf: (path: string) => FileSystem
}

type FileSystem = Pick<StatsFs, "type" | "bavail" | "bsize">

const systemCalls: FileCalls = { fileSystemOf: (path) => statfsSync(path) }

/** Where locks of other machines, or the shared memory of the log, do not work as SQLite needs it. */
const networkFileSystems = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x5346414f, "AFS"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x01161970, "GFS2"],
  [0x7461636f, "OCFS2"]
])

/** Where it depends on what is behind them: virtual machines and containers reach the disk of their host so. */
const sharedFileSystems = new Map([
  [0x01021997, "9p"],
  [0x786f4256, "VirtualBox"],
  [0x65735546, "FUSE"]
])

/** Bytes that are free on a disk that is as good as full, and on one that soon may be. */
const noRoom = 1024 * 1024
const littleRoom = 64 * 1024 * 1024

/** Bytes that may lie empty in a file, or be in its log, before they are worth a word. */
const smallWaste = 16 * 1024 * 1024
const smallLog = 64 * 1024 * 1024

/** The largest database that is written anew while others wait. */
const mostRewritten = 256 * 1024 * 1024

const companions = ["", "-wal", "-shm"]

/**
 * Makes the checks of a database. One in memory has nothing to check.
 *
 * @since 0.2.0
 * @category constructors
 */
export const sqliteChecks = (
  runner: SqlRunner,
  lockTimeout: number,
  { tasks }: TaskTables,
  { fileSystemOf }: FileCalls = systemCalls
): ReadonlyArray<OwnCheck> => {
  const path = runner.read(
    { text: "SELECT file FROM pragma_database_list WHERE name = 'main'", params: [] },
    ([row]) => row?.[0] === null || row === undefined ? "" : readText(row[0])
  )
  const ofFile = (
    code: OwnCheck["code"],
    check: (path: string, fix: boolean) => Findings,
    needsTables = false
  ): OwnCheck => ({
    code,
    subject: "the database file",
    needsTables,
    check: (fix) => Effect.flatMap(path, (path) => path === "" ? Effect.succeed([]) : check(path, fix))
  })
  return [
    ofFile("file_system", (path) => checkFileSystem(path, fileSystemOf)),
    ofFile("file_mode", checkMode),
    ofFile("read_only", (path) => checkWritable(runner, tasks, path), true),
    ofFile("bloat", (path, fix) => checkBloat(runner, lockTimeout, path, fix))
  ]
}

const checkFileSystem = (path: string, fileSystemOf: FileCalls["fileSystemOf"]): Findings =>
  Effect.map(asked(() => fileSystemOf(path)), (system) => [...sharing(path, system), ...room(path, system)])

const sharing = (path: string, { type }: FileSystem): ReadonlyArray<StoreFinding> => {
  const name = networkFileSystems.get(type) ?? sharedFileSystems.get(type)
  return name === undefined ? [] : [{
    code: "file_system",
    severity: networkFileSystems.has(type) ? "error" : "warning",
    subject: path,
    problem: `The file lies on a file system of the kind ${name}, which other machines may reach.`,
    advice:
      "Move it to a disk of this machine, or use PostgreSQL or DynamoDB for several machines: SQLite loses writes, or the " +
      "whole database, where locks and shared memory do not work.",
    fixable: false
  }]
}

const room = (path: string, { bavail, bsize }: FileSystem): ReadonlyArray<StoreFinding> => {
  const free = bavail * bsize
  return free >= littleRoom ? [] : [{
    code: "file_system",
    severity: free < noRoom ? "error" : "warning",
    subject: path,
    problem: free < noRoom
      ? "The disk of the file is full, so that writes fail."
      : `The disk of the file has ${Math.floor(free / noRoom)} MiB left.`,
    advice:
      "Make room elsewhere on the disk first: to delete tasks takes some itself. Then delete tasks that have ended.",
    fixable: false
  }]
}

const everybody = 0o007
const everybodyWrites = 0o002

/** Windows has no such modes. */
const checkMode = (path: string, fix: boolean): Findings => {
  if (process.platform === "win32") return Effect.succeed([])
  return Effect.flatMap(asked(() => openModes(path)), (open) => {
    const [first] = open
    if (first === undefined) return Effect.succeed([])
    const isWritable = open.some(({ mode }) => (mode & everybodyWrites) !== 0)
    const finding: StoreFinding = {
      code: "file_mode",
      severity: isWritable ? "error" : "warning",
      subject: path,
      problem:
        `Every user of this machine may ${
          isWritable ? "read and write" : "read"
        } the tasks: the mode of ${first.path} is ` +
        `0${(first.mode & 0o777).toString(8)}.`,
      advice:
        "Take the permissions of others away with chmod o-rwx. New files are for their owner alone, unless fileMode says " +
        "otherwise.",
      fixable: true
    }
    const close = asked(() => {
      for (const { mode, path } of open) chmodSync(path, mode & 0o777 & ~everybody)
      return openModes(path).length === 0
    })
    return Effect.map(mended(finding, fix, close), (finding) => [finding])
  })
}

const openModes = (path: string): ReadonlyArray<{ readonly path: string; readonly mode: number }> =>
  companions.flatMap((companion) => {
    const file = `${path}${companion}`
    const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0
    return (mode & everybody) === 0 ? [] : [{ path: file, mode }]
  })

/** Deletes nothing, which SQLite refuses all the same where nothing may be written. Who waits for a lock may write. */
const checkWritable = (runner: SqlRunner, tasks: string, path: string): Findings =>
  Effect.catch(
    runner.write({ text: `DELETE FROM ${tasks} WHERE 0`, params: [] }, (): ReadonlyArray<StoreFinding> => []),
    (error) => {
      if (error.retryable) return Effect.succeed([])
      return error.concerns === "store" ? Effect.succeed([readOnly(path)]) : Effect.fail(error)
    }
  )

const readOnly = (path: string): StoreFinding => ({
  code: "read_only",
  severity: "error",
  subject: path,
  problem: "The database is read-only for this user and this way to open it, so that every write fails.",
  advice:
    "Let the user write the file and its folder, in which SQLite makes files too. Look also whether the disk is mounted to be " +
    "read, or the file is opened with mode=ro.",
  fixable: false
})

const checkBloat = (runner: SqlRunner, lockTimeout: number, path: string, fix: boolean): Findings =>
  Effect.gen(function*() {
    const findings: Array<StoreFinding> = []
    const pageSize = yield* readPragma(runner, "page_size")
    const [pages, empty] = [yield* readPragma(runner, "page_count"), yield* readPragma(runner, "freelist_count")]
    const [all, waste] = [pages * pageSize, empty * pageSize]
    if (waste > smallWaste && waste > all / 4) {
      const isSmall = all - waste <= mostRewritten
      const finding: StoreFinding = {
        code: "bloat",
        severity: "warning",
        subject: path,
        problem: `${megabytes(waste)} of the ${megabytes(all)} of the file are empty.`,
        advice: isSmall
          ? "SQLite uses the room again. To give it back to the disk run VACUUM, or fix; writers wait meanwhile."
          : "SQLite uses the room again. To give it back to the disk run VACUUM in a quiet hour: it writes the whole database anew, " +
            "needs as much room on the disk once more, and writers wait.",
        fixable: isSmall
      }
      findings.push(yield* mended(finding, fix, vacuum(runner)))
    }
    const log = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    if (log > smallLog) {
      const finding: StoreFinding = {
        code: "bloat",
        severity: "warning",
        subject: `${path}-wal`,
        problem: `The write-ahead log has ${megabytes(log)}.`,
        advice: "A reader that stays in its transaction keeps it from being cut: end it. Then run maintenance, or fix.",
        fixable: true
      }
      findings.push(yield* mended(finding, fix, truncateLog(runner, lockTimeout)))
    }
    return findings
  })

/** Everything goes through the log, which is cut afterwards. */
const vacuum = (runner: SqlRunner): Effect.Effect<boolean, TaskDriverError> =>
  Effect.gen(function*() {
    yield* runner.write({ text: "VACUUM", params: [] }, () => undefined)
    yield* runner.write({ text: "PRAGMA wal_checkpoint(TRUNCATE)", params: [] }, () => undefined)
    return (yield* readPragma(runner, "freelist_count")) === 0
  })

const readPragma = (runner: SqlRunner, name: string): Effect.Effect<number, TaskDriverError> =>
  runner.read({ text: `PRAGMA ${name}`, params: [] }, ([row]) => readInteger(row?.[0]))

const megabytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`

const asked = <A>(ask: () => A): Effect.Effect<A, TaskDriverError> =>
  Effect.try({
    try: ask,
    catch: (cause) =>
      new TaskDriverError({
        reason: `the operating system refused it (${codeOf(cause)}); check who owns the file and its folder`,
        retryable: false,
        applied: "no",
        cause
      })
  })

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "an unknown error"
