/**
 * One request of a client, and the way back to that client.
 *
 * @since 0.2.0
 */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { McpError, ResultSchema } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import { backgroundSleep } from "../../domain/effects/backgroundSleep.ts"
import { longestTimer } from "../../domain/effects/longestTimer.ts"
import { askingUntilGone } from "../../protocol/leavingClient.ts"
import type { SendProgress } from "../../protocol/ProgressSender.ts"
import { type Ask, ListenerGone } from "../../protocol/Questions.ts"
import type { TaskClient } from "../../protocol/TaskClient.ts"
import { internalError } from "../../protocol/WireError.ts"
import { fromMcpError } from "./mcpErrors.ts"
import { answerStream, type Extra, stdioInput } from "./sdkSeams.ts"

/**
 * A request, as the protocol has to know it.
 *
 * @since 0.2.0
 * @category models
 */
export interface SdkRequest {
  readonly client: TaskClient
  /** Asks the client on the stream of this request; absent where none carries requests. */
  readonly ask: Ask | undefined
  /** Done when the client, or the stream of this request, is gone. The signal of the request tells of nothing but a cancel. */
  readonly gone: Effect.Effect<void>
  readonly sendProgress: SendProgress
  /** Whether notifications reach the client when this request has been answered. */
  readonly outlivesCall: boolean
  /** Sends a notification on the stream of this request while it lasts, and does not fail. */
  readonly notify: (method: string, params: Readonly<Record<string, unknown>>) => Effect.Effect<void>
}

/**
 * Gives what there is to know of a request. On stateless HTTP nobody knows what the client declared, and what it answers
 * comes to another server. A client has `resumeWithin` milliseconds to come back to a stream that it can resume.
 *
 * @since 0.2.0
 * @category constructors
 */
export const sdkRequest = (server: McpServer, extra: Extra, resumeWithin = Infinity): SdkRequest => {
  const isHttp = extra.requestInfo !== undefined
  const isStateless = isHttp && extra.sessionId === undefined
  const gone = isHttp ? streamLost(server, extra, resumeWithin) : inputEnded(server)
  const isAsked = !isStateless && answerStream(server, extra.requestId) !== "json"
  const notify: SdkRequest["notify"] = (method, params) =>
    Effect.ignore(Effect.tryPromise(() => {
      // Once the request is answered its stream is closed, and a session has one of its own.
      const isOpen = answerStream(server, extra.requestId) !== "lost"
      return server.server.notification({ method, params }, isOpen ? { relatedRequestId: extra.requestId } : {})
    }))
  return {
    client: {
      protocolVersion: "2025-11-25",
      clientCapabilities: server.server.getClientCapabilities(),
      clientInfo: server.server.getClientVersion()
    },
    ask: isAsked ? askingUntilGone(askClient(server, extra), gone) : undefined,
    gone,
    sendProgress: (params) => notify("notifications/progress", { ...params }),
    outlivesCall: !isStateless,
    notify
  }
}

/** Answers in the place of a client that cannot be asked. */
export const cannotBeAsked: Ask = () => Effect.fail(internalError("This connection carries no requests to its client"))

const askClient = (server: McpServer, { requestId, signal }: Extra): Ask => ({ method, params }) =>
  Effect.tryPromise({
    try: (withdrawn) =>
      server.server.request({ method, params: { ...params } }, ResultSchema, {
        relatedRequestId: requestId,
        // Aborted by nothing but its withdrawal: the SDK tells the client of an abort even when that has answered.
        signal: withdrawn,
        // How long a question may take, the protocol says; the SDK must have some bound.
        timeout: longestTimer
      }),
    catch: (error) =>
      error instanceof McpError && server.isConnected() && !signal.aborted ? fromMcpError(error) : new ListenerGone()
  })

/** How often a request that waits looks whether its stream is still there, in milliseconds. */
const lookForStream = 1000

/** The SDK tells nobody that a stream is lost. One that can be resumed is lost when nobody has done so in time. */
const streamLost = (
  server: McpServer,
  { closeSSEStream, requestId }: Extra,
  resumeWithin: number
): Effect.Effect<void> => {
  const patience = closeSSEStream === undefined ? 0 : resumeWithin
  if (patience === Infinity) return Effect.never
  const look = (lostFor: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const isLost = answerStream(server, requestId) === "lost"
      if (isLost && lostFor >= patience) return Effect.void
      return Effect.andThen(backgroundSleep(lookForStream), look(isLost ? lostFor + lookForStream : 0))
    })
  return look(0)
}

const ends = new WeakMap<object, Latch.Latch>()

/** One listener for each input, however many requests wait. */
const inputEnded = (server: McpServer): Effect.Effect<void> => {
  const input = stdioInput(server)
  if (input === undefined) return Effect.never
  const known = ends.get(input)
  if (known !== undefined) return known.await
  const ended = Latch.makeUnsafe(input.readableEnded)
  ends.set(input, ended)
  for (const event of ["end", "close"] as const) input.once(event, () => void ended.openUnsafe())
  return ended.await
}
