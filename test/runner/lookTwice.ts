/** Looks of a runner that has just begun. */
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import type { TaskRunnerShape } from "../../src/runner/index.ts"

/** Looks once, and again half a lease of 30 seconds later: from then on it knows who is dead. Gives what the second look took. */
export const lookTwice = ({ recover }: Pick<TaskRunnerShape, "recover">) =>
  recover.pipe(Effect.andThen(TestClock.adjust("15 seconds")), Effect.andThen(recover))
