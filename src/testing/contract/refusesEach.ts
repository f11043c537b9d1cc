/**
 * Cases of arguments that are refused with `InvalidInput`.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { equal, equalRecord, refused } from "./check.ts"
import { type CaseFailure, type ContractCase, contractCase } from "./ContractCase.ts"
import { createIn, mustGet } from "./fixtures.ts"

type Attempt = (tasks: TaskStorageShape, bad: unknown) => Effect.Effect<unknown, CaseFailure>

/** Refuses each of the bad values, and leaves the task as it is. */
export const refusesEach = (
  name: string,
  field: string | undefined,
  bads: ReadonlyArray<unknown>,
  attempt: Attempt
): ContractCase =>
  contractCase(name, function*({ first }) {
    const created = yield* createIn(first, "one", "working")
    for (const [index, bad] of bads.entries()) {
      yield* refused(`value ${index}`, attempt(first, bad), {
        _tag: "InvalidInput",
        ...(field === undefined ? {} : { field })
      })
    }
    yield* equalRecord("the task afterwards", yield* mustGet(first, "one"), created)
    yield* equal("tasks", yield* first.taskCount(), 1)
  })
