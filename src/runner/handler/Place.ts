/**
 * The place that work comes from: where its handler is registered, or where the caller of a runner brings it along.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import { ParentSpan } from "effect/Tracer"

/**
 * The services of a place.
 *
 * @since 0.2.0
 * @category models
 */
export class Place<R> {
  readonly #services: Context.Context<R>
  /** All tasks share what is made of the context of the runner, in which all begin. */
  #last: { readonly from: Context.Context<never>; readonly to: Context.Context<R> } | undefined

  constructor(services: Context.Context<R>) {
    this.#services = services
  }

  /** Adds the services to a context. */
  within(from: Context.Context<never>): Context.Context<R> {
    if (this.#last?.from !== from) {
      const to = Context.merge(from, this.#services)
      const run = Context.getOrUndefined(from, ParentSpan)
      // What a task does belongs to its run, and not to the span that its handler was registered in.
      this.#last = { from, to: run === undefined ? to : Context.add(to, ParentSpan, run) }
    }
    return this.#last.to
  }

  /** Tells whether it has these services. */
  has<Services>(services: Context.Context<Services>): this is Place<Services> {
    return Object.is(this.#services, services)
  }
}
