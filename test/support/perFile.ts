/** What the tests of one file share: made when the first of them asks for it, released after the last. */
import { afterAll } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"

export const perFile = <A, E>(make: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A> => {
  const scope = Scope.makeUnsafe()
  let made: Promise<A> | undefined
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return Effect.promise(() => made ??= Effect.runPromise(Effect.provideService(make, Scope.Scope, scope)))
}
