/**
 * Reading what a request brings.
 *
 * @since 0.2.0
 */

/** More is no request of the page. */
const maxBytes = 65_536

/**
 * Reads the body of a request as text; `undefined` if it is too large.
 *
 * @since 0.2.0
 * @category accessors
 */
export const readBody = async ({ body }: Request): Promise<string | undefined> => {
  const decoder = new TextDecoder()
  let text = ""
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) return undefined
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
