/**
 * A secret in the first URL, which a cookie remembers.
 *
 * @since 0.2.0
 */

const cookiePrefix = "mcp_task_storage_"

const digest = async (text: string): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))

/** Compares two texts in a time that tells nothing of where they differ, nor of their lengths. */
const isSame = async (left: string, right: string): Promise<boolean> => {
  const [one, other] = await Promise.all([digest(left), digest(right)])
  return one.reduce((difference, byte, index) => difference | (byte ^ (other[index] ?? 0)), 0) === 0
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")

/** Two pages at one machine have names of their own, since a browser gives the cookies of all ports to each. */
const cookieName = async (token: string): Promise<string> =>
  cookiePrefix + hex(await digest(`name of ${token}`)).slice(0, 16)

const cookieOf = (request: Request, name: string): string | undefined =>
  request.headers.get("cookie")?.split(";").map((part) => part.trim()).find((part) => part.startsWith(`${name}=`))
    ?.slice(name.length + 1)

/**
 * Tells whether a request shows the token: in its cookie, or as `Authorization: Bearer …`.
 *
 * @since 0.2.0
 * @category guards
 */
export const hasToken = async (request: Request, token: string): Promise<boolean> => {
  const bearer = /^Bearer (\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1]
  const shown = bearer ?? cookieOf(request, await cookieName(token))
  return shown !== undefined && await isSame(shown, token)
}

/**
 * What the first visit is answered with.
 *
 * @since 0.2.0
 * @category models
 */
export interface FirstVisit {
  readonly cookie: string
  /** The same URL without the token, from the page on. */
  readonly next: string
}

/**
 * Reads the token of the URL `…?token=…`. Gives the cookie that remembers it; `undefined` if the URL has none, or a wrong one.
 *
 * @since 0.2.0
 * @category accessors
 */
export const firstVisit = async (request: Request, token: string): Promise<FirstVisit | undefined> => {
  const url = new URL(request.url)
  const shown = url.searchParams.get("token")
  if (request.method !== "GET" || shown === null || !(await isSame(shown, token))) return undefined
  url.searchParams.delete("token")
  // Without a path, so that it goes with the folder that the page is in, wherever a proxy puts that.
  const attributes = ["HttpOnly", "SameSite=Strict", ...(url.protocol === "https:" ? ["Secure"] : [])]
  return { cookie: [`${await cookieName(token)}=${token}`, ...attributes].join("; "), next: `./${url.search}` }
}
