/** How much of the heap is in use. */
import * as Effect from "effect/Effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")
const collectGarbage: unknown = runInNewContext("gc")

/** Bytes that are in use, with nothing that could be given back. */
export const usedBytes = Effect.sync(() => {
  if (typeof collectGarbage === "function") collectGarbage()
  return process.memoryUsage().heapUsed
})
