/**
 * Memory against the in-memory store of the official SDK.
 *
 * Both are measured twice: with promises that are awaited one by one, as the SDK's own server does, and within one fiber, as a
 * program of Effect would use them.
 *
 * The SDK lists 10 tasks a page, so that 50 tasks are five of its pages, taken from the start of the list, where its
 * search for the cursor is shortest. No task has a ttl, which spares the SDK its timers.
 */
import { InMemoryTaskStore } from "@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js"
import * as Effect from "effect/Effect"
import { TaskStorage, type TaskStorageShape } from "mcp-task-storage"
import * as MemoryTaskStorage from "mcp-task-storage/memory"
import { openTaskStorage, type PromiseTaskStorage } from "mcp-task-storage/promise"
import { type Contender, measure } from "./measure.ts"
import { type Comparison, print } from "./report.ts"
import { payload, result, settings } from "./settings.ts"

const { memoryOperations, memorySizes, pages, rounds } = settings

interface Filled<Store> {
  readonly store: Store
  readonly ids: ReadonlyArray<string>
}

const task = { originalMethod: "tools/call", originalParams: payload, pollInterval: 1000 }

const outcome = { _tag: "Success", value: result } as const

const createOurs = (storage: TaskStorageShape) => storage.createTask(task)

const createTheirs = (store: InMemoryTaskStore, requestId: number) =>
  store.createTask({ ttl: null, pollInterval: 1000 }, requestId, { method: "tools/call", params: payload })

const fillOurs = (size: number): Promise<Filled<TaskStorageShape>> =>
  Effect.runPromise(
    Effect.gen(function*() {
      const store = yield* TaskStorage
      const ids: Array<string> = []
      for (let index = 0; index < size; index++) ids.push((yield* createOurs(store)).taskId)
      return { store, ids }
    }).pipe(Effect.provide(MemoryTaskStorage.layer({ maintenance: false })))
  )

const fillPromises = async (size: number): Promise<Filled<PromiseTaskStorage>> => {
  const store = await openTaskStorage("memory:", { maintenance: false })
  const ids: Array<string> = []
  for (let index = 0; index < size; index++) ids.push((await store.createTask(task)).taskId)
  return { store, ids }
}

const fillTheirs = async (size: number): Promise<Filled<InMemoryTaskStore>> => {
  const store = new InMemoryTaskStore()
  const ids: Array<string> = []
  for (let index = 0; index < size; index++) ids.push((await createTheirs(store, index)).taskId)
  return { store, ids }
}

const ours = <E>(
  operations: number,
  fill: () => Promise<Filled<TaskStorageShape>>,
  operate: (storage: TaskStorageShape, id: string) => Effect.Effect<unknown, E>
): Contender => ({
  operations,
  prepare: async () => {
    const { ids, store } = await fill()
    const program = Effect.gen(function*() {
      for (let index = 0; index < operations; index++) yield* operate(store, ids[index % ids.length] ?? "")
    })
    return () => Effect.runPromise(program)
  }
})

/** How promises are waited for, one after the other. */
type Loop = (operations: number, operate: (index: number) => Promise<unknown>) => Promise<void>

const awaited: Loop = async (operations, operate) => {
  for (let index = 0; index < operations; index++) await operate(index)
}

const inFiber: Loop = (operations, operate) =>
  Effect.runPromise(Effect.gen(function*() {
    for (let index = 0; index < operations; index++) yield* Effect.promise(() => operate(index))
  }))

const promised = <Store>(
  loop: Loop,
  operations: number,
  fill: () => Promise<Filled<Store>>,
  operate: (store: Store, id: string, index: number) => Promise<unknown>
): Contender => ({
  operations,
  prepare: async () => {
    const { ids, store } = await fill()
    return () => loop(operations, (index) => operate(store, ids[index % ids.length] ?? "", index))
  }
})

const fiftyOfTheirs = async (store: InMemoryTaskStore) => {
  let cursor: string | undefined
  for (let page = 0; page < 5; page++) cursor = (await store.listTasks(cursor)).nextCursor
}

const compare = async (
  subject: string,
  mine: Contender,
  other: Contender,
  target?: number
): Promise<Comparison> => {
  const micros = await measure([mine, other], rounds)
  return { subject, micros: micros(mine), baseline: micros(other), ...(target === undefined ? {} : { target }) }
}

/** Pages on storage of this size, which is filled once. */
const comparePages = async (size: number, target?: number): Promise<Comparison> => {
  const mine = await fillOurs(size)
  const other = await fillTheirs(size)
  return compare(
    `50 tasks of ${size.toLocaleString("en")}`,
    ours(pages, () => Promise.resolve(mine), (storage) => storage.listTasks({ limit: 50 })),
    promised(awaited, pages, () => Promise.resolve(other), fiftyOfTheirs),
    target
  )
}

/** Measures and prints. */
export const benchMemory = async (): Promise<void> => {
  const size = memoryOperations
  const effects = await fillOurs(size)
  const promises = await fillPromises(size)
  const other = await fillTheirs(size)
  const contenders = [
    ["awaited", awaited, {
      create: promised(awaited, size, () => fillPromises(0), (store) => store.createTask(task)),
      get: promised(awaited, size, () => Promise.resolve(promises), (store, id) => store.getTask(id)),
      finish: promised(awaited, size, () => fillPromises(size), (store, id) => store.settleTask(id, outcome))
    }],
    ["in one fiber", inFiber, {
      create: ours(size, () => fillOurs(0), createOurs),
      get: ours(size, () => Promise.resolve(effects), (storage, id) => storage.getTask(id)),
      finish: ours(size, () => fillOurs(size), (storage, id) => storage.settleTask(id, outcome))
    }]
  ] as const
  for (const [how, loop, { create, finish, get }] of contenders) {
    print(
      `Memory against the SDK's InMemoryTaskStore, ${how}: ${size} tasks, 200 bytes of parameters, 200 bytes of result`,
      ["memory", "SDK"],
      [
        await compare(
          "createTask",
          create,
          promised(loop, size, () => fillTheirs(0), (store, _, index) => createTheirs(store, index)),
          2
        ),
        await compare(
          "getTask",
          get,
          promised(loop, size, () => Promise.resolve(other), (store, id) => store.getTask(id)),
          2
        ),
        await compare(
          "settleTask, storeTaskResult",
          finish,
          promised(loop, size, () => fillTheirs(size), (store, id) => store.storeTaskResult(id, "completed", result)),
          2
        )
      ]
    )
  }
  await promises.store.close()

  const [smallest, ...larger] = memorySizes
  const first = await comparePages(smallest)
  const others: Array<Comparison> = []
  for (const [index, each] of larger.entries()) {
    others.push(await comparePages(each, index === larger.length - 1 ? 1 / 50 : undefined))
  }
  print("Lists in memory: one page of 50 tasks against five pages of 10", ["memory", "SDK"], [first, ...others])
  print(
    "The same in memory, by how many tasks are stored",
    ["memory", first.subject],
    others.map(({ micros, subject }) => ({ subject, micros, baseline: first.micros, target: 1.5 }))
  )
}
