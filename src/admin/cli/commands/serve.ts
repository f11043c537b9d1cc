/**
 * `serve`: the page of tasks, for this machine.
 *
 * @since 0.2.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { RequestListener } from "node:http"
import { switchFlag } from "../bulkFlags.ts"
import { CliTerminal } from "../CliTerminal.ts"
import { type CommandEnded, failedWith } from "../ExitCode.ts"
import { JsonFlag } from "../globalFlags.ts"
import { openStorage } from "../openStorage.ts"
import { printAnswer } from "../printRows.ts"

/** No other machine reaches it. */
const host = "127.0.0.1"

/**
 * Serves the page of tasks on the loopback interface, with a secret in its URL, until it is interrupted.
 *
 * @since 0.2.0
 * @category commands
 */
export const serve = Command.make(
  "serve",
  {
    port: Flag.Int("port").pipe(
      Flag.filter((port) => port >= 0 && port <= 65_535, () => "a port"),
      Flag.withMetavar("PORT"),
      Flag.withDescription("The port: a free one by default"),
      Flag.withDefault(0)
    ),
    readOnly: switchFlag("read-only", "Show tasks, and change none")
  },
  Effect.fnUntraced(
    function*({ port, readOnly }) {
      const storage = yield* openStorage
      const { makeDashboard } = yield* Effect.promise(() => import("../../dashboard/makeDashboard.ts"))
      const { toNodeHandler } = yield* Effect.promise(() => import("../../dashboard/toNodeHandler.ts"))
      const token = Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("base64url")
      const handle = toNodeHandler(yield* makeDashboard(storage, { token, readOnly }))
      const listening = yield* listen(port, (request, response) => {
        void handle(request, response).catch(() => response.destroy())
      })
      const url = `http://${host}:${listening}/?token=${token}`
      yield* printAnswer({ url, readOnly }, url)
      if (!(yield* JsonFlag)) {
        const { err } = yield* CliTerminal
        yield* err(
          "Open it in a browser on this machine, and keep it like a password. Ctrl-C ends the page.\n"
        )
      }
      return yield* Effect.never
    },
    Effect.scoped
  )
).pipe(
  Command.withDescription("Serve a page of tasks on this machine, until Ctrl-C"),
  Command.withExamples([
    { command: "mcp-task-storage serve", description: "Print the URL of a page" },
    { command: "mcp-task-storage serve --read-only --port 8090", description: "One that changes nothing, on a port" }
  ])
)

const listen = Effect.fnUntraced(function*(
  port: number,
  listener: RequestListener
): Effect.fn.Return<number, CommandEnded, Scope.Scope> {
  const { createServer } = yield* Effect.promise(() => import("node:http"))
  const server = yield* Effect.acquireRelease(
    Effect.sync(() => createServer(listener)),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  )
  yield* Effect.callback<void, CommandEnded>((resume) => {
    server.once("error", ({ message }) => resume(Effect.fail(failedWith(`The page cannot be served: ${message}`))))
    server.listen(port, host, () => resume(Effect.void))
  })
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : port
})
