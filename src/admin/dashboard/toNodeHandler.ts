/**
 * The page on servers that speak Node's own requests and responses, such as Express.
 *
 * @since 0.2.0
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { DashboardHandler } from "./makeDashboard.ts"

/**
 * Gives a handler of Node's requests and responses, for `node:http`, and to be used by Express: `app.use("/tasks", …)`.
 *
 * @since 0.2.0
 * @category converting
 */
export const toNodeHandler =
  (dashboard: DashboardHandler) => async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const gone = new AbortController()
    response.once("close", () => gone.abort())
    const asked = toRequest(request, gone.signal)
    if (asked === undefined) {
      response.writeHead(400).end()
      return
    }
    const { body, headers, status } = await dashboard(asked)
    response.writeHead(status, Array.from(headers).flat())
    if (body === null) {
      response.end()
      return
    }
    // A browser that leaves in the middle of an answer is no fault, and its signal has told the page.
    await pipeline(Readable.fromWeb(body), response).catch(() => undefined)
  }

/** A request with what a framework puts there: the whole of the URL, and a body that was read before. */
type ReadRequest = IncomingMessage & { readonly originalUrl?: unknown; readonly body?: unknown }

/** A request whose host or path makes no URL is none for the page. */
const toRequest = (request: ReadRequest, signal: AbortSignal): Request | undefined => {
  const { headers, method = "GET", originalUrl, socket, url } = request
  const scheme = "encrypted" in socket ? "https" : "http"
  const path = typeof originalUrl === "string" ? originalUrl : url ?? "/"
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).flatMap((one): Array<[string, string]> =>
      one === undefined ? [] : [[name, one]]
    )
  )
  const target = URL.parse(`${scheme}://${headers.host ?? "localhost"}${path}`)
  if (target === null || !path.startsWith("/")) return undefined
  return new Request(target, {
    method,
    headers: pairs,
    signal,
    ...(method === "GET" || method === "HEAD" ? {} : { body: bodyOf(request), duplex: "half" })
  })
}

const bodyOf = (request: ReadRequest): string | ReadableStream =>
  request.readableEnded ? JSON.stringify(request.body ?? null) : Readable.toWeb(request)
