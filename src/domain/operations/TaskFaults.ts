/**
 * What may be wrong with a stored task, and what to do about it.
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { counted, type FindingSeverity, mostExamples, type StoreFinding } from "../driver/StoreReport.ts"
import { isKeyId, keyIdOf } from "../json/SealedText.ts"
import type { StoredJson } from "../json/StoredJson.ts"
import { parseId } from "../options/ArgumentParsers.ts"
import { overContent, overOutcome, type PayloadLimits } from "../task/PayloadLimits.ts"
import { sealedFields, type StoredTask } from "../task/StoredTask.ts"
import { resultKind } from "../task/TaskOutcome.ts"
import { outcomeFromStored, readObject, recordFromStored } from "../task/TaskRecord.ts"
import { isTerminal } from "../task/TaskStatus.ts"

interface RowFault {
  readonly severity: FindingSeverity
  /** What is wrong with so many tasks. */
  readonly problem: (tasks: string, one: boolean) => string
  readonly advice: string
}

/** Every operation that meets such a row fails. */
const broken =
  "Write the row as it was, from a backup, or delete the task by its id in the table of tasks; until then every " +
  "list that meets it fails."

const faults = {
  sealed: {
    severity: "warning",
    problem: (tasks, one) => `${tasks} ${one ? "is" : "are"} sealed, and ${one ? "was" : "were"} not looked into.`,
    advice: "Give the layer the option encryption with their keys, or the command line --keys FILE, and look again."
  },
  unreadable: {
    severity: "error",
    problem: (tasks) => `${tasks} cannot be read: a value is not as this library writes it.`,
    advice: broken
  },
  identity: {
    severity: "error",
    problem: (tasks, one) => `${tasks} ${one ? "has" : "have"} an id or a session id that no operation accepts.`,
    advice: broken
  },
  numbers: {
    severity: "error",
    problem: (tasks, one) =>
      `${tasks} ${
        one ? "has" : "have"
      } a number out of its range: a ttl or a revision below 1, a negative attempt, poll ` +
      "interval or lease.",
    advice: "Write the number as it was, or delete the task."
  },
  kind: {
    severity: "error",
    problem: (tasks, one) => `${tasks} ${one ? "has" : "have"} a result kind that is not the kind of the outcome.`,
    advice:
      "Somebody else wrote the outcome. Lists show the wrong status for the task: correct its result kind, or delete it."
  },
  questions: {
    severity: "warning",
    problem: (tasks, one) => `${tasks} ${one ? "has" : "have"} ended and still ${one ? "asks" : "ask"} for input.`,
    advice: "Somebody else wrote the status. Clear the input requests of the task, or delete it."
  },
  unanswered: {
    severity: "warning",
    problem: (tasks, one) => `${tasks} ${one ? "has" : "have"} ended without an outcome.`,
    advice:
      "Clients get an error instead of a result. Store it with storeTaskResult if it is known, and end tasks with " +
      "settleTask, which writes both at once."
  },
  unended: {
    severity: "warning",
    problem: (tasks, one) => `${tasks} ${one ? "has" : "have"} an outcome and ${one ? "has" : "have"} not ended.`,
    advice:
      "Clients wait for it. End it with updateTaskStatus, or let recoverStuckTasks give it the status of its outcome."
  },
  size: {
    severity: "warning",
    problem: (tasks, one) => `${tasks} ${one ? "is" : "are"} larger than maxPayloadBytes.`,
    advice:
      "They can be read, and writes that would keep them too large are refused. Raise maxPayloadBytes to what the " +
      "processes that made them have, or delete them."
  }
} as const satisfies { readonly [name: string]: RowFault }

/**
 * What can be wrong with a row.
 *
 * @since 0.2.0
 * @category models
 */
export type TaskFault = keyof typeof faults

/**
 * Says what breaks the rules in a stored task.
 *
 * @since 0.2.0
 * @category guards
 */
const checkTask = (
  task: StoredTask,
  limits: PayloadLimits
): ReadonlyArray<TaskFault> => {
  if (sealedFields.some((field) => isSealedWithKey(task[field]))) return ["sealed"]
  if (!isReadable(task)) return ["unreadable"]
  const found: ReadonlyArray<readonly [TaskFault, boolean]> = [
    ["identity", !isId(task.taskId) || (task.sessionId !== null && !isId(task.sessionId))],
    ["numbers", !areInRange(task)],
    ["kind", !isKindOfResult(task)],
    ["questions", isTerminal(task.status) && task.inputRequests !== null],
    ["unanswered", (task.status === "completed" || task.status === "failed") && task.result === null],
    ["unended", !isTerminal(task.status) && task.result !== null],
    ["size", (overContent(task, limits) ?? overOutcome(task.result, limits)) !== undefined]
  ]
  return found.flatMap(([fault, isThere]) => isThere ? [fault] : [])
}

const isSealedWithKey = (json: StoredJson | null): boolean => json !== null && isKeyId(keyIdOf(json.text))

const isReadable = (task: StoredTask): boolean => {
  try {
    recordFromStored(task)
    if (task.inputKeys !== null && !Array.isArray(task.inputKeys.decode())) return false
    if (task.inputRequests !== null) readObject(task.inputRequests)
    return true
  } catch {
    return false
  }
}

const isId = (id: string): boolean => Result.isSuccess(parseId("id", id))

const areInRange = (
  { attempt, leaseExpiresAt, pollInterval, revision, ttl }: StoredTask
): boolean =>
  (ttl === null || ttl > 0) && revision > 0 && attempt >= 0 && (pollInterval ?? 0) >= 0 && (leaseExpiresAt ?? 0) >= 0

const isKindOfResult = (task: StoredTask): boolean => {
  if (task.result === null) return task.resultKind === null
  return resultKind(outcomeFromStored(task.result)) === task.resultKind
}

/**
 * Counts what breaks the rules among tasks that are looked at one by one. It keeps counts and a few ids.
 *
 * @since 0.2.0
 * @category models
 */
export class TaskFaults {
  readonly #limits: PayloadLimits
  readonly #found = new Map<TaskFault, { count: number; readonly examples: Array<string> }>()

  constructor(limits: PayloadLimits) {
    this.#limits = limits
  }

  /** Looks at a task; at a row that is none, with `undefined`. */
  add(taskId: string, task: StoredTask | undefined): void {
    for (const fault of task === undefined ? ["unreadable" as const] : checkTask(task, this.#limits)) {
      const found = this.#found.get(fault) ?? { count: 0, examples: [] }
      found.count++
      if (found.examples.length < mostExamples) found.examples.push(taskId)
      this.#found.set(fault, found)
    }
  }

  /** In the order of the faults, in whatever order the tasks came. */
  findings(): ReadonlyArray<StoreFinding> {
    return Struct.keys(faults).flatMap((fault) => {
      const found = this.#found.get(fault)
      if (found === undefined) return []
      const { advice, problem, severity } = faults[fault]
      const { count, examples } = found
      return [{
        code: "rows",
        severity,
        subject: "tasks",
        problem: problem(counted(count, "task"), count === 1),
        advice,
        fixable: false,
        count,
        examples
      }]
    })
  }
}
