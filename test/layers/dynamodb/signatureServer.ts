/** An endpoint that looks at the time of signatures, as AWS does, before the engine of the tests answers. */
import * as Effect from "effect/Effect"
import { createServer, type IncomingMessage, request } from "node:http"
import { connection } from "./engine.ts"

/** How far the time of a signature may be off, in milliseconds. */
const tolerance = 300_000

const signedAt = ({ headers }: IncomingMessage): number =>
  Date.parse(
    String(headers["x-amz-date"]).replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5")
  )

/** Starts one whose clock is ahead of that of this machine by `offset` milliseconds. */
export const signatureServer = Effect.fnUntraced(
  function*(behaviour: { readonly offset: number; readonly error: string; readonly sendsDate: boolean }) {
    const { error, offset, sendsDate } = behaviour
    const engine = new URL(connection().endpoint)
    const state = { endpoint: "", refused: 0 }
    const server = createServer((incoming, outgoing) => {
      const now = Date.now() + offset
      outgoing.sendDate = false
      const date = sendsDate ? { date: new Date(now).toUTCString() } : {}
      if (Math.abs(signedAt(incoming) - now) > tolerance) {
        state.refused++
        incoming.resume()
        outgoing.writeHead(400, { "content-type": "application/x-amz-json-1.0", ...date })
        outgoing.end(JSON.stringify({ __type: `com.amazon.coral.service#${error}`, message: "Signature expired" }))
        return
      }
      const { headers, method, url } = incoming
      const passed = request(
        { host: engine.hostname, port: engine.port, method, path: url, headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...date })
          answer.pipe(outgoing)
        }
      )
      incoming.pipe(passed)
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => {
        server.listen(0, "127.0.0.1", () => resume(Effect.void))
      }),
      () =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        })
    )
    const address = server.address()
    state.endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`
    return state
  }
)
