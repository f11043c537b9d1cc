/**
 * Lambda and SQS on this machine: an HTTP server that calls the server function, and loops that call the worker function
 * with what is in the queue and the recovery function each minute.
 *
 * Tasks are kept where the environment variable `TASKS_URL` says, such as
 * `dynamodb://mcp-tasks?region=local&endpoint=http://localhost:8000` or `sqlite:tasks.db`.
 */
import { once } from "node:events"
import { createServer } from "node:http"
import { text } from "node:stream/consumers"
import { setInterval } from "node:timers/promises"
import { deliver } from "./queue.ts"
import { handler as recover } from "./recovery.ts"
import { handler as serve } from "./server.ts"
import { handler as work } from "./worker.ts"

const http = createServer(async (request, response) => {
  const { headers, method = "GET", url = "/" } = request
  const { body, headers: answered, statusCode } = await serve({
    rawPath: url,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value?.toString()])),
    requestContext: { domainName: "localhost", http: { method } },
    ...(method === "POST" ? { body: await text(request) } : {}),
    isBase64Encoded: false
  })
  response.writeHead(statusCode, answered).end(body)
})

http.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1")
await once(http, "listening")
const address = http.address()
const port = typeof address === "object" && address !== null ? address.port : address
console.log(`Serving tasks at http://127.0.0.1:${port}/mcp`)

const polling = async () => {
  for await (const _ of setInterval(200)) await deliver(work, 60_000)
}
const recovering = async () => {
  for await (const _ of setInterval(60_000)) await recover()
}
await Promise.all([polling(), recovering()])
