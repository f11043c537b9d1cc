/** The package as `npm pack` makes it, in a copy of the repository: packing rewrites files that other tests read. */
import { execFile } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
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

/** Packs the package, and gives the file. */
const pack = async (): Promise<string> => {
  const copy = mkdtempSync(join(tmpdir(), "mcp-task-storage-pack-"))
  for (const source of sources) cpSync(join(root, source), join(copy, source), { recursive: true })
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"))
  const { stdout } = await promisify(execFile)("npm", ["pack", "--silent"], { cwd: copy })
  return join(copy, stdout.trim())
}

/** Makes a project in which the package and these others are installed, and nothing else. */
export const makeProject = async (tarball: string, installed: ReadonlyArray<string>): Promise<string> => {
  const project = mkdtempSync(join(tmpdir(), "mcp-task-storage-project-"))
  const modules = join(project, "node_modules")
  const unpacked = join(modules, "mcp-task-storage")
  mkdirSync(unpacked, { recursive: true })
  await promisify(execFile)("tar", ["xzf", tarball, "--strip-components=1", "-C", unpacked])
  for (const name of ["effect", "sorted-btree", ...installed]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, "node_modules", name), join(modules, name))
  }
  return project
}

let packed: Promise<string> | undefined

/** The tarball, packed once for a file of tests. */
export const tarball = (): Promise<string> => packed ??= pack()
