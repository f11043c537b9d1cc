/** That each page says first what it is about. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"

const root = join(import.meta.dirname, "../..")

test.each(globSync(["*.md", "docs/*.md"], { cwd: root }))("%s has a title", (page) => {
  expect(readFileSync(join(root, page), "utf8")).toMatch(/^# \S/)
})
