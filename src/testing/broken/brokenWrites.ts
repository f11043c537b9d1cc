/**
 * Drivers that write, remove, keep or report the wrong things.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { TaskPatch } from "../../domain/driver/TaskWrite.ts"
import { StoredJson } from "../../domain/json/StoredJson.ts"
import { jsonFields, type StoredTask } from "../../domain/task/StoredTask.ts"
import { type BrokenDriver, patching, storing } from "./BrokenDriver.ts"

const dropping = (drop: (patch: TaskPatch) => TaskPatch) =>
  patching((taskId, scope, guard, patch) => [taskId, scope, guard, drop(patch)])

/** Changes the JSON text of every payload. */
const rewriting = (rewrite: (text: string) => string) =>
  storing(<Fields extends Partial<StoredTask>>(fields: Fields): Fields => {
    const changed = { ...fields }
    for (const field of jsonFields) {
      const json = fields[field]
      if (json !== null && json !== undefined) {
        Object.assign(changed, { [field]: StoredJson.fromText(rewrite(json.text)) })
      }
    }
    return changed
  })

const sortKeys = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([left], [right]) => left < right ? -1 : 1))
    : value

const withoutFailure = <Fields extends Partial<StoredTask>>(fields: Fields): Fields => ({ ...fields, failure: null })

const rounded = <Fields extends Partial<StoredTask>>(fields: Fields): Fields =>
  fields.lastUpdatedAt === undefined
    ? fields
    : { ...fields, lastUpdatedAt: Math.floor(fields.lastUpdatedAt / 1000) * 1000 }

/**
 * @since 0.1.0
 * @category drivers
 */
export const brokenWrites: ReadonlyArray<BrokenDriver> = [
  {
    name: "keeps a status message that was cleared",
    subject: "updateTaskStatus",
    checks: ["model", "linearizability"],
    breakDriver: dropping(({ statusMessage, ...patch }) =>
      statusMessage === null || statusMessage === undefined ? patch : { ...patch, statusMessage }
    )
  },
  {
    name: "keeps input requests that were cleared",
    subject: "requireInput, provideInput",
    checks: ["model", "linearizability"],
    breakDriver: dropping(({ inputRequests, ...patch }) =>
      inputRequests === null || inputRequests === undefined ? patch : { ...patch, inputRequests }
    )
  },
  {
    name: "forgets which input keys were used",
    subject: "requireInput, provideInput",
    checks: [],
    breakDriver: dropping((patch) => {
      const { inputKeys: _, ...rest } = patch
      return rest
    })
  },
  {
    name: "forgets the trace of the run that writes",
    subject: "fencing",
    checks: [],
    breakDriver: dropping((patch) => {
      const { runTraceparent: _, ...rest } = patch
      return rest
    })
  },
  {
    name: "keeps the ttl that a task was created with",
    subject: "touchTask",
    checks: ["model", "linearizability"],
    breakDriver: dropping((patch) => {
      const { ttl: _, ...rest } = patch
      return rest
    })
  },
  {
    name: "keeps the ttl of a task that ends",
    subject: "resultTtl",
    checks: ["model", "linearizability"],
    breakDriver: dropping((patch) => {
      const { expiry: _, ...rest } = patch
      return rest
    })
  },
  {
    name: "counts the ttl of a task that ends from its end",
    subject: "resultTtl",
    checks: ["model"],
    breakDriver: dropping(({ expiry, ...patch }) =>
      expiry === undefined ? patch : { ...patch, ttl: Math.min(expiry.at - (patch.lastUpdatedAt ?? 0), expiry.maxTtl) }
    )
  },
  {
    name: "gives a task that ends a longer ttl than it may have",
    subject: "resultTtl",
    checks: ["model"],
    breakDriver: dropping(({ expiry, ...patch }) =>
      expiry === undefined ? patch : { ...patch, expiry: { ...expiry, maxTtl: Number.MAX_SAFE_INTEGER } }
    )
  },
  {
    name: "loses what went wrong",
    subject: "failures",
    checks: ["model", "linearizability"],
    breakDriver: storing(withoutFailure)
  },
  {
    name: "loses the stack of what went wrong",
    subject: "failures",
    checks: ["model"],
    breakDriver: dropping((patch) => ({ ...patch, failureStack: null }))
  },
  {
    name: "does not store names",
    subject: "names and trace contexts",
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      insert: (task, bounds, now) => good.insert({ ...task, name: null }, bounds, now)
    })
  },
  {
    name: "keeps times in seconds",
    subject: "createTask",
    checks: ["model", "linearizability"],
    breakDriver: storing(rounded)
  },
  {
    name: "sorts the keys of payloads",
    subject: "payloads",
    checks: ["model", "linearizability"],
    breakDriver: rewriting((text) => JSON.stringify(JSON.parse(text, sortKeys)))
  },
  {
    name: "cuts texts at a NUL",
    subject: "payloads",
    checks: [],
    breakDriver: rewriting((text) => text.replaceAll("\\u0000", ""))
  },
  {
    name: "replaces lone surrogates",
    subject: "payloads",
    checks: [],
    breakDriver: rewriting((text) => JSON.stringify(JSON.parse(text)).replaceAll(/\\ud[89a-f]../g, "\\ufffd"))
  },
  {
    name: "tells of every deletion that it was done",
    subject: "deleteTask, taskCount",
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({ ...good, remove: (taskId, scope) => Effect.as(good.remove(taskId, scope), true) })
  },
  {
    name: "does not delete",
    subject: "deleteTask, taskCount",
    checks: ["model", "linearizability"],
    breakDriver: (good) => ({
      ...good,
      remove: (taskId, scope) => Effect.map(good.find(taskId, scope), (task) => task !== undefined)
    })
  },
  {
    name: "sweeps tasks that live a moment longer",
    subject: "expiry",
    checks: [],
    breakDriver: (good) => ({ ...good, removeExpired: (now, limit) => good.removeExpired(now + 1, limit) })
  },
  {
    name: "ignores the limit of a sweep",
    subject: "expiry",
    checks: [],
    breakDriver: (good) => ({ ...good, removeExpired: (now) => good.removeExpired(now, 10_000) })
  },
  {
    name: "sweeps nothing, and tells nothing",
    subject: "expiry",
    checks: ["model"],
    breakDriver: (good) => ({ ...good, removeExpired: () => Effect.succeed([]) })
  },
  {
    name: "finds stuck tasks of one status only",
    subject: "recoverStuckTasks",
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      stale: (query) => good.stale({ ...query, statuses: query.statuses.slice(0, 1) })
    })
  },
  {
    name: "does not tell which stuck tasks have an outcome",
    subject: "recoverStuckTasks",
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      stale: (query) =>
        Effect.map(good.stale(query), (tasks) => tasks.map(({ taskId }) => ({ taskId, resultKind: null })))
    })
  },
  {
    name: "hears nothing of other writers",
    subject: "changes, awaitTask",
    checks: [],
    breakDriver: (good) => ({ ...good, foreignWrites: Stream.empty })
  }
]
