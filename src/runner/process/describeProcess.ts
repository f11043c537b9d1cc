/**
 * What a process says of itself.
 *
 * @since 0.2.0
 */
import { maxWorkerText } from "../../domain/operations/makeWorkers.ts"

/**
 * Gives the name of the machine and the number of the process, on a runtime that tells them. It imports nothing: a bundle for
 * another runtime has neither.
 *
 * @since 0.2.0
 * @category accessors
 */
export const describeProcess = (): { readonly host?: string; readonly pid?: number } => {
  const { process } = globalThis
  if (typeof process !== "object" || typeof process.pid !== "number") return {}
  const host = typeof process.getBuiltinModule === "function" ? process.getBuiltinModule("node:os")?.hostname() : ""
  return { pid: process.pid, ...(host ? { host: host.slice(0, maxWorkerText) } : {}) }
}
