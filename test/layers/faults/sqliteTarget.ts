/** The SQLite backend, under faults. */
import * as Effect from "effect/Effect"
import type { TaskDriverError } from "../../../src/domain/driver/TaskDriver.ts"
import type { InvalidInput } from "../../../src/domain/task/TaskError.ts"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { emptied, freshFile, openPair } from "../sqlite/database.ts"
import type { EmptiedTarget, FaultStore } from "./FaultTarget.ts"

/** A file, which is there or not. */
export const sqliteStore = (filename: string): FaultStore<InvalidInput | TaskDriverError> => ({
  url: `sqlite:${filename}`,
  // What a crash of the machine would take is not what is tested with it; processes that are killed open by the URL.
  openDriver: () => SqliteTaskStorage.makeDriver({ filename, synchronous: "off" })
})

export const sqliteTarget: EmptiedTarget<InvalidInput | TaskDriverError> = {
  name: "sqlite",
  remote: false,
  freshStore: Effect.map(freshFile, sqliteStore),
  openPair: Effect.map(openPair, (pair) => Effect.sync(() => emptied(pair)))
}
