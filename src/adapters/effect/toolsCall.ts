/**
 * Calls of tools, in either revision.
 *
 * @since 0.2.0
 */
import type { McpRequestContext, McpServerClient } from "effect/ai/McpSchema"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { isOver } from "../../domain/effects/isOver.ts"
import { ownProperty } from "../../protocol/TaskClient.ts"
import { withServerInfo } from "../../protocol/toolResult.ts"
import type { WireError } from "../../protocol/WireError.ts"
import { CallSlot } from "./CallSlot.ts"
import { earlyAnswer } from "./EarlyAnswer.ts"
import type { Handler, RequestInfo, SendNotification } from "./effectSeams.ts"
import { failRequest } from "./httpStatus.ts"
import type { ServedTasks } from "./TaskServer.ts"

type Fields = Readonly<Record<string, unknown>>

/** How a revision carries the call of a tool. */
interface Carrier<R> {
  readonly call: Handler
  readonly encode: (result: unknown) => Effect.Effect<Fields>
  readonly served: ServedTasks<R>
  readonly protocolVersion: string
  readonly sendNotification: SendNotification | undefined
}

/**
 * Calls a tool by Effect's own handler and gives its result, or what the protocol makes of the call.
 *
 * @since 0.2.0
 * @category combinators
 */
export const answeredCall = <R>(
  { call, encode, protocolVersion, sendNotification, served }: Carrier<R>,
  payload: unknown,
  request: RequestInfo,
  how: Partial<Pick<CallSlot, "ask" | "task" | "serverInfo" | "outlivesCall">>
): Effect.Effect<
  Fields,
  Effect.Error<ReturnType<Handler>> | WireError,
  R | McpRequestContext | McpServerClient | Scope.Scope
> =>
  Effect.contextWith((services: Context.Context<R>) => {
    const slot: CallSlot = {
      task: undefined,
      ...how,
      meta: ownProperty(payload, "_meta"),
      // All that the request has. Merged with what the tool has, which takes it all from there, it would be the same.
      owned: isOver(served.ownedByCall)
        ? served.ownedByCall
        : Effect.updateContext(served.ownedByCall, () => services),
      sendProgress: sendNotification === undefined ?
        undefined :
        (params) =>
          sendNotification(protocolVersion, request.client.id, { tag: "notifications/progress", payload: params }),
      answer: undefined
    }
    const give = (answer: NonNullable<CallSlot["answer"]>): Effect.Effect<Fields, WireError> =>
      answer._tag === "Wire"
        ? Effect.succeed(withServerInfo(how.serverInfo, answer.result))
        : failRequest(answer.error)
    return Effect.matchCauseEffect(Effect.provideService(call(payload, request), CallSlot, slot), {
      onSuccess: (result) => slot.answer === undefined ? encode(result) : give(slot.answer),
      onFailure: (cause) => {
        const early = earlyAnswer(cause)
        if (early === undefined) return Effect.failCause(cause)
        return slot.answer === undefined ? Effect.succeed(early) : give(slot.answer)
      }
    })
  })

/**
 * Reads the name of the tool that is called.
 *
 * @since 0.2.0
 * @category accessors
 */
export const toolName = (payload: unknown): string =>
  Predicate.hasProperty(payload, "name") && typeof payload.name === "string" ? payload.name : ""
