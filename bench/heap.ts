/**
 * The heap of this process.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const collectGarbage: unknown = runInNewContext("gc")

/** Gives the bytes that are in use, with nothing that could be given back. */
export const usedBytes = (): number => {
  if (typeof collectGarbage !== "function") throw new Error("this Node gives no access to its garbage collector")
  collectGarbage()
  return process.memoryUsage().heapUsed
}
