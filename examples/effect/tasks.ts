/**
 * Where the servers keep their tasks, and what runs them.
 */
import { Layer } from "effect"
import { layerFromUrl } from "mcp-task-storage"
import * as TaskRunner from "mcp-task-storage/runner"

const url = process.env["TASKS_URL"] ?? "sqlite:tasks.db"

/** How long, in milliseconds, a dead process keeps its tasks from others. */
const lease = Number(process.env["TASKS_LEASE"] ?? 30_000)

/** The tasks of the URL in `TASKS_URL`, the SQLite file `tasks.db` by default. */
export const tasks = TaskRunner.layer({ lease, recovery: { interval: lease / 3 } }).pipe(
  Layer.provideMerge(layerFromUrl(url))
)
