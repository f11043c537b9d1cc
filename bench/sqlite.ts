/**
 * SQLite with `synchronous = NORMAL`: the Effect API within one fiber against the same SQL through bare `node:sqlite`, and
 * the promise facade against the Effect API.
 */
import * as Effect from "effect/Effect"
import { TaskStorage, type TaskStorageError, type TaskStorageShape } from "mcp-task-storage"
import { openTaskStorage, type PromiseTaskStorage } from "mcp-task-storage/promise"
import * as SqliteTaskStorage from "mcp-task-storage/sqlite"
import { BareSqlite, learnStatements } from "./bareSqlite.ts"
import { makeFolder } from "./folder.ts"
import { newId } from "./ids.ts"
import { type Contender, measure } from "./measure.ts"
import { call, outcome } from "./operations.ts"
import { type Comparison, print } from "./report.ts"
import { settings } from "./settings.ts"
import { benchSqliteCommits } from "./sqliteCommits.ts"

const { pages, rounds, sqliteOperations, sqliteStored } = settings

/** One operation in each of the three ways. */
interface Operation {
  readonly subject: string
  readonly operations: number
  /** The ids that it is given: of no tasks yet, of tasks that it changes, or of tasks that it only reads. */
  readonly ids: "new" | "fresh" | "stored"
  readonly bare: (database: BareSqlite, id: string) => unknown
  readonly effect: (storage: TaskStorageShape, id: string) => Effect.Effect<unknown, TaskStorageError>
  readonly promise: (storage: PromiseTaskStorage, id: string) => Promise<unknown>
  readonly target: number
}

const operations: ReadonlyArray<Operation> = [
  {
    subject: "createTask",
    operations: sqliteOperations,
    ids: "new",
    bare: (database, id) => database.create(id),
    effect: (storage) => storage.createTask(call),
    promise: (storage) => storage.createTask(call),
    target: 1.5
  },
  {
    subject: "updateTaskStatus",
    operations: sqliteOperations,
    ids: "fresh",
    bare: (database, id) => database.transition(id),
    effect: (storage, id) => storage.updateTaskStatus(id, "input_required"),
    promise: (storage, id) => storage.updateTaskStatus(id, "input_required"),
    target: 1.5
  },
  {
    subject: "settleTask",
    operations: sqliteOperations,
    ids: "fresh",
    bare: (database, id) => database.settle(id),
    effect: (storage, id) => storage.settleTask(id, outcome),
    promise: (storage, id) => storage.settleTask(id, outcome),
    target: 1.5
  },
  {
    subject: "getTask",
    operations: sqliteOperations,
    ids: "stored",
    bare: (database, id) => database.get(id),
    effect: (storage, id) => storage.getTask(id),
    promise: (storage, id) => storage.getTask(id),
    target: 3.5
  },
  {
    subject: "listTasks, 50 tasks",
    operations: pages,
    ids: "stored",
    bare: (database) => database.page(),
    effect: (storage) => storage.listTasks({ limit: 50 }),
    promise: (storage) => storage.listTasks({ limit: 50 }),
    target: 2
  }
]

/** The three ways, each on a file of its own. */
interface Ways {
  readonly bare: BareSqlite
  readonly effect: TaskStorageShape
  readonly promise: PromiseTaskStorage
}

const creators = ({ bare, effect, promise }: Ways) => ({
  bare: async (id: string) => bare.create(id),
  effect: (taskId: string) => Effect.runPromise(effect.createTask({ ...call, taskId })),
  promise: (taskId: string) => promise.createTask({ ...call, taskId })
})

const fill = async (create: (id: string) => Promise<unknown>, size: number): Promise<ReadonlyArray<string>> => {
  const ids = Array.from({ length: size }, newId)
  for (const id of ids) await create(id)
  return ids
}

const measureOperation = async (
  ways: Ways,
  stored: { readonly [Way in keyof Ways]: ReadonlyArray<string> },
  { bare, effect, ids: kind, operations: count, promise }: Operation
) => {
  const create = creators(ways)
  const idsOf = {
    new: async () => Array.from({ length: count }, newId),
    fresh: (way: keyof Ways) => fill(create[way], count),
    stored: async (way: keyof Ways) => stored[way]
  }
  const contender = (
    way: keyof Ways,
    makeRun: (ids: ReadonlyArray<string>) => () => Promise<void> | void
  ): Contender => ({ operations: count, prepare: async () => makeRun(await idsOf[kind](way)) })
  const byBare = contender("bare", (ids) => () => {
    for (let index = 0; index < count; index++) bare(ways.bare, ids[index % ids.length] ?? "")
  })
  const byEffect = contender("effect", (ids) => {
    const program = Effect.gen(function*() {
      for (let index = 0; index < count; index++) yield* effect(ways.effect, ids[index % ids.length] ?? "")
    })
    return () => Effect.runPromise(program)
  })
  const byPromise = contender("promise", (ids) => async () => {
    for (let index = 0; index < count; index++) await promise(ways.promise, ids[index % ids.length] ?? "")
  })
  const micros = await measure([byBare, byEffect, byPromise], rounds)
  return { bare: micros(byBare), effect: micros(byEffect), promise: micros(byPromise) }
}

const measureAll = Effect.fnUntraced(function*(file: (name: string) => string) {
  const effect = yield* TaskStorage
  return yield* Effect.promise(async () => {
    const statements = await learnStatements(file("bare.db"))
    using bare = new BareSqlite(file("bare.db"), statements)
    await using promise = await openTaskStorage({ layer: layer(file("promise.db")) })
    const ways = { bare, effect, promise }
    const create = creators(ways)
    const stored = {
      bare: await fill(create.bare, sqliteStored),
      effect: await fill(create.effect, sqliteStored),
      promise: await fill(create.promise, sqliteStored)
    }
    const againstBare: Array<Comparison> = []
    const againstEffect: Array<Comparison> = []
    for (const operation of operations) {
      const micros = await measureOperation(ways, stored, operation)
      const { subject, target } = operation
      againstBare.push({ subject, micros: micros.effect, baseline: micros.bare, target })
      againstEffect.push({ subject, micros: micros.promise, baseline: micros.effect, target: 1.2 })
    }
    return { againstBare, againstEffect }
  })
})

const layer = (filename: string) => SqliteTaskStorage.layer({ filename, maintenance: false, synchronous: "normal" })

/** Measures and prints. */
export const benchSqlite = async (): Promise<void> => {
  using folder = makeFolder()
  const { againstBare, againstEffect } = await Effect.runPromise(
    Effect.provide(measureAll(folder.file), layer(folder.file("effect.db")))
  )
  const title = `SQLite with synchronous = NORMAL, ${sqliteStored.toLocaleString("en")} tasks stored`
  print(`${title}: the Effect API against the same SQL`, ["Effect", "bare"], againstBare)
  print(`${title}: promises against the Effect API`, ["promise", "Effect"], againstEffect)
  await benchSqliteCommits()
}
