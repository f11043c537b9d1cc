/**
 * Runs the blocks of commands of a page as a shell does, in a folder of their own. `npx mcp-task-storage` is the program that it is given,
 * and whoever it asks says yes.
 */
import { execFile } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { promisify } from "node:util"
import type { Block } from "./blocksOf.ts"

const npx = (program: string): string =>
  `#!/bin/sh
[ "$1" = mcp-task-storage ] || exit 127
shift
case "$1" in
  cancel | doctor | erase | rerun | rm) set -- "$@" --yes ;;
esac
exec "${process.execPath}" "${program}" "$@"
`

/** Runs a block, in which no command may fail, and gives what it wrote. */
export const runCommands = async (
  { code }: Pick<Block, "code">,
  program: string,
  cwd: string,
  env: Readonly<Record<string, string>>
): Promise<string> => {
  const programs = join(cwd, "programs")
  mkdirSync(programs, { recursive: true })
  writeFileSync(join(programs, "npx"), npx(program), { mode: 0o755 })
  const path = [programs, dirname(process.execPath), process.env["PATH"]].join(delimiter)
  const { stderr, stdout } = await promisify(execFile)("sh", ["-euc", code], {
    cwd,
    timeout: 110_000,
    env: { ...process.env, NO_COLOR: "1", ...env, PATH: path }
  })
  return stdout + stderr
}
