/**
 * SQLite by how many tasks are stored.
 */
import { openTaskStorage } from "mcp-task-storage/promise"
import { BareSqlite, learnStatements } from "./bareSqlite.ts"
import { makeFolder } from "./folder.ts"
import { compareGrowth, type Filled, findCursors, growthOperations } from "./growth.ts"
import { newId } from "./ids.ts"
import { settings } from "./settings.ts"

const { growthSizes, rounds, sqliteOperations } = settings

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
  const storage = await openTaskStorage(`sqlite:${filename}`, { maintenance: false, sqlite: { synchronous: "normal" } })
  return { size, storage, ids, cursors: await findCursors(storage, size) }
}

/** Measures and prints. */
export const benchSqliteGrowth = async (): Promise<void> => {
  using folder = makeFolder()
  const storages: Array<Filled> = []
  for (const size of growthSizes) storages.push(await fill(folder.file(`${size}.db`), size))
  const operations = growthOperations(sqliteOperations, { create: 1.3, newest: 1.3, any: 3, page: 5 })
  await compareGrowth("SQLite", storages, operations, rounds)
  for (const { storage } of storages) await storage.close()
}
