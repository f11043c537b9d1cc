/** That the table of runtimes names the versions that the tests run on. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"

const root = join(import.meta.dirname, "../..")

const read = (path: string): string => readFileSync(join(root, path), "utf8")

const versionIn = (path: string, name: string): string | undefined =>
  new RegExp(`"${name}": "(\\d[^"]*)"`).exec(read(path))?.[1]

const tested = {
  "Node 24": versionIn("package.json", "node"),
  "Node 22": versionIn("tools/node-22/package.json", "node"),
  Bun: versionIn("tools/bun/package.json", "bun"),
  Deno: versionIn("tools/deno/package.json", "deno")
}

test.each(Object.entries(tested))("of %s it is %s", (runtime, version) => {
  const [, inTable] = new RegExp(`^\\| ${runtime} +\\| (\\S+) `, "m").exec(read("README.md")) ?? []
  expect(inTable).toMatch(/^\d+\.\d+/)
  expect(`${version}.`.startsWith(`${inTable}.`)).toBe(true)
})
