/** The package as `npm pack` makes it, in a copy of the repository: packing rewrites files that other tests read. */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { cp, mkdtemp, rm, symlink } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

export const root = join(import.meta.dirname, "../..")

const sources = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "docs",
  "package.json",
  "scripts",
  "src",
  "tsconfig.build.json",
  "tsconfig.json"
]

const copy = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "mcp-task-storage-pack-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

/** Packs the package, and gives the file, which is there until the scope closes. */
export const pack = Effect.flatMap(copy, (folder) =>
  Effect.promise(async () => {
    for (const source of sources) await cp(join(root, source), join(folder, source), { recursive: true })
    await symlink(join(root, "node_modules"), join(folder, "node_modules"))
    const { stdout } = await promisify(execFile)("npm", ["pack", "--silent"], { cwd: folder })
    return join(folder, stdout.trim())
  }))
