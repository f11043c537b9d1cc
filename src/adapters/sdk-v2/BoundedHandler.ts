/**
 * Reading a request before the handler of the SDK does, as far as the limits of both.
 *
 * @since 0.2.0
 */
import { type McpHandlerRequestOptions, type McpHttpHandler, readRequestBody } from "@modelcontextprotocol/server"
import type { OwnerLimits } from "../../protocol/OwnerLimits.ts"
import { declaresTooMuch } from "../../protocol/requestLimits.ts"

/**
 * What the SDK is given of a request.
 *
 * @since 0.2.0
 * @category models
 */
export interface ReadRequest {
  readonly request: Request
  readonly options: McpHandlerRequestOptions | undefined
  /** How much of a body has been read. */
  readonly bytes: number
}

/**
 * Reads requests ahead of a handler, which has a limit of its own that it does not tell.
 *
 * The handler counts what it reads, and counts nothing where it is given a parsed body. So it reads each body again that is larger than
 * all that it has answered so far. Only the first ones are, and to parse a body once costs half as much.
 *
 * @since 0.2.0
 * @category models
 */
export class BoundedHandler {
  readonly #handler: McpHttpHandler
  /** How large a body the handler has answered. */
  #answered = 0

  constructor(handler: McpHttpHandler) {
    this.#handler = handler
  }

  /** Reads a body as far as the limit, whatever its header says. Gives `undefined` beyond it. */
  async read(
    limits: OwnerLimits,
    request: Request,
    options: McpHandlerRequestOptions | undefined
  ): Promise<ReadRequest | undefined> {
    const length = request.headers.get("content-length")
    if (declaresTooMuch(limits, length)) return undefined
    if (limits.requestBytes === Infinity || request.body === null || options?.parsedBody !== undefined) {
      return { request, options, bytes: 0 }
    }
    const isLarger = length === null || !(Number(length) <= this.#answered)
    const body = await readText(isLarger ? request.clone() : request, limits.requestBytes)
    if (body.tooLarge) return undefined
    const bytes = Buffer.byteLength(body.text)
    if (isLarger) return { request, options, bytes }
    // Its header may have told less than it has.
    const parsedBody = bytes <= this.#answered ? parseJson(body.text) : undefined
    return parsedBody === undefined
      ? { request: new Request(request, { method: request.method, body: body.text }), options, bytes }
      : { request, options: { ...options, parsedBody }, bytes }
  }

  /** Has the handler answer. */
  async answer({ bytes, options, request }: ReadRequest): Promise<Response> {
    const response = await this.#handler.fetch(request, options)
    // What it refuses it may not have read.
    if (response.status === 200) this.#answered = Math.max(this.#answered, bytes)
    return response
  }
}

/**
 * Reads a body as JSON, where it is JSON.
 *
 * @since 0.2.0
 * @category parsers
 */
export const readJson = async (request: Request): Promise<unknown> => {
  const body = await readText(request)
  return body.tooLarge ? undefined : parseJson(body.text)
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Of a body that ends too early nothing is left, and nobody waits for an answer. */
const readText = (request: Request, most?: number): ReturnType<typeof readRequestBody> =>
  readRequestBody(request, most).catch(() => ({ tooLarge: false, text: "" }))
