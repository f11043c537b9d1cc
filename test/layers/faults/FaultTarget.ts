/** What the checks of faults need of a backend. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { TaskDriver } from "../../../src/domain/driver/TaskDriver.ts"
import type { DriverPair } from "../../../src/testing/StorageHarness.ts"
import type { Endpoint } from "./Behaviour.ts"

/** How a driver is to reach its store. */
interface Opening {
  /** How many connections it may have; as many as it has by default. */
  readonly connections?: number
  /** Where it finds the engine, instead of where that really is. */
  readonly through?: Endpoint
  /** Makes it give up soon where it waits for an engine that does not answer. */
  readonly impatient?: boolean
}

/** An empty store of its own. */
export interface FaultStore<E> {
  /** By which another process opens it; memory has none. */
  readonly url: string
  readonly openDriver: (opening?: Opening) => Effect.Effect<TaskDriver, E, Scope.Scope>
}

/** A backend. */
export interface FaultTarget<E> {
  readonly name: string
  readonly freshStore: Effect.Effect<FaultStore<E>, E, Scope.Scope>
  /**
   * Whether what its caller gave up may happen after that: a network is between them, and what was sent cannot be called
   * back.
   */
  readonly remote: boolean
}

/** A backend whose stores can be emptied, which takes less time than to make one anew. */
export interface EmptiedTarget<E> extends FaultTarget<E> {
  /** Opens two drivers on a store, which is emptied each time that they are asked for. */
  readonly openPair: Effect.Effect<Effect.Effect<DriverPair, E>, E, Scope.Scope>
}

/** A backend whose engine is reached over TCP. */
export interface RemoteTarget<E> extends FaultTarget<E> {
  readonly endpoint: Effect.Effect<Endpoint>
}

/** A backend whose engine can be stopped, gently or as a crash does, and started again on what it has stored. */
export interface RestartableTarget<E> extends FaultTarget<E> {
  readonly stop: (how: "gently" | "at once") => Effect.Effect<void>
  readonly start: Effect.Effect<void>
}
