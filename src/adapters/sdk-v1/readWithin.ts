/**
 * Reading a request before the SDK does, as far as the limit.
 *
 * @since 0.2.0
 */
import type { OwnerLimits } from "../../protocol/OwnerLimits.ts"
import { declaresTooMuch } from "../../protocol/requestLimits.ts"

/**
 * What the SDK is given of a request.
 *
 * @since 0.2.0
 * @category models
 */
export interface ReadRequest {
  readonly tooLarge: boolean
  /** The SDK reads no body beside it. Of what is no JSON it says what is wrong, where there is none. */
  readonly parsedBody?: unknown
}

/**
 * Reads the body of a request of Node as far as the limit, whatever its header says of its length, unless somebody has read it.
 *
 * @since 0.2.0
 * @category parsers
 */
export const readWithin = async (
  limits: Pick<OwnerLimits, "requestBytes">,
  request: { readonly headers: Readonly<Record<string, string | Array<string> | undefined>> },
  parsedBody: unknown
): Promise<ReadRequest> => {
  const { "content-length": length } = request.headers
  if (declaresTooMuch(limits, String(length ?? 0))) return { tooLarge: true }
  return parsedBody !== undefined || limits.requestBytes === Infinity || !isPost(request)
    ? { tooLarge: false, parsedBody }
    : await read(limits, request)
}

/** A request of Node that has a body. */
interface PostRequest {
  readonly iterator: (options: { readonly destroyOnReturn: boolean }) => AsyncIterable<Uint8Array>
}

const isPost = (request: object): request is PostRequest =>
  "method" in request && request.method === "POST" && "iterator" in request && typeof request.iterator === "function"

const read = async (
  { requestBytes }: Pick<OwnerLimits, "requestBytes">,
  request: PostRequest
): Promise<ReadRequest> => {
  const decoder = new TextDecoder()
  let received = 0
  let text = ""
  try {
    // To destroy the request would end the socket, on which the answer goes.
    for await (const bytes of request.iterator({ destroyOnReturn: false })) {
      received += bytes.byteLength
      if (received > requestBytes) return { tooLarge: true }
      text += decoder.decode(bytes, { stream: true })
    }
    return { tooLarge: false, parsedBody: JSON.parse(text + decoder.decode()) }
  } catch {
    return { tooLarge: false }
  }
}
