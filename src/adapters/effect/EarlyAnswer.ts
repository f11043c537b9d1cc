/**
 * Answers that leave Effect's handler of calls early.
 *
 * That handler checks the result of a tool against all that a result can be, which takes longer than all the rest of a short call.
 * Most results are mere text, of which little has to be known. So the handler is left as soon as the tool and its middleware are done.
 *
 * @since 0.2.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

type Fields = Readonly<Record<string, unknown>>

/** A result in its form on the wire. It takes the way of a defect, which nothing between the tools and their handler looks at. */
class EarlyAnswer {
  readonly result: Fields

  constructor(result: Fields) {
    this.result = result
  }
}

/** Where Effect's handlers find the tools of a server. */
export interface ToolCore {
  readonly tools: {
    readonly call: (call: unknown, invocation: unknown) => Effect.Effect<unknown, { readonly _tag: string }>
  }
}

/**
 * Makes the handler of calls give up at once where its tool gave a result that `encode` gives its form on the wire.
 *
 * @since 0.2.0
 * @category combinators
 */
export const leavingEarly = (core: ToolCore, encode: (result: unknown) => Fields | undefined): ToolCore => ({
  ...core,
  tools: {
    ...core.tools,
    call: (call, invocation) =>
      Effect.flatMap(core.tools.call(call, invocation), (outcome) => {
        const encoded = Predicate.isTagged(outcome, "Complete") && Predicate.hasProperty(outcome, "value")
          ? encode(outcome.value)
          : undefined
        return encoded === undefined ? Effect.succeed(outcome) : Effect.die(new EarlyAnswer(encoded))
      })
  }
})

/**
 * Gives the result with which a handler was left early.
 *
 * @since 0.2.0
 * @category accessors
 */
export const earlyAnswer = ({ reasons: [reason, ...others] }: Cause.Cause<unknown>): Fields | undefined =>
  reason !== undefined && others.length === 0 && Cause.isDieReason(reason) && reason.defect instanceof EarlyAnswer
    ? reason.defect.result
    : undefined

const isJson = Schema.is(Schema.Json)

/**
 * Gives a result of mere text its form on the wire, with what it says as data; `undefined` for any other, which needs the schema of
 * its protocol.
 *
 * @since 0.2.0
 * @category converting
 */
export const encodeText = (result: unknown): Fields | undefined => {
  if (!Predicate.isReadonlyObject(result)) return undefined
  const { _meta: meta, content, isError, structuredContent } = result
  if (meta !== undefined || !Array.isArray(content) || !content.every(isMereText)) return undefined
  if (isError !== undefined && typeof isError !== "boolean") return undefined
  if (structuredContent !== undefined && !isJson(structuredContent)) return undefined
  return {
    content: content.map(({ text }) => ({ type: "text", text })),
    ...(structuredContent === undefined ? {} : { structuredContent }),
    ...(isError === undefined ? {} : { isError })
  }
}

const isMereText = (block: unknown): block is { readonly text: string } =>
  Predicate.isReadonlyObject(block) && block["type"] === "text" && typeof block["text"] === "string" &&
  block["annotations"] === undefined && block["_meta"] === undefined
