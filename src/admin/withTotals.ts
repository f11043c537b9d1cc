/**
 * Adding up what the batches of an operation tell.
 *
 * @since 0.2.0
 */
import * as Stream from "effect/Stream"
import type { Batch } from "./selectionBatches.ts"

/**
 * Reports each batch with the counts of the whole run so far.
 *
 * @since 0.2.0
 * @category combinators
 */
export const withTotals = <Item, Counts extends object, E>(
  batches: Stream.Stream<Batch<Item>, E>,
  none: Counts,
  add: (counts: Counts, examined: number, tasks: NoInfer<Batch<Item>["items"]>) => Counts
): Stream.Stream<Counts & Pick<Batch<Item>, "passed" | "nextCursor"> & { readonly tasks: Batch<Item>["items"] }, E> =>
  Stream.mapAccum(batches, () => ({ counts: none, passed: 0 }), (before, { examined, items, nextCursor, ...batch }) => {
    const counts = add(before.counts, examined, items)
    const passed = before.passed + batch.passed
    const progress = { ...counts, passed, tasks: items, ...(nextCursor === undefined ? {} : { nextCursor }) }
    return [{ counts, passed }, [progress]]
  })

/**
 * Counts the tasks with one of these tags.
 *
 * @since 0.2.0
 * @category accessors
 */
export const countTagged = <Tag extends string>(
  tasks: ReadonlyArray<{ readonly _tag: Tag }>,
  ...tags: ReadonlyArray<NoInfer<Tag>>
): number => tasks.filter(({ _tag }) => tags.includes(_tag)).length
