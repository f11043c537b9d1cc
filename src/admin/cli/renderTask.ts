/**
 * One task, for a person.
 *
 * @since 0.2.0
 */
import * as DateTime from "effect/DateTime"
import type { ListedWorker } from "../../domain/service/WorkerOperations.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { isTerminal } from "../../domain/task/TaskStatus.ts"
import { coloured } from "./colours.ts"
import { ranFor, statusColours } from "./formats/taskFormat.ts"
import { safeJson, safeLine, safeLines } from "./safeText.ts"
import { shownAge, shownLength, shownTime } from "./times.ts"
import { payloadNames } from "./withoutPayloads.ts"
import { workerState } from "./workerState.ts"

/**
 * How to show a task.
 *
 * @since 0.2.0
 * @category options
 */
export interface RenderOptions {
  readonly now: DateTime.Utc
  readonly worker: ListedWorker | undefined
  readonly payloads: boolean
  readonly colours: boolean
}

/**
 * Renders a task with its whole story, each line with its line feed.
 *
 * @since 0.2.0
 * @category conversions
 */
export const renderTask = (task: TaskRecord, options: RenderOptions): string => {
  const { colours, now, payloads } = options
  const lines = linesOf(task, options).filter((line): line is readonly [string, string] => line[1] !== undefined)
  const width = Math.max(...lines.map(([label]) => label.length))
  const shown = lines.map(([label, value]) => {
    const told = safeLine(value)
    const look = label === "status" ? coloured(told, statusColours[task.status], colours) : told
    return `${coloured(label.padEnd(width), "dim", colours)}  ${look}\n`
  })
  const { failure } = task
  const stack = failure?.stack === undefined
    ? ""
    : `\n${coloured(`Stack of ${shownTime(failure.at)} (${shownAge(failure.at, now)} ago)`, "dim", colours)}\n${
      indented(safeLines(failure.stack))
    }`
  return `${shown.join("")}${stack}${payloads ? payloadsOf(task, colours) : ""}`
}

const linesOf = (
  task: TaskRecord,
  { now, payloads, worker }: RenderOptions
): ReadonlyArray<readonly [label: string, value: string | undefined]> => {
  const { failure, leaseExpiresAt, result, resultKind, status } = task
  const at = (time: DateTime.Utc | undefined) =>
    time === undefined
      ? undefined
      : time.epochMilliseconds > now.epochMilliseconds
      ? `${shownTime(time)} (in ${shownLength(time.epochMilliseconds - now.epochMilliseconds)})`
      : `${shownTime(time)} (${shownAge(time, now)} ago)`
  const expiry = task.ttl === null ? undefined : DateTime.add(task.createdAt, { milliseconds: task.ttl })
  const present = payloadNames.filter((name) => task[name] !== undefined)
  return [
    ["task", task.taskId],
    ["status", resultKind === undefined || resultKind === "success" ? status : `${status} (${resultKind})`],
    ["message", task.statusMessage],
    ["failure", failure === undefined ? undefined : `${failure.name}: ${failure.message}`],
    ["error", result?._tag === "Error" ? `${result.code} ${result.message}` : undefined],
    ["name", task.name],
    ["method", task.originalMethod],
    ["session", task.sessionId],
    ["created", at(task.createdAt)],
    ["started", at(task.startedAt)],
    [isTerminal(status) ? "ended" : "updated", at(task.lastUpdatedAt)],
    ["ran", ranFor(task)],
    ["worker", task.worker === undefined ? undefined : workerOf(task.worker, worker, now)],
    ["attempt", task.attempt?.toString()],
    [
      "lease",
      leaseExpiresAt === undefined || isTerminal(status)
        ? undefined
        : leaseExpiresAt.epochMilliseconds === 0
        ? "waits for a worker"
        : at(leaseExpiresAt)
    ],
    ["questions", namesOf(task.inputRequests)],
    ["answers", namesOf(task.inputResponses)],
    ["steps", namesOf(task.steps)],
    ["rerun of", task.rerunOf],
    ["rerun as", task.rerunAs],
    ["expires", expiry === undefined ? "never" : at(expiry)],
    ["trace", task.traceparent],
    ["last run", task.runTraceparent],
    ["revision", String(task.revision)],
    ["payloads", payloads || present.length === 0 ? undefined : `${present.join(", ")} (--payloads shows them)`]
  ]
}

const workerOf = (workerId: string, listed: ListedWorker | undefined, now: DateTime.Utc): string => {
  if (listed === undefined) return `${workerId} (no longer registered)`
  const { host, pid } = listed.worker
  const where = [host, pid === undefined ? undefined : `pid ${pid}`].filter((part) => part !== undefined)
  return `${workerId} (${[...where, workerState(listed.worker, now)].join(", ")})`
}

const namesOf = (map: { readonly [key: string]: unknown } | undefined): string | undefined =>
  map === undefined || Object.keys(map).length === 0 ? undefined : Object.keys(map).join(", ")

const payloadsOf = (task: TaskRecord, colours: boolean): string =>
  payloadNames
    .filter((name) => task[name] !== undefined)
    .map((name) => `\n${coloured(name, "dim", colours)}\n${indented(safeJson(task[name], 2))}`)
    .join("")

const indented = (text: string): string => `${text.trimEnd().replaceAll(/^/gm, "  ")}\n`
