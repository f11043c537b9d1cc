/**
 * The files of an open database, by their identity rather than by their names.
 *
 * SQLite says nothing when its files are deleted or replaced by other files. It writes on into the old files, and those writes
 * are lost.
 *
 * @since 0.2.0
 */
import { type BigIntStats, realpathSync, statSync } from "node:fs"
import { dirname } from "node:path"

/**
 * Remembers which files a database had when it was opened.
 *
 * @since 0.2.0
 * @category models
 */
export class DatabaseFiles {
  readonly #database: OpenFile
  readonly #companions: ReadonlyArray<OpenFile>
  readonly #all: ReadonlyArray<OpenFile>
  readonly #folder: string | undefined
  #settledFolder: BigIntStats | undefined
  #loss: string | undefined

  /**
   * `given` is the name that a person gave the file, if it leads there through symbolic links. `companions` says whether
   * SQLite keeps the log open all the time, as it does on one connection that stays.
   */
  constructor(path: string, options: { readonly given?: string | undefined; readonly companions: boolean }) {
    const { companions, given = path } = options
    this.#database = new OpenFile(path, "the database file")
    this.#companions = companions
      ? [new OpenFile(`${path}-wal`, "the write-ahead log"), new OpenFile(`${path}-shm`, "the shared memory")]
      : []
    const byName = given === path ? [] : [new OpenFile(given, "the database file")]
    this.#all = [this.#database, ...byName, ...this.#companions]
    this.#folder = given === path && isReal(path) ? dirname(path) : undefined
  }

  /** What happened to the files, as far as it was noticed. A lost file stays lost. */
  get loss(): string | undefined {
    return this.#loss
  }

  /**
   * Looks at the folder, and at the files if anything came or went in it since they were looked at. This is done before and
   * after each write. To look at three files instead takes half as long as a small write.
   */
  glance(): string | undefined {
    if (this.#folder === undefined) return this.look()
    // @effect-diagnostics-next-line globalDate:off -- it is compared with a time of the file system, which is real
    const now = Date.now()
    const folder = folderAt(this.#folder)
    if (folder !== undefined && isUnchanged(folder, this.#settledFolder)) return this.#loss
    this.look()
    this.#settledFolder = folder !== undefined && now - Number(folder.mtimeMs) > longestStep ? folder : undefined
    return this.#loss
  }

  /** Looks at the files, and says what happened to them. */
  look(): string | undefined {
    if (this.#loss === undefined) {
      const lost = this.#all.find((file) => file.state() !== "in place")
      if (lost !== undefined) this.#loss = lost.describe()
    }
    return this.#loss
  }

  /**
   * Whether the log may still go into the database: nobody else has begun another log for the same file, whose pages would be
   * overwritten by older ones.
   */
  get logIsAlone(): boolean {
    return this.#database.state() !== "in place" || this.#companions.every((file) => file.state() !== "replaced")
  }
}

type State = "in place" | "missing" | "replaced"

/** One of the files. If there is none at first, the first one that is found counts. */
class OpenFile {
  readonly #path: string
  readonly #name: string
  #identity: string | undefined

  constructor(path: string, name: string) {
    this.#path = path
    this.#name = name
    this.state()
  }

  state(): State {
    const found = identityAt(this.#path)
    if (found === unknown) return "in place"
    this.#identity ??= found
    if (this.#identity === found) return "in place"
    return found === undefined ? "missing" : "replaced"
  }

  describe(): string {
    return this.state() === "replaced"
      ? `${this.#name} ${this.#path} was replaced by another file while it was open`
      : `${this.#name} ${this.#path} was deleted or moved away while it was open`
  }
}

/** File systems write times in steps, of 2 seconds at most. A folder that changed before is at another time after each change. */
const longestStep = 3000

const folderAt = (path: string): BigIntStats | undefined => {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** Tells whether it is the same folder, and nothing came or went in it. */
const isUnchanged = (folder: BigIntStats, before: BigIntStats | undefined): boolean =>
  folder.mtimeNs === before?.mtimeNs && folder.ino === before.ino && folder.dev === before.dev

/** Whether no symbolic link leads to a file: it may change in a folder that nobody looks at. */
const isReal = (path: string): boolean => {
  try {
    return realpathSync(path) === path
  } catch {
    return false
  }
}

/** Nothing can be told of a file in a folder that this process may not search any more. */
const unknown = Symbol("unknown")

const identityAt = (path: string): string | undefined | typeof unknown => {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false })
    return found && `${found.dev} ${found.ino}`
  } catch {
    return unknown
  }
}
