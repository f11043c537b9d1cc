/** What the record of a task tells of its life, in order. */
import type { TaskView } from "../Api.ts"
import { hasEnded, statusWords, waitsForWorker } from "./words.ts"

export interface Chapter {
  /** When it was, in ISO 8601; absent where the record does not tell. */
  readonly at?: string
  readonly title: string
  readonly kind: "past" | "now" | "bad" | "good" | "later"
  /** What others wrote, to be shown as it is. */
  readonly foreign?: string
  readonly lines: ReadonlyArray<string>
  /** Keys that the tool chose. */
  readonly keys?: ReadonlyArray<string>
  /** Another task that belongs to it. */
  readonly task?: string
  /** How long it took from the chapter before, in milliseconds. */
  readonly after?: number
}

const millis = (iso: string): number => new Date(iso).getTime()

export const tellStory = (view: TaskView, now: number): ReadonlyArray<Chapter> => {
  const chapters = [...begin(view), ...work(view), ...present(view, now), ...end(view)]
  let before: number | undefined
  return chapters.map((chapter) => {
    if (chapter.at === undefined) return chapter
    const at = millis(chapter.at)
    const after = before === undefined || chapter.kind === "later" ? undefined : at - before
    before = at
    return after === undefined ? chapter : { ...chapter, after }
  })
}

const begin = ({ task }: TaskView): ReadonlyArray<Chapter> => [{
  at: task.createdAt,
  title: task.rerunOf === undefined ? "Created" : "Created, to run a task again",
  kind: "past",
  lines: task.sessionId === undefined ? ["It is bound to no session."] : [],
  ...(task.rerunOf === undefined ? {} : { task: task.rerunOf })
}]

const work = ({ answers, questions, steps, task, worker }: TaskView): ReadonlyArray<Chapter> => {
  const chapters: Array<Chapter> = []
  if (task.startedAt !== undefined) chapters.push(claimed(task, worker))
  if (steps.length > 0) {
    chapters.push({
      title: steps.length === 1 ? "A step is done and kept" : `${steps.length} steps are done and kept`,
      kind: "past",
      lines: [],
      keys: steps
    })
  }
  if (answers.length > 0) chapters.push({ title: "The client answered", kind: "past", lines: [], keys: answers })
  if (questions.length > 0) {
    chapters.push({
      at: task.lastUpdatedAt,
      title: "It asks for input, and waits",
      kind: "now",
      lines: [],
      keys: questions
    })
  }
  return chapters
}

const claimed = ({ attempt, startedAt, worker: id }: TaskView["task"], worker: TaskView["worker"]): Chapter => ({
  ...(startedAt === undefined ? {} : { at: startedAt }),
  title: attempt !== undefined && attempt > 1
    ? `Taken by a worker, for the ${ordinal(attempt)} time`
    : "Taken by a worker",
  kind: "past",
  lines: [
    ...(worker === undefined ? [] : [whereIs(worker)]),
    ...(id === undefined ? ["Under a lease of its own, without a registered worker."] : [`Worker ${id}`]),
    ...(attempt !== undefined && attempt > 1
      ? ["The record keeps the last attempt; those before were lost or put off."]
      : [])
  ]
})

const whereIs = ({ diedAt, host, name, pid, version }: NonNullable<TaskView["worker"]>): string =>
  [
    name === undefined ? undefined : `${name} ${version ?? ""}`.trim(),
    host === undefined ? undefined : `on ${host}`,
    pid === undefined ? undefined : `process ${pid}`,
    diedAt === undefined ? undefined : "declared dead since"
  ].filter((part) => part !== undefined).join(", ")

const ordinal = (number: number): string => {
  const last = number % 100 > 10 && number % 100 < 14 ? 0 : number % 10
  return `${number}${["th", "st", "nd", "rd"][last] ?? "th"}`
}

const present = ({ questions, task }: TaskView, now: number): ReadonlyArray<Chapter> => {
  const { lastUpdatedAt, leaseExpiresAt, revision, status, statusMessage } = task
  if (hasEnded(status)) return []
  const said: ReadonlyArray<Chapter> = revision > 1 && statusMessage !== undefined && questions.length === 0
    ? [{ at: lastUpdatedAt, title: "Last heard of", kind: "past", foreign: statusMessage, lines: [] }]
    : []
  if (status === "input_required") return said
  if (waitsForWorker(task)) return [...said, { title: "Waits for a worker", kind: "now", lines: [queueHint] }]
  if (task.worker === undefined && leaseExpiresAt !== undefined && millis(leaseExpiresAt) > now) {
    return [...said, { at: leaseExpiresAt, title: "Nobody may take it before", kind: "later", lines: [] }]
  }
  return [...said, { title: "Runs now", kind: "now", lines: [] }]
}

const queueHint = "If it waits for long: does a worker run that knows this method and name? Is the kind paused?"

const end = ({ outcome, task }: TaskView): ReadonlyArray<Chapter> => {
  const { createdAt, lastUpdatedAt, rerunAs, resultKind, status, statusMessage, ttl } = task
  const chapters: Array<Chapter> = []
  if (hasEnded(status)) {
    const isBad = status === "failed" || resultKind === "tool_error"
    chapters.push({
      at: lastUpdatedAt,
      title: resultKind === "tool_error" && status === "completed"
        ? "Ended with a result that says it is an error"
        : `Ended: ${statusWords[status]}`,
      kind: isBad ? "bad" : status === "completed" ? "good" : "past",
      ...(statusMessage === undefined ? {} : { foreign: statusMessage }),
      lines: outcome === undefined ? ["It has no outcome. Its client is told so."] : []
    })
  }
  if (rerunAs !== undefined) chapters.push({ title: "Run again as", kind: "past", lines: [], task: rerunAs })
  if (ttl !== null) {
    chapters.push({
      at: new Date(millis(createdAt) + ttl).toISOString(),
      title: "Expires, and is gone from then on",
      kind: "later",
      lines: []
    })
  }
  return chapters
}
