/**
 * Which hosts and pages a request may come by. A browser is made to send requests by any page that it shows, so the page of tasks
 * tells its own from those of others.
 *
 * @since 0.2.0
 */
import type { ResolvedDashboardOptions } from "./DashboardOptions.ts"
import type { Refusal } from "./Refusal.ts"

type Hosts = Pick<ResolvedDashboardOptions, "hosts">

/** A page of somebody else cannot send it without asking first, which is never allowed. */
const writeHeader = "x-mcp-task-storage"

const loopback = /^(?:localhost|(?:[a-z0-9-]+\.)+localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

const nameOf = (host: string): string => host.replace(/:\d*$/, "")

const hostOf = (request: Request): string => (request.headers.get("host") ?? new URL(request.url).host).toLowerCase()

const isKnown = (host: string, { hosts }: Hosts): boolean =>
  loopback.test(nameOf(host)) || hosts.has(host) || hosts.has(nameOf(host))

/**
 * Refuses a request to a host that the page is not reached at. A foreign name that leads to this machine (DNS rebinding) is one.
 *
 * @since 0.2.0
 * @category decisions
 */
export const checkHost = (request: Request, options: Hosts): Refusal | undefined => {
  const host = hostOf(request)
  if (isKnown(host, options)) return undefined
  return {
    status: 421,
    tag: "HostRefused",
    message: `This page is not reached at the host ${JSON.stringify(host.slice(0, 255))}. ` +
      "If it should be, name that host in the option hosts of makeDashboard."
  }
}

/**
 * Refuses a request that a page of another site made a browser send.
 *
 * @since 0.2.0
 * @category decisions
 */
export const checkSite = (request: Request, options: Hosts): Refusal | undefined => {
  const { headers } = request
  const site = headers.get("sec-fetch-site")
  if (site !== null && site !== "same-origin" && site !== "none") return foreign(`another site (${site})`)
  const origin = headers.get("origin")
  if (origin === null || isOwnOrigin(origin, request, options)) return undefined
  return foreign("another origin")
}

/**
 * Refuses a write that the page itself did not send.
 *
 * @since 0.2.0
 * @category decisions
 */
export const checkWrite = (request: Request): Refusal | undefined => {
  const { headers } = request
  if (headers.get(writeHeader) === null) {
    return {
      status: 403,
      tag: "ForeignRequest",
      message: `Send the header ${writeHeader}: 1 with everything that changes tasks.`
    }
  }
  // A browser that tells where a request comes from tells that this one was typed in, or came from a bookmark.
  if (headers.get("sec-fetch-site") === "none") return foreign("no page")
  return headers.get("content-type")?.split(";")[0]?.trim() === "application/json"
    ? undefined
    : { status: 415, tag: "NotJson", message: "Send a body of the content type application/json." }
}

const isOwnOrigin = (origin: string, request: Request, options: Hosts): boolean => {
  const from = URL.parse(origin)?.host
  // Behind a proxy the browser knows the page by another host than this request has.
  return from !== undefined && (from === hostOf(request) || options.hosts.has(from) || options.hosts.has(nameOf(from)))
}

const foreign = (where: string): Refusal => ({
  status: 403,
  tag: "ForeignRequest",
  message: `The request comes from ${where}. The page of tasks answers only itself.`
})
