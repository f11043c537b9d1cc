/** A load balancer without sticky sessions: each request goes to the next server, and to the one behind that if that is gone. */
import { once } from "node:events"
import { createServer, type IncomingMessage, request as send, type ServerResponse } from "node:http"
import { buffer } from "node:stream/consumers"

export interface LoadBalancer {
  readonly url: string
  /** Which server answered each request, from the first one on. */
  readonly answeredBy: ReadonlyArray<number>
  /** Gives the next request to this server. */
  readonly turnTo: (server: number) => void
  readonly close: () => void
}

/** Balances the load of servers until it is closed. */
export const roundRobin = async (servers: ReadonlyArray<string>): Promise<LoadBalancer> => {
  const answeredBy: Array<number> = []
  let turn = 0

  const forward = (request: IncomingMessage, body: Buffer, response: ServerResponse, tries = servers.length): void => {
    const server = turn++ % servers.length
    const { headers, method, url } = request
    const upstream = send(new URL(url ?? "/", servers[server]), { headers, method }, (answer) => {
      answeredBy.push(server)
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
      // A server that dies takes its streams along.
      answer.on("error", () => response.destroy())
    })
    upstream.on("error", () => {
      if (response.headersSent || response.destroyed) response.destroy()
      else if (tries > 1) forward(request, body, response, tries - 1)
      else response.writeHead(502).end()
    })
    response.on("close", () => upstream.destroy())
    upstream.end(body)
  }

  const http = createServer(async (request, response) => forward(request, await buffer(request), response))
  http.listen(0, "127.0.0.1")
  await once(http, "listening")
  const address = http.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    answeredBy,
    turnTo: (server) => {
      turn = server
    },
    close: () => {
      http.close()
      http.closeAllConnections()
    }
  }
}
