/**
 * How the adapter of a protocol and the tool that it calls speak with one another, through Effect's server and the
 * middleware in between.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type { ToolCall } from "../../protocol/ToolCall.ts"
import type { WireError } from "../../protocol/WireError.ts"

/** What became of a call, where that is no result of a tool. */
type CallAnswer =
  | { readonly _tag: "Wire"; readonly result: Readonly<Record<string, unknown>> }
  | { readonly _tag: "Refused"; readonly error: WireError }

/** What the adapter knows of a call, and the tool does not. */
export interface CallSlot extends
  Pick<
    ToolCall<never, never>,
    "meta" | "task" | "owned" | "ask" | "sendProgress" | "outlivesCall" | "serverInfo"
  >
{
  /** Written by the tool, at most once, and read by the adapter when the call has ended. */
  answer: CallAnswer | undefined
}

/**
 * The slot of the present call; none where the server speaks a revision without tasks.
 *
 * @since 0.2.0
 * @category references
 */
export const CallSlot: Context.Reference<CallSlot | undefined> = Context.Reference<CallSlot | undefined>(
  "mcp-task-storage/mcp/CallSlot",
  { defaultValue: () => undefined }
)
