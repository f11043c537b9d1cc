/** That the page of the command line says what the program itself says, and that its examples are no misuse. */
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { commands, globalHelp, helpOf } from "../admin/cli/helpOf.ts"
import { runCommand } from "../admin/cli/runCommand.ts"
import { seededStore, sqlite } from "../admin/cli/stores.ts"

const page = readFileSync(join(import.meta.dirname, "../../docs/cli.md"), "utf8")

const sectionOf = (name: string): string =>
  page.split(/^### /m).find((section) => section.startsWith(`${name}\n`)) ?? ""

test("the page has the flags of all commands", async () => {
  expect(page).toContain(await Effect.runPromise(globalHelp))
})

test.each(commands)("the page has $name, with its help", async ({ name }) => {
  expect(sectionOf(name)).toContain(`\`\`\`text\n${await Effect.runPromise(helpOf(name))}\`\`\``)
})

test("the page has no commands beside these", () => {
  const sections = Array.from(page.matchAll(/^### (.+)$/gm), ([, name]) => name)
  expect(sections).toEqual(commands.map(({ name }) => name))
})

/** They go on until they are interrupted. */
const endless = new Set(["watch", "serve"])

const examples = commands
  .filter(({ name }) => !endless.has(name))
  .flatMap((command) => command.examples.map(({ command }) => command))

/** The words of the program in a line for a shell. */
const wordsOf = (line: string): ReadonlyArray<string> => {
  const [, call = ""] = /mcp-task-storage (.*?)(?: >.*)?$/.exec(line) ?? []
  return call.split(" ")
}

describe("examples", () => {
  test.each(commands)("$name has one", (command) => {
    expect(command.examples).not.toEqual([])
  })

  test.each(examples)("%s", async (line) => {
    const call = Effect.gen(function*() {
      const { url } = yield* seededStore(sqlite)
      const person = line.startsWith("mcp-task-storage") ? { answers: ["n"] } : {}
      return yield* runCommand(wordsOf(line), { env: { TASKS_URL: url }, ...person })
    })
    const { code, err } = await Effect.runPromise(Effect.scoped(call))
    // Their tasks are not there, nobody confirms, and so on. They are only called in the right way.
    expect(code, err).not.toBe(2)
  })
})
