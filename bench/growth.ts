/**
 * Storage by how many tasks are stored: the newest thousand, which are what a server works on, and uniformly over all.
 */
import type { PromiseTaskStorage } from "mcp-task-storage/promise"
import { type Contender, measure } from "./measure.ts"
import { call } from "./operations.ts"
import { print } from "./report.ts"
import { settings } from "./settings.ts"

const { growthSizes, pages } = settings

/** Storage with many tasks, and where to reach into it. */
export interface Filled {
  readonly size: number
  readonly storage: PromiseTaskStorage
  readonly ids: ReadonlyArray<string>
  readonly cursors: ReadonlyArray<string>
}

/** What is done to one storage. */
export interface GrowthOperation {
  readonly subject: string
  readonly operations: number
  readonly operate: (filled: Filled) => (index: number) => Promise<unknown>
  readonly target?: number
}

/** What the cost of an operation is meant to be at most, at the largest size. */
export interface GrowthTargets {
  readonly create?: number
  readonly newest: number
  readonly any: number
  readonly page: number
}

const newest = ({ ids }: Filled) => (index: number): string => ids.at(-1 - index % 1_000) ?? ""

/** Steps of a size that shares no factor with the number of items, so that they go everywhere without a pattern. */
export const anywhere = (items: ReadonlyArray<string>) => (index: number): string =>
  items[index * 7_919 % items.length] ?? ""

const transition = (storage: PromiseTaskStorage, pick: (index: number) => string) => async (index: number) => {
  // There and back, so that the next round finds the task as this one did.
  const id = pick(index >> 1)
  await storage.updateTaskStatus(id, index % 2 === 0 ? "input_required" : "working")
}

/** What is done to every storage, an even number of times. */
export const growthOperations = (
  operations: number,
  { any, create, newest: ofNewest, page }: GrowthTargets
): ReadonlyArray<GrowthOperation> => [
  {
    subject: "createTask",
    operations,
    operate: ({ storage }) => () => storage.createTask(call),
    ...(create === undefined ? {} : { target: create })
  },
  {
    subject: "getTask, newest 1,000",
    operations,
    operate: (filled) => (index) => filled.storage.getTask(newest(filled)(index)),
    target: ofNewest
  },
  {
    subject: "getTask, any",
    operations,
    operate: ({ ids, storage }) => (index) => storage.getTask(anywhere(ids)(index)),
    target: any
  },
  {
    subject: "updateTaskStatus, newest 1,000",
    operations,
    operate: (filled) => transition(filled.storage, newest(filled)),
    target: ofNewest
  },
  {
    subject: "updateTaskStatus, any",
    operations,
    operate: ({ ids, storage }) => transition(storage, anywhere(ids)),
    target: any
  },
  {
    subject: "listTasks, 50 tasks, anywhere",
    operations: pages,
    operate: ({ cursors, storage }) => (index) => storage.listTasks({ limit: 50, cursor: anywhere(cursors)(index) }),
    target: page
  }
]

/** Gives cursors into the list of all tasks, spread evenly. */
export const findCursors = async (storage: PromiseTaskStorage, size: number): Promise<ReadonlyArray<string>> => {
  const cursors: Array<string> = []
  let cursor: string | undefined
  do {
    cursor = (await storage.listTaskSummaries({ cursor, limit: Math.min(1_000, size / 20) })).nextCursor
    if (cursor !== undefined) cursors.push(cursor)
  } while (cursor !== undefined)
  return cursors
}

/** Measures storages of the sizes of the settings, and prints each beside the smallest. */
export const compareGrowth = async (
  name: string,
  storages: ReadonlyArray<Filled>,
  operations: ReadonlyArray<GrowthOperation>,
  rounds: number
): Promise<void> => {
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

  const label = (size: number) => size.toLocaleString("en")
  for (const [index, size] of growthSizes.entries()) {
    if (index === 0) continue
    const isLast = index === growthSizes.length - 1
    print(
      `${name} with ${label(size)} tasks stored, through promises`,
      [label(size), label(growthSizes[0])],
      rows.map(({ micros, subject, target }) => ({
        subject,
        micros: micros[index] ?? NaN,
        baseline: micros[0] ?? NaN,
        ...(isLast && target !== undefined ? { target } : {})
      }))
    )
  }
}
