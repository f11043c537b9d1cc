/** How many requests each command makes on DynamoDB, as the page says. None of them scans the table but `doctor --deep`. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer, request } from "node:http"
import { join } from "node:path"
import { runCommand } from "./runCommand.ts"
import { seededStore, stores } from "./stores.ts"

/** Stands between a program and the engine, and counts what is asked, by its name. */
const counting = (endpoint: string) =>
  Effect.gen(function*() {
    const { hostname, port } = new URL(endpoint)
    const asked: Array<string> = []
    const server = yield* Effect.acquireRelease(
      Effect.sync(() =>
        createServer((incoming, outgoing) => {
          asked.push(String(incoming.headers["x-amz-target"]).replace(/^.*\./, ""))
          const { headers, method, url: path } = incoming
          const forwarded = request({ hostname, port, method, path, headers }, (answer) => {
            outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
            answer.pipe(outgoing)
          })
          incoming.pipe(forwarded)
        }).listen(0, "127.0.0.1")
      ),
      (server) =>
        Effect.sync(() => {
          server.close()
          server.closeAllConnections()
        })
    )
    yield* Effect.promise(() => once(server, "listening"))
    const address = server.address()
    const own = typeof address === "object" && address !== null ? address.port : 0
    return { asked, endpoint: `http://127.0.0.1:${own}` }
  })

const page = readFileSync(join(import.meta.dirname, "../../../docs/cli.md"), "utf8")

/** The rows of the page: a command, and what it asks for. */
const rows = Array.from(
  (page.split("## What it costs on DynamoDB\n")[1] ?? "").split(/^## /m)[0]?.matchAll(
    /^\| `([^`]+)` +\| (\d.*?) +\|/gm
  ) ?? [],
  ([, command = "", requests = ""]) => ({ command, requests })
)

const counted = (asked: ReadonlyArray<string>): string =>
  Object.entries(Object.groupBy(asked, (name) => name))
    .map(([name, calls = []]) => `${calls.length} ${name}`)
    .toSorted((left, right) => (left.split(" ")[1] ?? "") < (right.split(" ")[1] ?? "") ? -1 : 1)
    .join(", ")

for (const store of stores.filter(({ name }) => name === "dynamodb")) {
  store.describe("requests", () => {
    it("are on the page", () => {
      assert.isAbove(rows.length, 15)
    })

    for (const { command, requests } of rows) {
      it.live(`${command}: ${requests}`, () =>
        Effect.gen(function*() {
          const { url } = yield* seededStore(store)
          const given = new URL(url).searchParams.get("endpoint") ?? ""
          const { asked, endpoint } = yield* counting(given)
          const through = url.replace(encodeURIComponent(given), encodeURIComponent(endpoint))
          const { code } = yield* runCommand(
            [...command.split(" "), "--yes", "--url", through].filter(isTaken(command))
          )
          assert.strictEqual(code, 0)
          assert.strictEqual(counted(asked), requests)
          if (!command.includes("--deep")) assert.notInclude(asked, "Scan")
        }))
    }
  })
}

/** Only commands that ask know how to be told not to. */
const isTaken = (command: string) => (word: string): boolean =>
  word !== "--yes" || /^(?:rerun|cancel|rm|erase|doctor)\b/.test(command)
