/**
 * A folder for the databases of a run.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Makes a folder that goes at the end of its block. */
export const makeFolder = (): Disposable & { readonly file: (name: string) => string } => {
  const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-bench-"))
  return {
    file: (name) => join(folder, name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true })
  }
}
