/**
 * Drivers that count wrong, or find the wrong ids.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { EndingQuery, TaskDriver } from "../../domain/driver/TaskDriver.ts"
import type { TallyQuery, TaskTally } from "../../domain/driver/TaskTally.ts"
import { findEndingByPages, tallyByPages } from "../../domain/operations/tallyTasks.ts"
import { anySession, type BrokenDriver, unexpired } from "./BrokenDriver.ts"

/** Changes what is asked of a tally, and what it answers. */
const tallying = (
  ask: (query: TallyQuery) => TallyQuery,
  answer: (tally: TaskTally) => TaskTally = (tally) => tally
) =>
(good: TaskDriver): TaskDriver => ({
  ...good,
  tally: (query) => Effect.map((good.tally ?? ((query) => tallyByPages(good, query)))(ask(query)), answer)
})

const answering = (answer: (tally: TaskTally) => TaskTally) => tallying((query) => query, answer)

const finding = (
  ask: (query: EndingQuery) => EndingQuery,
  answer: (ids: ReadonlyArray<string>) => ReadonlyArray<string> = (ids) => ids
) =>
(good: TaskDriver): TaskDriver => ({
  ...good,
  findEnding: (query) =>
    Effect.map((good.findEnding ?? ((query) => findEndingByPages(good, query)))(ask(query)), answer)
})

const broken = (
  name: string,
  breakDriver: BrokenDriver["breakDriver"],
  checks: BrokenDriver["checks"] = ["model"]
): BrokenDriver => ({ name, subject: "stats", checks, breakDriver })

/**
 * @since 0.2.0
 * @category drivers
 */
export const brokenTallies: ReadonlyArray<BrokenDriver> = [
  broken("counts expired tasks in a tally", tallying((query) => ({ ...query, scope: unexpired(query.scope) }))),
  broken("ignores the session in a tally", tallying((query) => ({ ...query, scope: anySession(query.scope) })), []),
  broken("tells reasons of failures of any time", tallying((query) => ({ ...query, failedSince: -8.64e15 })), []),
  broken("tells reasons of no failures", answering((tally) => ({ ...tally, failures: [] }))),
  broken(
    "takes tasks of one name for those of one method",
    answering((tally) => ({
      ...tally,
      groups: tally.groups.map((group) => ({
        ...group,
        originalMethod: tally.groups.find(({ name }) => name?.text === group.name?.text)?.originalMethod ??
          group.originalMethod
      }))
    })),
    []
  ),
  broken(
    "tells when the latest task of a group was created",
    answering((tally) => ({ ...tally, groups: tally.groups.map((group) => ({ ...group, oldest: group.oldest + 1 })) }))
  ),
  broken("does not tell since when a task has waited", answering((tally) => ({ ...tally, waitingSince: null }))),
  broken(
    "leaves out tasks without a name",
    answering((tally) => ({ ...tally, groups: tally.groups.filter(({ name }) => name !== null) }))
  ),
  broken("finds expired tasks by their endings", finding((query) => ({ ...query, scope: unexpired(query.scope) })), []),
  broken("finds more ids than were asked for", finding((query) => ({ ...query, limit: query.limit + 1 })), []),
  broken("finds ids in any order", finding((query) => query, (ids) => ids.toReversed()), []),
  {
    name: "ignores the name of a page",
    subject: "filters",
    checks: ["model"],
    breakDriver: (good) => ({
      ...good,
      pagesByName: true,
      pageSummaries: (query) => {
        const { name: _, ...others } = query
        return good.pageSummaries(others)
      }
    })
  }
]
