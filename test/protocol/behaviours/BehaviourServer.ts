/** A server of any kind, as the table of behaviours starts it. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TasksLimits } from "../../../src/protocol/TasksOptions.ts"
import type { BehaviourTool } from "./tools.ts"

export type Revision = "2025-11-25" | "2026-07-28"

export interface BehaviourServer {
  readonly name: string
  /** The revisions whose tasks it serves. */
  readonly revisions: ReadonlyArray<Revision>
  /**
   * Serves the tools at `/mcp` of a free port until the scope ends; gives the URL. Tasks are kept in the SQLite file; their
   * owner is the user in the header `x-user`, and who names none has none. Runners look for tasks without a worker every
   * 100 milliseconds; all else but the limits is as the server has it by default.
   */
  readonly start: (
    filename: string,
    tools: ReadonlyArray<BehaviourTool>,
    limits: TasksLimits
  ) => Effect.Effect<string, never, Scope.Scope>
  /** The rows that this server cannot express, by name, and why. */
  readonly exceptions: { readonly [row: string]: string }
}
