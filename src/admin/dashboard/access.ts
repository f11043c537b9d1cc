/**
 * Who may do what.
 *
 * @since 0.2.0
 */
import type { ResolvedDashboardOptions } from "./DashboardOptions.ts"
import { checkHost, checkSite, checkWrite } from "./hostRules.ts"
import type { Refusal } from "./Refusal.ts"
import { type FirstVisit, firstVisit, hasToken } from "./tokenAccess.ts"

/**
 * What a request may do.
 *
 * @since 0.2.0
 * @category models
 */
export type Access =
  | { readonly _tag: "Granted"; readonly mayWrite: boolean }
  | { readonly _tag: "Refused"; readonly refusal: Refusal }
  | { readonly _tag: "Answered"; readonly response: Response }

const refused = (refusal: Refusal): Access => ({ _tag: "Refused", refusal })

/**
 * Decides what a request may do. `isPage` says that it is for the page itself, which links of other sites may lead to.
 *
 * @since 0.2.0
 * @category decisions
 */
export const decideAccess = async (
  request: Request,
  options: ResolvedDashboardOptions,
  isPage: boolean
): Promise<Access> => {
  const foreign = checkHost(request, options) ?? (isPage ? undefined : checkSite(request, options))
  if (foreign !== undefined) return refused(foreign)
  const { gate } = options
  const authorized = await authorizedBy(gate, request)
  if (authorized instanceof Response) return { _tag: "Answered", response: authorized }
  if (authorized !== true && authorized !== "read") return refused(gate._tag === "Token" ? needsToken : forbidden)
  const mayWrite = authorized === true && !options.readOnly
  if (request.method !== "POST") return { _tag: "Granted", mayWrite }
  const unsafe = mayWrite ? checkWrite(request) : onlyReads
  return unsafe === undefined ? { _tag: "Granted", mayWrite } : refused(unsafe)
}

/**
 * Tells whether a request for the page brings the token in its URL, to be remembered.
 *
 * @since 0.2.0
 * @category decisions
 */
export const decideVisit = async (
  request: Request,
  options: ResolvedDashboardOptions
): Promise<FirstVisit | undefined> =>
  options.gate._tag === "Token" && checkHost(request, options) === undefined
    ? firstVisit(request, options.gate.token)
    : undefined

const authorizedBy = async (gate: ResolvedDashboardOptions["gate"], request: Request) => {
  switch (gate._tag) {
    case "Open":
      return "read"
    case "Token":
      return hasToken(request, gate.token)
    case "Authorize":
      return gate.authorize(request)
  }
}

const needsToken: Refusal = {
  status: 401,
  tag: "TokenMissing",
  message: "Open the page with the URL that was printed when it was started. That URL ends in ?token= and a secret. " +
    "After a restart the secret is another one."
}

const forbidden: Refusal = { status: 403, tag: "Forbidden", message: "You may not see this page." }

const onlyReads: Refusal = {
  status: 403,
  tag: "ReadOnly",
  message: "This page is read-only for you. Changes need authorize or token, and readOnly must not be true."
}
