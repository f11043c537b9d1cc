/**
 * Making the file of a new database, before SQLite does.
 *
 * SQLite makes files that everybody may read, and gives its write-ahead log and its shared memory the mode of the database.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { closeSync, fchmodSync, openSync } from "node:fs"
import { InvalidInput } from "../../domain/task/TaskError.ts"

/** Its owner may read and write, and nobody else. */
const ownerOnly = 0o600

/**
 * Parses the mode of new files: `0o600` by default.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseFileMode = (fileMode: number = ownerOnly): Result.Result<number, InvalidInput> =>
  Number.isInteger(fileMode) && (fileMode & ~0o777) === 0 && (fileMode & ownerOnly) === ownerOnly
    ? Result.succeed(fileMode)
    : Result.fail(
      new InvalidInput({
        field: "fileMode",
        reason: "must be the permissions of a file that its owner may read and write, such as 0o600 or 0o660"
      })
    )

/**
 * Gives the file that SQLite makes for a name; `undefined` when it makes none.
 *
 * @since 0.2.0
 * @category parsers
 */
export const databasePath = (filename: string): string | undefined => {
  if (!filename.startsWith("file:")) return isInMemory(filename) ? undefined : filename
  const [, location = "", query = ""] = /^file:([^?#]*)(?:\?([^#]*))?/.exec(filename) ?? []
  const parameters = new URLSearchParams(query)
  if (parameters.has("vfs") || (parameters.get("mode") ?? "rwc") !== "rwc") return undefined
  const path = decode(location.replace(/^\/\/(?:localhost)?(?=\/)/i, ""))
  return path === undefined || isInMemory(path) ? undefined : path.replace(/^\/(?=[A-Za-z]:)/, "")
}

/**
 * Makes an empty file with a mode, which SQLite takes for an empty database. Leaves a file alone that exists, and leaves it
 * to SQLite to say why one cannot be made.
 *
 * @since 0.2.0
 * @category constructors
 */
export const createDatabaseFile = (filename: string, fileMode: number): void => {
  const path = databasePath(filename)
  if (path === undefined) return
  let file: number
  try {
    file = openSync(path, "wx", fileMode & ownerOnly)
  } catch {
    return
  }
  try {
    // The umask of the process has no say in a mode that was asked for.
    fchmodSync(file, fileMode)
  } finally {
    closeSync(file)
  }
}

const isInMemory = (path: string): boolean => path === "" || path === ":memory:"

const decode = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
