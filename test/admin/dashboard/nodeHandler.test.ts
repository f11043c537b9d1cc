/** The page on Node's servers, with what frameworks do to requests before it gets them, and with browsers that leave. */
import { makeDashboard, toNodeHandler } from "mcp-task-storage/dashboard"
import { openTaskStorage } from "mcp-task-storage/promise"
import { once } from "node:events"
import { createServer, type IncomingMessage, type RequestListener } from "node:http"
import { connect } from "node:net"
import { expect, onTestFinished, test, vi } from "vitest"
import { until } from "../../support/until.ts"
import { ownHeaders } from "./pages.ts"

const serve = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

const open = async () => {
  const storage = await openTaskStorage("memory:")
  onTestFinished(() => storage.close())
  return { storage, listener: toNodeHandler(makeDashboard(storage, { authorize: () => true })) }
}

const change = (port: number, taskId: string) =>
  fetch(`http://127.0.0.1:${port}/-/change`, {
    method: "POST",
    headers: { ...ownHeaders, origin: `http://127.0.0.1:${port}` },
    body: JSON.stringify({ action: "cancel", taskId })
  })

test("the path before a framework took its own part away counts", async () => {
  const { listener } = await open()
  const port = await serve((request, response) => {
    Object.assign(request, { originalUrl: request.url, url: "/" })
    void listener(request, response)
  })
  const response = await fetch(`http://127.0.0.1:${port}/ops/tasks?status=failed`, { redirect: "manual" })
  expect(response.headers.get("location")).toBe("./tasks/?status=failed")
})

test("a body is read, also when a framework has read it before", async () => {
  const { listener, storage } = await open()
  const { taskId } = await storage.createTask({ originalMethod: "tools/call" })
  expect((await change(await serve((...both) => void listener(...both)), taskId)).status).toBe(200)
  const another = await storage.createTask({ originalMethod: "tools/call" })
  const parsing = await serve(async (request, response) => {
    let text = ""
    for await (const chunk of request.setEncoding("utf8")) text += chunk
    await listener(Object.assign<IncomingMessage, object>(request, { body: JSON.parse(text) }), response)
  })
  expect((await change(parsing, another.taskId)).status).toBe(200)
  expect(await storage.getTask(another.taskId)).toMatchObject({ status: "cancelled" })
})

test("a host that is none is refused", async () => {
  const { listener } = await open()
  const port = await serve((...both) => void listener(...both))
  for (const head of ["GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"]) {
    const socket = connect(port, "127.0.0.1")
    socket.write(head)
    const [chunk] = await once(socket.setEncoding("utf8"), "data")
    expect(chunk).toMatch(/^HTTP\/1.1 400/)
    socket.destroy()
  }
})

test("a browser that leaves ends its stream, and no look follows", async () => {
  const unhandled = vi.fn()
  process.on("unhandledRejection", unhandled)
  onTestFinished(() => {
    process.off("unhandledRejection", unhandled)
  })
  const storage = await openTaskStorage("memory:")
  onTestFinished(() => storage.close())
  const aborted: Array<boolean> = []
  const dashboard = makeDashboard(storage)
  const port = await serve((request, response) =>
    void toNodeHandler((request) => {
      request.signal.addEventListener("abort", () => aborted.push(true))
      return dashboard(request)
    })(request, response)
  )
  const leaving = new AbortController()
  const response = await fetch(`http://127.0.0.1:${port}/-/live/tasks`, { signal: leaving.signal })
  await response.body?.getReader().read()
  leaving.abort()
  await until(() => aborted.length === 1)
  // The stream counts no more: with room for one, another may watch.
  const alone = makeDashboard(storage, { maxStreams: 1 })
  const single = await serve((...both) => void toNodeHandler(alone)(...both))
  for (let count = 0; count < 3; count++) {
    const gone = new AbortController()
    // The server takes a moment to hear that the one before has left.
    await until(async () => {
      const stream = await fetch(`http://127.0.0.1:${single}/-/live/tasks`, { signal: gone.signal })
      if (stream.status === 200) await stream.body?.getReader().read()
      return stream.status === 200
    })
    gone.abort()
  }
  expect(unhandled).not.toHaveBeenCalled()
})
