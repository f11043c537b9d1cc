/** Clients that never read. */
import { createConnection, type Socket } from "node:net"

/** Sends a request of whose answer nothing is read, until the socket is resumed. */
export const unreadRequest = (url: string, headers: Readonly<Record<string, string>>, body: string): Socket => {
  const { hostname, pathname, port } = new URL(url)
  const socket = createConnection(Number(port), hostname)
  socket.pause()
  // The server may close it at any time.
  socket.on("error", () => undefined)
  const lines = Object.entries({ ...headers, host: hostname, "content-length": Buffer.byteLength(body) })
    .map(([name, value]) => `${name}: ${value}`)
  socket.write(`POST ${pathname} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`)
  return socket
}
