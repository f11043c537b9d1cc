/**
 * The recovery function, which a schedule calls each minute: it sends the ids of tasks that nobody runs, since their worker
 * died or their message was lost.
 */
import { runner } from "./tasks.ts"

export const handler = async (): Promise<ReadonlyArray<string>> => runner.recover()
