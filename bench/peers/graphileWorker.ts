/**
 * graphile-worker: jobs through its local queue, which fetches in batches, and completes in batches.
 */
import { Logger, run } from "graphile-worker"
import { setTimeout } from "node:timers/promises"
import type { System } from "./System.ts"

const queueSize = 500

/** Starts it on an empty database. `remaining` counts the rows of its jobs there: it deletes them when they end. */
export const openGraphileWorker = async (
  url: string,
  maxConnections: number,
  payload: object,
  remaining: (table: string) => Promise<number>
): Promise<System> => {
  let created = 0
  let done = 0
  const runner = await run({
    preset: {
      worker: {
        connectionString: url,
        maxPoolSize: maxConnections,
        concurrentJobs: maxConnections,
        localQueue: { size: queueSize },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
        logger: new Logger(() => () => {})
      }
    },
    taskList: {
      nothing: () => {
        done++
      }
    },
    noHandleSignals: true
  })
  return {
    name: `graphile-worker, local queue of ${queueSize}`,
    create: async () => {
      await runner.addJob("nothing", payload)
      created++
    },
    ended: async () => {
      while (done < created || await remaining("graphile_worker._private_jobs") > 0) await setTimeout(1)
    },
    close: () => runner.stop()
  }
}
