/**
 * Whose a task is.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { idProblem } from "../domain/task/TaskId.ts"

/**
 * The owner of the tasks of a request: the id of a user, 1 to 255 characters, that tasks are bound to. If work needs more than
 * that, it is the `principal` that is stored with the task, which JSON can carry.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskOwner = string | { readonly id: string; readonly principal?: unknown }

/**
 * Says that requests are not authenticated.
 *
 * @since 0.2.0
 * @category models
 */
export interface Anonymous {
  readonly _tag: "Anonymous"
}

/**
 * Binds tasks to nobody: everybody who knows the id of a task may read and cancel it. Ids cannot be guessed, and there is no
 * `tasks/list` that would show them.
 *
 * @since 0.2.0
 * @category constructors
 */
export const anonymous: Anonymous = { _tag: "Anonymous" }

/**
 * This request has no owner, so it gets no tasks.
 *
 * @since 0.2.0
 * @category errors
 */
export class OwnerMissing extends Schema.TaggedError<OwnerMissing>("mcp-task-storage/OwnerMissing")("OwnerMissing", {
  reason: Schema.String
}) {
  override get message(): string {
    return `Tasks need an owner: ${this.reason}. Authenticate, or say that the server is anonymous.`
  }
}

/**
 * An owner that was checked. The id is `null` where tasks are bound to nobody.
 *
 * @since 0.2.0
 * @category models
 */
export interface KnownOwner {
  readonly id: string | null
  readonly principal: unknown
  /** Not where requests are anonymous: a list would tell the ids of everybody's tasks. */
  readonly canList: boolean
}

/**
 * The owner of the requests of a server with one client, such as one on standard input and output.
 *
 * @since 0.2.0
 * @category constants
 */
export const nobody: KnownOwner = { id: null, principal: undefined, canList: true }

/**
 * Checks the value of an `owner` function. Code without a compiler may give anything, and must not reach the tasks of others by
 * that.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseOwner = (owner: unknown): Effect.Effect<KnownOwner, OwnerMissing> => {
  if (Predicate.isTagged(owner, "Anonymous") && owner === anonymous) {
    return Effect.succeed({ ...nobody, canList: false })
  }
  const id: unknown = Predicate.isReadonlyObject(owner) ? owner["id"] : owner
  if (typeof id !== "string") {
    const what = id === null ? "null" : typeof id
    return Effect.fail(new OwnerMissing({ reason: `the owner of this request is ${what}, not an id` }))
  }
  const problem = idProblem(id)
  if (problem !== undefined) return Effect.fail(new OwnerMissing({ reason: `the id of the owner ${problem}` }))
  const principal = Predicate.isReadonlyObject(owner) ? owner["principal"] : undefined
  return Effect.succeed({ id, principal, canList: true })
}
