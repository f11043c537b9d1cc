/**
 * A driver of which every member was decided on.
 *
 * @since 0.2.0
 */
import type { TaskDriver } from "../../domain/driver/TaskDriver.ts"

/**
 * The members of an interface, all of which have to be given: `undefined` says that there is none.
 *
 * @since 0.2.0
 * @category models
 */
export type EveryMember<A> = {
  readonly [Member in keyof A]-?: {} extends Pick<A, Member> ? A[Member] | undefined : A[Member]
}

/**
 * Makes a driver of all its members. A new primitive does not compile until it is named here and where the driver is made, so that
 * none gets past encryption by a spread.
 *
 * @since 0.2.0
 * @category constructors
 */
export const driverOf = (
  {
    afterCommit,
    findEnding,
    findRevisions,
    findsSeats,
    foreignWrites,
    forget,
    inspector,
    keepsTasks,
    maintain,
    maxPayloadBytes,
    pagesByName,
    payloadBytes,
    reseal,
    take,
    tally,
    transaction,
    ...required
  }: EveryMember<TaskDriver>
): TaskDriver => ({
  ...required,
  ...(afterCommit === undefined ? {} : { afterCommit }),
  ...(findEnding === undefined ? {} : { findEnding }),
  ...(findRevisions === undefined ? {} : { findRevisions }),
  ...(findsSeats === undefined ? {} : { findsSeats }),
  ...(foreignWrites === undefined ? {} : { foreignWrites }),
  ...(forget === undefined ? {} : { forget }),
  ...(inspector === undefined ? {} : { inspector }),
  ...(keepsTasks === undefined ? {} : { keepsTasks }),
  ...(maintain === undefined ? {} : { maintain }),
  ...(maxPayloadBytes === undefined ? {} : { maxPayloadBytes }),
  ...(pagesByName === undefined ? {} : { pagesByName }),
  ...(payloadBytes === undefined ? {} : { payloadBytes }),
  ...(reseal === undefined ? {} : { reseal }),
  ...(take === undefined ? {} : { take }),
  ...(tally === undefined ? {} : { tally }),
  ...(transaction === undefined ? {} : { transaction })
})
