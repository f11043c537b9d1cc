/**
 * How a registered worker lies in its item. All are in one partition. The index of expiry says when the lease of a living one ends,
 * and when a dead one died, so that nobody has to read all of them.
 *
 * @since 0.2.0
 */
import type { StoredWorker } from "../../domain/driver/WorkerDriver.ts"
import { type Item, numeric, readInteger, readJson, readText } from "./TaskItem.ts"

/**
 * The partition of the table.
 *
 * @since 0.2.0
 * @category keys
 */
export const allWorkers = "workers"

/**
 * The partitions of the index of expiry.
 *
 * @since 0.2.0
 * @category keys
 */
export const workersThat = { live: "w#live", died: "w#died" } as const

/**
 * @since 0.2.0
 * @category keys
 */
export const workerKey = (workerId: string) => ({ pk: { S: allWorkers }, sk: { S: workerId } })

/**
 * @since 0.2.0
 * @category writers
 */
export const workerItem = ({ about, diedAt, leaseExpiresAt, registeredAt, workerId }: StoredWorker): Item => ({
  ...workerKey(workerId),
  registeredAt: numeric(registeredAt),
  leaseExpiresAt: numeric(leaseExpiresAt),
  about: { S: about.text },
  ...(diedAt === null ? {} : { diedAt: numeric(diedAt) }),
  partition: { S: diedAt === null ? workersThat.live : workersThat.died },
  expiresAt: numeric(diedAt ?? leaseExpiresAt)
})

/**
 * Throws a `CorruptItem`.
 *
 * @since 0.2.0
 * @category readers
 */
export const readWorker = (item: Item): StoredWorker => ({
  workerId: readText(item, "sk"),
  registeredAt: readInteger(item, "registeredAt"),
  leaseExpiresAt: readInteger(item, "leaseExpiresAt"),
  diedAt: item["diedAt"] === undefined ? null : readInteger(item, "diedAt"),
  about: readJson(item, "about")
})

/**
 * A worker that is dead, as the index of expiry knows it.
 *
 * @since 0.2.0
 * @category models
 */
export interface DeadWorker {
  readonly workerId: string
  readonly diedAt: number
}

/**
 * Reads an entry of the index of expiry. Throws a `CorruptItem`.
 *
 * @since 0.2.0
 * @category readers
 */
export const readDead = (entry: Item): DeadWorker => ({
  workerId: readText(entry, "sk"),
  diedAt: readInteger(entry, "expiresAt")
})
