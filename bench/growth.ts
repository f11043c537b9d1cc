/**
 * SQLite by how many tasks are stored: the newest thousand, which are what a server works on, and uniformly over all.
 */
import { openTaskStorage, type PromiseTaskStorage } from "mcp-task-storage/promise"
import { BareSqlite, learnStatements } from "./bareSqlite.ts"
import { makeFolder } from "./folder.ts"
import { newId } from "./ids.ts"
import { type Contender, measure } from "./measure.ts"
import { print } from "./report.ts"
import { payload, settings } from "./settings.ts"

const { growthSizes, pages, rounds, sqliteOperations } = settings

/** Storage with many tasks, and where to reach into it. */
interface Filled {
  readonly size: number
  readonly storage: PromiseTaskStorage
  readonly ids: ReadonlyArray<string>
  readonly cursors: ReadonlyArray<string>
}

const open = (filename: string) =>
  openTaskStorage(`sqlite:${filename}`, { maintenance: false, sqlite: { synchronous: "normal" } })

const fill = async (filename: string, size: number): Promise<Filled> => {
  const ids: Array<string> = []
  {
    using bare = new BareSqlite(filename, await learnStatements(filename))
    bare.transaction(() => {
      for (let index = 0; index < size; index++) {
        const id = newId()
        bare.create(id)
        ids.push(id)
      }
    })
  }
  const storage = await open(filename)
  const cursors: Array<string> = []
  let cursor: string | undefined
  do {
    cursor = (await storage.listTaskSummaries({ cursor, limit: Math.min(1_000, size / 20) })).nextCursor
    if (cursor !== undefined) cursors.push(cursor)
  } while (cursor !== undefined)
  return { size, storage, ids, cursors }
}

/** What is done to one storage; `pick` gives the next of what it may be done to. */
interface Operation {
  readonly subject: string
  readonly operations: number
  readonly operate: (filled: Filled) => (index: number) => Promise<unknown>
  readonly target: number
}

const newest = ({ ids }: Filled) => (index: number): string => ids.at(-1 - index % 1_000) ?? ""

/** Steps of a size that shares no factor with the number of items, so that they go everywhere without a pattern. */
const anywhere = (items: ReadonlyArray<string>) => (index: number): string => items[index * 7_919 % items.length] ?? ""

const transition = (storage: PromiseTaskStorage, pick: (index: number) => string) => async (index: number) => {
  // There and back, so that the next round finds the task as this one did.
  const id = pick(index >> 1)
  await storage.updateTaskStatus(id, index % 2 === 0 ? "input_required" : "working")
}

const operations: ReadonlyArray<Operation> = [
  {
    subject: "createTask",
    operations: sqliteOperations,
    operate: ({ storage }) => () => storage.createTask({ originalMethod: "tools/call", originalParams: payload }),
    target: 1.3
  },
  {
    subject: "getTask, newest 1,000",
    operations: sqliteOperations,
    operate: (filled) => (index) => filled.storage.getTask(newest(filled)(index)),
    target: 1.3
  },
  {
    subject: "getTask, any",
    operations: sqliteOperations,
    operate: ({ ids, storage }) => (index) => storage.getTask(anywhere(ids)(index)),
    target: 3
  },
  {
    subject: "updateTaskStatus, newest 1,000",
    operations: sqliteOperations,
    operate: (filled) => transition(filled.storage, newest(filled)),
    target: 1.3
  },
  {
    subject: "updateTaskStatus, any",
    operations: sqliteOperations,
    operate: ({ ids, storage }) => transition(storage, anywhere(ids)),
    target: 3
  },
  {
    subject: "listTasks, 50 tasks, anywhere",
    operations: pages,
    operate: ({ cursors, storage }) => (index) => storage.listTasks({ limit: 50, cursor: anywhere(cursors)(index) }),
    target: 5
  }
]

/** Measures and prints. */
export const benchGrowth = async (): Promise<void> => {
  using folder = makeFolder()
  const storages: Array<Filled> = []
  for (const size of growthSizes) storages.push(await fill(folder.file(`${size}.db`), size))
  const rows = []
  for (const { operate, operations: count, subject, target } of operations) {
    // Rounds begin where the last one ended, so that no round finds its pages in a cache because it is a repetition.
    const contenders = storages.map((filled): Contender => {
      const run = operate(filled)
      let done = 0
      return {
        operations: count,
        prepare: async () => async () => {
          for (const end = done + count; done < end; done++) await run(done)
        }
      }
    })
    const micros = await measure(contenders, rounds)
    rows.push({ subject, target, micros: contenders.map(micros) })
  }
  for (const { storage } of storages) await storage.close()

  const label = (size: number) => size.toLocaleString("en")
  for (const [index, size] of growthSizes.entries()) {
    if (index === 0) continue
    const isLast = index === growthSizes.length - 1
    print(
      `SQLite with ${label(size)} tasks stored, through promises`,
      [label(size), label(growthSizes[0])],
      rows.map(({ micros, subject, target }) => ({
        subject,
        micros: micros[index] ?? NaN,
        baseline: micros[0] ?? NaN,
        ...(isLast ? { target } : {})
      }))
    )
  }
}
