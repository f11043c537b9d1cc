/** The call by which everything that is stored is seen. */
import type { Call } from "../../../src/testing/model/Call.ts"

export const listing: Call = { _tag: "list", actor: { handle: "first" }, summaries: false }
