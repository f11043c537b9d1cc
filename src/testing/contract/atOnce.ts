/**
 * What two processes do at the same time.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type * as Result from "effect/Result"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { equal, type Mismatch } from "./check.ts"
import type { World } from "./ContractCase.ts"
import { success, tool } from "./fixtures.ts"

type Handles = Pick<World, "first" | "second">

type CreateError = Effect.Error<ReturnType<TaskStorageShape["createTask"]>>

/** Creates so many tasks, of a session if one is named, and gives how each call ended. */
export const createAtOnce = (
  { first, second }: Handles,
  count: number,
  sessionId?: string
): Effect.Effect<ReadonlyArray<Result.Result<TaskRecord, CreateError>>> =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => index % 2 === 0 ? first : second),
    (tasks) => Effect.result((sessionId === undefined ? tasks : tasks.forSession(sessionId)).createTask(tool)),
    { concurrency: "unbounded" }
  )

/**
 * Settles a task as the worker of its first attempt, while another worker claims it. Exactly one of the two may succeed. Tells
 * whether the task was settled.
 */
export const settleOrClaim = (
  { first, second }: Handles,
  taskId: string
): Effect.Effect<boolean, Mismatch> =>
  Effect.flatMap(
    Effect.all(
      [
        Effect.result(first.settleTask(taskId, success, { attempt: 1 })),
        Effect.result(second.claimTask(taskId, { lease: 10 }))
      ],
      { concurrency: "unbounded" }
    ),
    ([settled, claim]) => {
      const outcomes = [settled, claim].map((result) => result._tag === "Success" ? "won" : result.failure._tag)
      const isSettled = settled._tag === "Success"
      return Effect.as(
        equal("what became of them", outcomes, isSettled ? ["won", "TerminalState"] : ["LeaseLost", "won"]),
        isSettled
      )
    }
  )
