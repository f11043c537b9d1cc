/**
 * How the reference model keeps messages.
 *
 * @since 0.1.0
 */
import { refusal } from "./Answer.ts"
import type { Command } from "./Command.ts"
import { contentLimitOf, type ModelMessage, type ModelState, type Step, textBytes } from "./ModelState.ts"

const day = 86_400_000

/**
 * Appends a message.
 *
 * @since 0.1.0
 * @category writes
 */
export const enqueueMessage = (state: ModelState, call: Extract<Command, { readonly _tag: "enqueue" }>): Step => {
  const bytes = state.payloadBytes(textBytes(call.body))
  const limit = contentLimitOf(state)
  if (bytes > limit) return [refusal({ _tag: "PayloadTooLarge", actual: bytes, limit }), state]
  const size = state.messages.filter((message) => waits(state, message, call.queue)).length
  if (size >= (call.maxSize ?? Infinity)) return [{ value: { full: true, size } }, state]
  const message = { queue: call.queue, body: call.body, expiresAt: state.now + (call.ttl ?? day) }
  return [{ value: { full: false } }, { ...state, messages: [...state.messages, message] }]
}

/**
 * Takes the first messages of a queue.
 *
 * @since 0.1.0
 * @category writes
 */
export const dequeueMessages = (state: ModelState, queue: string, count: number): Step => {
  const taken = state.messages.filter((message) => waits(state, message, queue)).slice(0, count)
  return [
    { value: taken.map(({ body }) => body) },
    { ...state, messages: state.messages.filter((message) => !taken.includes(message)) }
  ]
}

const waits = (state: ModelState, message: ModelMessage, queue: string): boolean =>
  message.queue === queue && state.now < message.expiresAt
