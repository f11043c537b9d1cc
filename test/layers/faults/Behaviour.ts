/** What can become of a connection through the proxy. */

/** Where a server listens. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** What becomes of connections and of what they carry. */
export type Behaviour =
  | { readonly _tag: "Pass" }
  /** New connections are reset. */
  | { readonly _tag: "Refuse" }
  /** Whatever is sent is dropped, and neither end is told. A connection that was open then hangs for good. */
  | { readonly _tag: "Drop" }
  | { readonly _tag: "Delay"; readonly milliseconds: number }
  /**
   * Requests get through, and their answers are lost. A connection that has lost an answer never gives another one: it
   * hangs, or is cut when the behaviour ends.
   */
  | { readonly _tag: "LoseAnswers"; readonly after: "hang" | "cut" }
  /** A connection is cut when it has given so many more bytes of answers. */
  | { readonly _tag: "CutAfter"; readonly bytes: number }
