/** Stores that commands open by their URLs, with the same few tasks in each. */
import { describe } from "@effect/vitest"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { layerFromUrl, TaskStorage } from "mcp-task-storage"
import type { Encryption } from "mcp-task-storage/encryption"
import type { CreateTask } from "../../../src/domain/options/TaskOptions.ts"
import type { TaskStorageShape } from "../../../src/domain/service/TaskOperations.ts"
import { connection, describeWithEngine, freshTable } from "../../layers/dynamodb/engine.ts"
import { freshUrl } from "../../layers/postgres/engine.ts"
import { freshFile } from "../../layers/sqlite/database.ts"

export interface Store {
  readonly name: "sqlite" | "postgres" | "dynamodb"
  readonly describe: (name: string, tests: () => void) => void
  readonly freshUrl: Effect.Effect<string, never, Scope.Scope>
}

export const sqlite: Store = {
  name: "sqlite",
  describe,
  freshUrl: Effect.map(freshFile, (file) => `sqlite:${file}`)
}

const postgres: Store = { name: "postgres", describe, freshUrl }

const dynamodb: Store = {
  name: "dynamodb",
  describe: describeWithEngine,
  freshUrl: Effect.gen(function*() {
    const table = yield* freshTable
    // A command has them from the environment.
    process.env["AWS_ACCESS_KEY_ID"] = process.env["AWS_SECRET_ACCESS_KEY"] = "local"
    const { endpoint, region } = connection()
    return `dynamodb://${table}?region=${region}&endpoint=${encodeURIComponent(endpoint)}`
  })
}

export const stores: ReadonlyArray<Store> = [sqlite, postgres, dynamodb]

export const openStore = (
  url: string,
  encryption?: Encryption
): Effect.Effect<TaskStorageShape, never, Scope.Scope> =>
  Layer.build(layerFromUrl(url, { maintenance: false, encryption })).pipe(
    Effect.map((context) => Context.get(context, TaskStorage)),
    Effect.orDie
  )

/** What the tasks of a seeded store are, the oldest first. */
const seedTasks: ReadonlyArray<CreateTask & { readonly taskId: string }> = [
  {
    taskId: "task-done-0001",
    originalMethod: "tools/call",
    originalParams: { name: "report", secret: "params-of-the-client" },
    meta: { note: "meta-of-the-client" },
    sessionId: "alice",
    status: "completed",
    result: { _tag: "Success", value: { content: [{ type: "text", text: "result-of-the-tool" }] } }
  },
  {
    taskId: "task-fail-0002",
    originalMethod: "tools/call",
    originalParams: { name: "report" },
    sessionId: "alice",
    status: "failed",
    statusMessage: "Internal error",
    result: { _tag: "Error", code: -32603, message: "Internal error", data: "data-of-the-error" },
    failure: {
      name: "TypeError",
      message: "rows is not iterable",
      stack: "at report.ts:12:3",
      at: DateTime.makeUnsafe(0)
    }
  },
  {
    taskId: "task-fail-0003",
    originalMethod: "tools/call",
    originalParams: { name: "mail" },
    sessionId: "bob",
    status: "failed",
    statusMessage: "\u001b[2J\u202eevil\nsecond line",
    result: { _tag: "Error", code: -32000, message: "No such mailbox" }
  },
  {
    taskId: "task-asks-0004",
    originalMethod: "tools/call",
    originalParams: { name: "mail" },
    status: "input_required",
    statusMessage: "To whom?",
    inputRequests: { to: { method: "elicitation/create", params: { message: "To whom?" } } }
  },
  { taskId: "task-runs-0005", originalMethod: "prompts/get", lease: 0 }
]

/** Makes a store with those tasks, the oldest an hour old, the others five minutes younger each. */
export const seededStore = Effect.fnUntraced(function*(store: Store, encryption?: Encryption) {
  const url = yield* store.freshUrl
  const storage = yield* openStore(url, encryption)
  const now = yield* DateTime.now
  for (const [index, task] of seedTasks.entries()) {
    const createdAt = DateTime.subtract(now, { minutes: 60 - 5 * index })
    yield* storage.createTask({ ...task, createdAt, lastUpdatedAt: createdAt })
  }
  return { url, storage }
})
