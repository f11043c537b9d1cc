/** What two processes contend for. Each gives the names of what it has won. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import type { TaskStorageError } from "../../../src/domain/task/TaskError.ts"
import { isTerminal } from "../../../src/domain/task/TaskStatus.ts"
import { realSleep } from "../../../src/layers/realSleep.ts"

/** How many tasks each contest is about. */
const prizes = 60

/** How many tasks the store of the contest for room has room for. */
export const room = 30

export const taskIdsOf = (contest: ContestName): ReadonlyArray<string> =>
  Array.from({ length: prizes }, (_, index) => `${contest}-${index}`)

/** The keys that each task of the contest for inputs asks under. */
export const inputKeys = ["a", "b", "c", "d"] as const

type Won = Effect.Effect<ReadonlyArray<string>, TaskStorageError>

interface Contender {
  readonly storage: TaskStorageShape
  /** A storage with room for `room` tasks. */
  readonly limited: TaskStorageShape
  /** Which of the processes it is: 0 or 1. */
  readonly index: number
}

/** Milliseconds before each attempt, without which the process that begins first would have won before the other one begins. */
const pace = realSleep(1)

/** Tries all of them, several at a time, and gives those that it won. */
const winners = (
  names: ReadonlyArray<string>,
  attempt: (name: string) => Effect.Effect<boolean, TaskStorageError>
): Won =>
  Effect.map(
    Effect.forEach(
      names,
      (name) => Effect.andThen(pace, Effect.map(attempt(name), (won) => won ? [name] : [])),
      { concurrency: 4 }
    ),
    (won) => won.flat()
  )

/** Whether it succeeds; of the refusals only these are expected, as by the one who comes second. */
const succeeds = (
  effect: Effect.Effect<unknown, TaskStorageError>,
  ...refusals: ReadonlyArray<TaskStorageError["_tag"]>
): Effect.Effect<boolean, TaskStorageError> =>
  Effect.matchEffect(effect, {
    onSuccess: () => Effect.succeed(true),
    onFailure: (error) => refusals.includes(error._tag) ? Effect.succeed(false) : Effect.fail(error)
  })

/** Repeats a sweep until it has found nothing several times. */
const untilNothing = (sweep: Won): Won =>
  Effect.gen(function*() {
    const swept: Array<string> = []
    for (let empty = 0; empty < 5;) {
      const batch = yield* sweep
      swept.push(...batch)
      empty = batch.length === 0 ? empty + 1 : 0
    }
    return swept
  })

const recoverUntilAllEnded = (storage: TaskStorageShape, taskIds: ReadonlyArray<string>): Won =>
  Effect.gen(function*() {
    const recovered: Array<string> = []
    for (const taskId of taskIds) {
      let hasEnded = false
      while (!hasEnded) {
        const found = yield* storage.getTaskSummary(taskId)
        hasEnded = Option.isSome(found) && isTerminal(found.value.status)
        recovered.push(...yield* storage.recoverStuckTasks(0))
      }
    }
    return recovered
  })

export const contests = {
  transitions: ({ storage }: Contender): Won =>
    winners(
      taskIdsOf("transitions"),
      (taskId) => succeeds(storage.updateTaskStatus(taskId, "input_required"), "InvalidTransition")
    ),

  settles: ({ index, storage }: Contender): Won =>
    winners(
      taskIdsOf("settles"),
      (taskId) => succeeds(storage.settleTask(taskId, { _tag: "Success", value: index }), "ResultAlreadyStored")
    ),

  /** Each answers every key, in opposite orders; the one whose answer completes the round wins. */
  inputs: ({ index, storage }: Contender): Won =>
    winners(taskIdsOf("inputs"), (taskId) =>
      Effect.map(
        Effect.forEach(
          index === 0 ? inputKeys : inputKeys.toReversed(),
          (key) => storage.provideInput(taskId, { [key]: index })
        ),
        (answers) => answers.some(({ complete }) => complete)
      )),

  /** Each creates as many tasks as it can. */
  room: ({ index, limited }: Contender): Won =>
    winners(
      taskIdsOf("room").map((name) => `${name}-${index}`),
      (taskId) => succeeds(limited.createTask({ originalMethod: "tools/call", taskId }), "MaxTasksReached")
    ),

  /** Both remove what has expired, few at a time. */
  expiry: ({ storage }: Contender): Won => untilNothing(storage.expireTasks({ limit: 7 })),

  /** Both recover what is stuck. */
  recovery: ({ storage }: Contender): Won => untilNothing(storage.recoverStuckTasks(0)),

  /** One creates tasks and settles them, while the other one recovers whatever it finds. */
  completion: ({ index, storage }: Contender): Won =>
    index === 0
      ? winners(taskIdsOf("completion"), (taskId) =>
        storage.createTask({ originalMethod: "tools/call", taskId }).pipe(
          Effect.andThen(pace),
          Effect.andThen(
            succeeds(storage.settleTask(taskId, { _tag: "Success", value: taskId }), "ResultAlreadyStored")
          )
        ))
      : recoverUntilAllEnded(storage, taskIdsOf("completion"))
} as const

export type ContestName = keyof typeof contests

export const isContest = (name: string): name is ContestName => Object.hasOwn(contests, name)
