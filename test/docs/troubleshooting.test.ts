/** That the page about errors names every error there is, and quotes the library as it is. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { TaskStorageError } from "../../src/domain/task/TaskError.ts"

const root = join(import.meta.dirname, "../..")

const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8")

/** The sources as one text, in which a message that is written in several pieces is one. */
const sources = globSync("src/**/*.ts", { cwd: root, exclude: ["src/testing/**"] })
  .map((file) => readFileSync(join(root, file), "utf8").replaceAll(/["`]\s*\+\s*["`]/g, ""))
  .join("\n")

const errors = [
  ...Object.values(TaskStorageError.members).map(({ name }) => name),
  ...Array.from(sources.matchAll(/TaggedError<(\w+)>\("mcp-task-storage\/\w+"\)/g), ([, name]) => name)
]

test.each([...new Set(errors)])("%s has a section", (name) => {
  expect(page).toContain(`### ${name}\n`)
})

const cells = Array.from(page.matchAll(/^\| .*$/gm), ([row]) => row.split("|").slice(1, -1))
  .flatMap((row) => row.slice(0, -1))
  .flatMap((cell) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, quote = ""]) => quote))
  // A sentence, not a value.
  .filter((quote) => /^[A-Za-z].* .* /.test(quote))

test.each([...new Set(cells)])("\"%s\" is what the library says", (quote) => {
  const parts = quote.split(/…|\bID\b|'|"/).map((part) => part.replaceAll(/^[\s;:,.()]+|[\s;:,.()]+$/g, ""))
  const missing = parts.filter((part) => part !== "" && !sources.replaceAll("\\\"", "\"").includes(part))
  expect(missing).toEqual([])
})
