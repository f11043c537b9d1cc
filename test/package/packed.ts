/** Projects that have the package as npm installs it. */
import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { shared } from "../support/engines/shared.ts"
import { root } from "./pack.ts"

/** Installs the package in a folder of modules. */
export const install = async (modules: string): Promise<void> => {
  const unpacked = join(modules, "mcp-task-storage")
  mkdirSync(unpacked, { recursive: true })
  const tarball = await shared("package")
  await promisify(execFile)("tar", ["xzf", tarball, "--strip-components=1", "-C", unpacked])
}

/** Makes a project in which the package and these others are installed, and nothing else. */
export const makeProject = async (...installed: ReadonlyArray<string>): Promise<string> => {
  const project = mkdtempSync(join(tmpdir(), "mcp-task-storage-project-"))
  const modules = join(project, "node_modules")
  await install(modules)
  for (const name of ["effect", "sorted-btree", ...installed]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, "node_modules", name), join(modules, name))
  }
  return project
}
