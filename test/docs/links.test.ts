/** That links between the pages lead somewhere: to a file that is there, and to a heading of it. */
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"

const root = join(import.meta.dirname, "../..")

/** The anchors of a page, as its headings are turned into them. */
const anchorsOf = (file: string): ReadonlyArray<string> =>
  Array.from(
    readFileSync(file, "utf8").replaceAll(/^```[^]*?^```$/gm, "").matchAll(/^#+ (.+)$/gm),
    ([, heading = ""]) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  )

const links = globSync(["*.md", "docs/**/*.md"], { cwd: root }).flatMap((page) =>
  Array.from(
    readFileSync(join(root, page), "utf8").matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g),
    ([, path = "", anchor]) => ({ page, target: path === "" ? page : join(dirname(page), path), anchor })
  )
)

test.each(links)("$page links to $target#$anchor", ({ anchor, target }) => {
  const file = join(root, target)
  expect(existsSync(file)).toBe(true)
  if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor)
})
