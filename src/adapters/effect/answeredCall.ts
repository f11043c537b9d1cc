/**
 * Calls of tools, in either revision.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { TaskRecord } from "../../domain/TaskRecord.ts"
import { CallSlot } from "./CallSlot.ts"
import type { Handler, RequestInfo } from "./effectSeams.ts"
import { failBadRequest } from "./httpStatus.ts"
import { missingCapabilityCode } from "./protocolNames.ts"

type Fields = Readonly<Record<string, unknown>>

/**
 * Calls a tool by Effect's own handler and gives its result, or the task that it became.
 *
 * @since 0.2.0
 * @category combinators
 */
export const answeredCall = Effect.fnUntraced(function*(
  call: Handler,
  encode: (result: unknown) => Effect.Effect<Fields>,
  created: (task: TaskRecord) => Fields,
  payload: unknown,
  request: RequestInfo,
  how: Omit<CallSlot, "answer">
) {
  const slot: CallSlot = { ...how, answer: undefined }
  const result = yield* Effect.provideService(call(payload, request), CallSlot, slot)
  const answer = slot.answer
  if (answer === undefined) return yield* encode(result)
  if (answer._tag === "Created") return created(answer.task)
  return yield* answer.error.code === missingCapabilityCode
    ? failBadRequest(answer.error)
    : Effect.fail(answer.error)
})

/**
 * Reads the name of the tool that is called.
 *
 * @since 0.2.0
 * @category accessors
 */
export const toolName = (payload: unknown): string =>
  Predicate.hasProperty(payload, "name") && typeof payload.name === "string" ? payload.name : ""
