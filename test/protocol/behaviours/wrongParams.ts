/** Params that no client sends in earnest. */

/** What can be the id of no task, because it is no text. */
export const noIds: ReadonlyArray<unknown> = [5, true, {}, ["a"]]
