/**
 * What processors have spent on other processes.
 */
import { readFileSync } from "node:fs"

/** Gives the microseconds that processors have spent on processes so far. Only Linux tells: elsewhere it is nothing. */
export const processorMicros = (pids: ReadonlyArray<number>): number =>
  process.platform === "linux"
    ? pids.reduce((sum, pid) => sum + Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1000, 0)
    : 0
