/**
 * For operators: finding, running again, cancelling and deleting tasks, one or many at a time.
 *
 * @since 0.2.0
 * @module
 */
export * from "./AdminOperations.ts"
export * from "./AdminOptions.ts"
export { InvalidLine } from "./InvalidLine.ts"
export { makeTaskAdmin } from "./makeTaskAdmin.ts"
export type { StorageOperation } from "./storageOperations.ts"
export { TaskAdmin } from "./TaskAdmin.ts"
