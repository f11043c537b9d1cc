/**
 * The operations that pause kinds of tasks.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { type KindDriver, newsOfPauses, type StoredPause } from "../driver/KindDriver.ts"
import { parseKind } from "../options/parseKind.ts"
import type { PausedKind, PauseOperations } from "../service/PauseOperations.ts"
import { readString } from "../task/TaskRecord.ts"
import { answered, decoded, operate, parsed } from "./TaskAccess.ts"
import type { TaskWatch } from "./TaskWatch.ts"

/**
 * Makes the operations on paused kinds.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makePauses = (backendName: string, kinds: KindDriver, watch: TaskWatch): PauseOperations => ({
  pauseTasks: (kind) =>
    parsed(
      parseKind("kind", kind),
      (parsedKind) =>
        operate(backendName, "pauseTasks", undefined, (now) =>
          answered(
            "pauseTasks",
            watch.telling(newsOfPauses, kinds.pause({ ...parsedKind, pausedAt: now }), "everybody"),
            () => Effect.void
          ))
    ),

  resumeTasks: (kind) =>
    parsed(
      parseKind("kind", kind),
      (parsedKind) =>
        operate(backendName, "resumeTasks", undefined, (now) =>
          answered(
            "resumeTasks",
            watch.telling(newsOfPauses, kinds.resume(parsedKind, now), "everybody"),
            Effect.succeed
          ))
    ),

  pausedTasks: () =>
    operate(
      backendName,
      "pausedTasks",
      undefined,
      () =>
        answered("pausedTasks", kinds.paused(), (pauses) =>
          Effect.forEach(pauses.toSorted(byKinds), (pause) =>
            decoded("pausedTasks", pause, pauseFromStored)))
    ),

  pauseNews: watch.pauseNews
})

/** By method; all names come first, then no name. The texts are ASCII. */
const byKinds = (left: StoredPause, right: StoredPause): number =>
  compare(left.originalMethod.text, right.originalMethod.text) || compare(rank(left), rank(right))

const rank = ({ name }: StoredPause): string => name === undefined ? "" : name === null ? " " : name.text

const compare = (left: string, right: string): number => left < right ? -1 : left > right ? 1 : 0

/** Throws when an engine gave back a row that cannot be a pause. */
const pauseFromStored = ({ name, originalMethod, pausedAt }: StoredPause): PausedKind => ({
  method: readString(originalMethod),
  ...(name === undefined ? {} : { name: name === null ? null : readString(name) }),
  pausedAt: DateTime.makeUnsafe(pausedAt)
})
