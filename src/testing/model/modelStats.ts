/**
 * How the reference model counts tasks.
 *
 * @since 0.2.0
 */
import { taskStatuses } from "../../domain/task/TaskStatus.ts"
import type { Command } from "./Command.ts"
import { visible } from "./modelReads.ts"
import { kindOf, type ModelState, type ModelTask } from "./ModelState.ts"

type CallOf<Tag extends Command["_tag"]> = Extract<Command, { readonly _tag: Tag }>

/**
 * Gives the statistics of tasks in a form in which nothing has an order.
 *
 * @since 0.2.0
 * @category reads
 */
export const showStats = (state: ModelState, { failuresSince, ofSession }: CallOf<"taskStats">): unknown => {
  const tasks = visible(state, ofSession)
  const failed = tasks.filter((task) =>
    (task.status === "failed" || (task.result !== null && kindOf(task.result) === "tool_error")) &&
    task.lastUpdatedAt >= state.now - failuresSince
  )
  const waiting = tasks.filter(({ status }) => status === "input_required")
  return {
    count: tasks.length,
    byStatus: countStatuses(tasks),
    byName: Array.from(
      Map.groupBy(tasks, ({ name }) => name ?? ""),
      ([name, own]) => `${name} ${JSON.stringify(countStatuses(own))}`
    ).toSorted(),
    failures: Array.from(
      Map.groupBy(failed, (task) => `${task.name ?? ""} ${reasonOf(task)}`),
      ([reason, own]) => `${reason} ${own.length} ${Math.max(...own.map(({ lastUpdatedAt }) => lastUpdatedAt))}`
    ).toSorted(),
    waiting: waiting.length === 0
      ? [0]
      : [waiting.length, Math.min(...waiting.map(({ lastUpdatedAt }) => lastUpdatedAt))],
    workers: state.workers.filter(({ diedAt }) => diedAt === null).length
  }
}

const countStatuses = (tasks: ReadonlyArray<ModelTask>): unknown =>
  Object.fromEntries(taskStatuses.flatMap((status) => {
    const times = tasks.filter((task) => task.status === status).map(({ createdAt }) => createdAt)
    return times.length === 0 ? [] : [[status, [times.length, Math.min(...times)]]]
  }))

const reasonOf = ({ failure, result, statusMessage }: ModelTask): string =>
  failure?.name ?? (result?._tag === "Error" ? result.message : undefined) ?? statusMessage ?? ""
