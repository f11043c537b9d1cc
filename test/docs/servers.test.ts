/** That the page with one server in three ways names every option that all servers have. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { defaultLimits } from "../../src/protocol/OwnerLimits.ts"
import { tasksLimitNames, tasksOptionNames, toolTaskOptionNames } from "../../src/protocol/TasksOptions.ts"

const page = readFileSync(join(import.meta.dirname, "../../docs/servers.md"), "utf8")

const [, ofServers = "", ofTools = ""] = page.split(/^(?:Of the server|Of one tool)/m)
const [, limits = ""] = page.split(/^## Limits$/m)

const namesIn = (table: string): ReadonlyArray<string | undefined> =>
  Array.from(table.matchAll(/^\| `(\w+)`/gm), ([, name]) => name)

test.each(["owner", "resultTtl", "exposeErrors", ...tasksOptionNames])("the option %s has a row", (name) => {
  expect(namesIn(ofServers)).toContain(name)
})

test.each(tasksLimitNames)("the limit %s has a row, with its default", (name) => {
  const [, byDefault] = new RegExp(`^\\| \`${name}\` +\\| ([^|]+?) +\\| \\w`, "m").exec(limits) ?? []
  expect(byDefault).toBe(name === "answerTimeout" ? "5 minutes" : shown(defaultLimits[name]))
})

const mebibyte = 1024 * 1024

const shown = (limit: number): string =>
  limit % mebibyte === 0 ? `${limit / mebibyte} MiB` : `${limit}`.replace(/(\d)(?=\d{3}$)/, "$1 ")

test.each(toolTaskOptionNames)("the option %s of a tool has a row", (name) => {
  expect(namesIn(ofTools)).toContain(name)
})
