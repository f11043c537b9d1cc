/**
 * What the page answers with, under headers that let a browser do nothing but show it.
 *
 * @since 0.2.0
 */
import type { ErrorAnswer } from "./Api.ts"
import type { Refusal } from "./Refusal.ts"

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'"
].join("; ")

const guards = {
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "x-robots-tag": "noindex"
}

interface Answer {
  readonly type: string
  readonly body: string | ReadableStream<Uint8Array> | null
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Gives a response that no cache keeps, unless `headers` say otherwise.
 *
 * @since 0.2.0
 * @category constructors
 */
export const answer = ({ body, headers, status = 200, type }: Answer): Response =>
  new Response(body, { status, headers: { "content-type": type, "cache-control": "no-store", ...guards, ...headers } })

/**
 * @since 0.2.0
 * @category constructors
 */
export const json = (value: unknown, status = 200): Response =>
  answer({ type: "application/json", body: JSON.stringify(value), status })

/**
 * @since 0.2.0
 * @category constructors
 */
export const html = (body: string, status = 200, headers: Readonly<Record<string, string>> = {}): Response =>
  answer({ type: "text/html; charset=utf-8", body, status, headers })

/**
 * Sends a browser elsewhere. The place is relative to where it is, which a proxy may have moved.
 *
 * @since 0.2.0
 * @category constructors
 */
export const redirect = (location: string): Response =>
  answer({ type: "text/plain", body: null, status: 308, headers: { location } })

/**
 * @since 0.2.0
 * @category converting
 */
export const errorOf = ({ message, tag }: Refusal): ErrorAnswer => ({ error: { _tag: tag, message } })

/**
 * Gives a refusal to a program.
 *
 * @since 0.2.0
 * @category constructors
 */
export const refusalJson = (refusal: Refusal): Response =>
  answer({
    type: "application/json",
    body: JSON.stringify(errorOf(refusal)),
    status: refusal.status,
    headers: {
      ...(refusal.status === 401 ? { "www-authenticate": "Bearer" } : {}),
      ...(refusal.status === 405 ? { allow: "GET, HEAD, POST" } : {}),
      ...(refusal.status === 503 ? { "retry-after": "5" } : {})
    }
  })
