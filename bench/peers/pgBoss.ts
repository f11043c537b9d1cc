/**
 * pg-boss: jobs that are fetched and completed in batches. Its workers do the same, but wait half a second whenever they find
 * nothing.
 */
import { setTimeout } from "node:timers/promises"
import { PgBoss } from "pg-boss"
import type { System } from "./System.ts"

const queue = "nothing"
const batchSize = 500

/** Starts it on an empty database. */
export const openPgBoss = async (url: string, maxConnections: number, payload: object): Promise<System> => {
  const boss = new PgBoss({ connectionString: url, max: maxConnections })
  boss.on("error", (error) => console.warn(`pg-boss: ${error.message}`))
  await boss.start()
  await boss.createQueue(queue)

  let created = 0
  let completed = 0
  let worker: Promise<void> | undefined
  const work = async () => {
    while (completed < created) {
      const jobs = await boss.fetch(queue, { batchSize })
      if (jobs.length === 0) {
        await setTimeout(1)
        continue
      }
      await boss.complete(queue, jobs.map(({ id }) => id))
      completed += jobs.length
    }
    worker = undefined
  }
  return {
    name: `pg-boss, batches of ${batchSize}`,
    create: async () => {
      await boss.send(queue, payload)
      created++
      worker ??= work()
    },
    ended: async () => {
      await worker
    },
    close: () => boss.stop({ graceful: false })
  }
}
