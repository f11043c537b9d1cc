/** That the package holds what its users can use, and nothing that only works in the repository. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, describe, expect, test } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { root } from "./pack.ts"
import { makeProject } from "./packed.ts"

describe("the packed package", () => {
  let folder = ""
  const read = (file: string) => readFileSync(join(folder, file), "utf8")

  beforeAll(async () => {
    folder = join(await makeProject(), "node_modules/mcp-task-storage")
  })

  test("has no scripts and no development dependencies", () => {
    const published: object = JSON.parse(read("package.json"))
    expect(Object.keys(published)).toEqual(expect.arrayContaining(["exports", "peerDependencies", "engines"]))
    for (const key of ["scripts", "devDependencies", "workspaces", "allowScripts"]) {
      expect(published).not.toHaveProperty(key)
    }
  })

  test("exports only files that it holds", () => {
    const files = Array.from(read("package.json").matchAll(/"(\.\/dist\/[^"]+)"/g), ([, file = ""]) => file)
    expect(files.length).toBeGreaterThan(20)
    for (const file of files) expect(() => read(file)).not.toThrow()
    expect(read("package.json")).not.toContain("./src/")
  })

  test("has source maps that hold their sources", () => {
    const maps = globSync("dist/**/*.map", { cwd: folder })
    expect(maps.length).toBeGreaterThan(100)
    for (const map of maps) {
      expect(JSON.parse(read(map))).toHaveProperty("sourcesContent.0", expect.stringContaining("/**"))
    }
  })

  test("has a README whose links work on the page of a registry", () => {
    const links = Array.from(read("README.md").matchAll(/\]\(([^)]+)\)/g), ([, link]) => link)
    for (const link of links) expect(link).toMatch(/^(https:\/\/|#)/)
  })

  test("names in @since no version that is not out yet", () => {
    const since = globSync("src/**/*.ts", { cwd: root }).flatMap((file) =>
      Array.from(readFileSync(join(root, file), "utf8").matchAll(/@since (\S+)/g), ([, since = ""]) => since)
    )
    const numbers = (text: string) => text.split(".").map(Number)
    const order = (left: string, right: string) => {
      const [major = 0, minor = 0, patch = 0] = numbers(left)
      const [than = 0, thanMinor = 0, thanPatch = 0] = numbers(right)
      return major - than || minor - thanMinor || patch - thanPatch
    }
    for (const named of new Set(since)) expect(order(named, manifest.version), named).toBeLessThanOrEqual(0)
  })
})
