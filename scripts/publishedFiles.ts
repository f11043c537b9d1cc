/**
 * What of the repository's own files a user of the package cannot use is left out of it: `npm pack` and `npm publish` run
 * this before and after they pack.
 *
 * - `package.json` loses the scripts, the development dependencies, the workspaces and the conditions that lead to `src`.
 * - `README.md` loses its links to files of the repository, which the registry's page would not find. It names the files,
 *   which are in the package.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")
const originals = join(root, ".originals")
const rewritten = ["package.json", "README.md"] as const

const repositoryOnly = new Set(["scripts", "devDependencies", "workspaces", "allowScripts", "mcp-task-storage-source"])

/** A manifest without what only the repository can use, at whatever depth. */
export const publishedManifest = (text: string): string =>
  `${JSON.stringify(JSON.parse(text, (key, value: unknown) => repositoryOnly.has(key) ? undefined : value), null, 2)}\n`

/** A README without relative links and pictures. */
export const publishedReadme = (text: string): string =>
  text
    .replaceAll(/^!\[[^\]]*\]\((?!https?:)[^)]*\)\n+/gm, "")
    .replaceAll(
      /\[([^\]]+)\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g,
      (_, label: string, path: string) => label.includes(path) ? label : `${label} (\`${path}\`)`
    )

const prepare = (): void => {
  // What an earlier run left behind is the original.
  restore()
  mkdirSync(originals)
  for (const file of rewritten) copyFileSync(join(root, file), join(originals, file))
  rewrite("package.json", publishedManifest)
  rewrite("README.md", publishedReadme)
}

const rewrite = (file: string, change: (text: string) => string): void =>
  writeFileSync(join(root, file), change(readFileSync(join(root, file), "utf8")))

const restore = (): void => {
  if (!existsSync(originals)) return
  for (const file of rewritten) {
    const original = join(originals, file)
    if (existsSync(original)) renameSync(original, join(root, file))
  }
  rmSync(originals, { recursive: true })
}

if (process.argv[2] === "prepare") prepare()
if (process.argv[2] === "restore") restore()
