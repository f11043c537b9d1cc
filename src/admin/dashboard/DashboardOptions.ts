/**
 * What the page is told about who may use it.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import { optionNames, readFields } from "../../domain/options/optionNames.ts"
import { InvalidInput } from "../../domain/task/TaskError.ts"

/**
 * What a request may do: everything, only look, or nothing. A `Response` is sent as it is, such as a redirect to a page that asks
 * for a password.
 *
 * @since 0.2.0
 * @category models
 */
export type Authorized = boolean | "read" | Response

/**
 * @since 0.2.0
 * @category options
 */
export interface DashboardOptions {
  /**
   * Decides what a request may do. Without it and without `token` the page is read-only, and only answers requests to a loopback
   * name such as `localhost`.
   */
  readonly authorize?: ((request: Request) => Authorized | Promise<Authorized>) | undefined
  /**
   * A secret of at least 16 characters, in place of `authorize`. Open the page with `?token=…` once: a cookie remembers it. A program
   * sends it as `Authorization: Bearer …`.
   */
  readonly token?: string | undefined
  /**
   * The hosts that the page is reached at, such as `tasks.example.com` or `10.0.0.7:3000`, beside loopback names. A name without a
   * port stands for all ports. A request to another host is refused, so that no foreign name can be made to lead to the page.
   */
  readonly hosts?: ReadonlyArray<string> | undefined
  /** Takes away all that changes anything, whoever asks: `true` without `authorize` and `token`, `false` by default with one. */
  readonly readOnly?: boolean | undefined
  /** How many browsers may watch at the same time: 100 by default. Others reload by hand. */
  readonly maxStreams?: number | undefined
}

/**
 * The options in the form that the page works with.
 *
 * @since 0.2.0
 * @category models
 */
export interface ResolvedDashboardOptions {
  readonly gate:
    | { readonly _tag: "Open" }
    | { readonly _tag: "Token"; readonly token: string }
    | { readonly _tag: "Authorize"; readonly authorize: (request: Request) => Authorized | Promise<Authorized> }
  readonly hosts: ReadonlySet<string>
  readonly readOnly: boolean
  readonly maxStreams: number
}

const names = optionNames<DashboardOptions>({
  authorize: true,
  token: true,
  hosts: true,
  readOnly: true,
  maxStreams: true
})

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))

const minTokenLength = 16

/**
 * Parses the options.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseDashboardOptions = (
  options: DashboardOptions = {}
): Result.Result<ResolvedDashboardOptions, InvalidInput> =>
  Result.gen(function*() {
    const { authorize, hosts = [], maxStreams = 100, readOnly, token } = yield* readFields("options", options, names)
    const gate = yield* parseGate(authorize, token)
    if (readOnly !== undefined && typeof readOnly !== "boolean") return yield* refuse("readOnly", "must be a boolean")
    if (gate._tag === "Open" && readOnly === false) {
      return yield* refuse("readOnly", "must not be false without authorize or token: anybody could change tasks")
    }
    if (!Number.isSafeInteger(maxStreams) || maxStreams < 0) {
      return yield* refuse("maxStreams", "must be an integer of 0 or more")
    }
    return {
      gate,
      hosts: new Set(yield* parseHosts(hosts)),
      readOnly: readOnly ?? gate._tag === "Open",
      maxStreams
    }
  })

const parseGate = (
  authorize: DashboardOptions["authorize"],
  token: DashboardOptions["token"]
): Result.Result<ResolvedDashboardOptions["gate"], InvalidInput> => {
  if (authorize !== undefined && token !== undefined) return refuse("token", "must not be there beside authorize")
  if (token !== undefined) {
    return typeof token === "string" && token.length >= minTokenLength && /^[\w.~-]+$/.test(token)
      ? Result.succeed({ _tag: "Token", token })
      : refuse("token", `must have at least ${minTokenLength} characters, all of them letters, digits or one of -._~`)
  }
  if (authorize === undefined) return Result.succeed({ _tag: "Open" })
  return typeof authorize === "function"
    ? Result.succeed({ _tag: "Authorize", authorize })
    : refuse("authorize", "must be a function")
}

const parseHosts = (hosts: unknown): Result.Result<ReadonlyArray<string>, InvalidInput> => {
  if (!Array.isArray(hosts)) return refuse("hosts", "must be an array")
  const parsed = hosts.map(parseHost)
  return parsed.every((host) => host !== undefined)
    ? Result.succeed(parsed)
    : refuse("hosts", "must be names such as tasks.example.com or tasks.example.com:3000, without a scheme or a path")
}

const parseHost = (host: unknown): string | undefined =>
  typeof host === "string" && /^[^\s/?#@*]+$/.test(host) && URL.canParse(`http://${host}`)
    ? host.toLowerCase()
    : undefined
