import { useState } from "preact/hooks"
import type { ActionName, TaskJson, TasksView } from "../Api.ts"
import { filterOf, goTo, listOf, taskAt } from "./address.ts"
import { BulkDialog } from "./BulkDialog.tsx"
import { Filters } from "./Filters.tsx"
import { formatCount, formatSpan, millisOf, shortId } from "./format.ts"
import { Link } from "./Link.tsx"
import { Foreign, KindName, Loading, Nothing, StatusMark, Time } from "./marks.tsx"
import { Trouble } from "./Trouble.tsx"
import { useLive } from "./useLive.ts"
import { useNow } from "./useNow.ts"
import { actionWords, hasEnded, waitsForWorker } from "./words.ts"

interface TaskListProps {
  readonly address: URLSearchParams
  readonly isLive: boolean
  readonly mayWrite: boolean
}

/** A page of the list. Each page is a keyset: however many tasks there are, it costs the same, and stays where it is. */
export const TaskList = ({ address, isLive, mayWrite }: TaskListProps) => {
  const filter = filterOf(address)
  const query = new URLSearchParams(filter)
  const cursor = address.get("cursor")
  if (cursor !== null) query.set("cursor", cursor)
  const live = useLive<TasksView>("tasks", query, isLive)
  const { problem, view } = live
  const [action, setAction] = useState<ActionName>()
  return (
    <>
      <Filters address={address} />
      <Trouble live={live} />
      {view === undefined ? problem === undefined && <Loading /> : (
        <>
          {mayWrite && (
            <div class="bulk" role="group" aria-label="All tasks of this filter">
              <span>{filter.size === 0 ? "All tasks:" : "All of this filter:"}</span>
              {(["rerun", "cancel", "delete"] as const).map((name) => (
                <button
                  key={name}
                  type="button"
                  onClick={() => setAction(name)}
                >
                  {actionWords[name].verb}…
                </button>
              ))}
            </div>
          )}
          {view.tasks.length === 0
            ? <Empty view={view} isFirst={cursor === null} hasFilter={filter.size > 0} />
            : <Table tasks={view.tasks} filter={filter} />}
          <Pages view={view} filter={filter} isFirst={cursor === null} />
        </>
      )}
      {action !== undefined && view !== undefined && (
        <BulkDialog
          action={action}
          filter={withoutOrder(view.fixed)}
          onClose={() => setAction(undefined)}
        />
      )}
    </>
  )
}

/** The order does not matter for what is done with all of them. */
const withoutOrder = (filter: string): string => {
  const rest = new URLSearchParams(filter)
  rest.delete("order")
  return rest.toString()
}

const Empty = (
  { hasFilter, isFirst, view }: { readonly view: TasksView; readonly isFirst: boolean; readonly hasFilter: boolean }
) => {
  if (view.nextCursor !== undefined) {
    return (
      <Nothing title="None so far">
        The storage looked at {formatCount(view.examined ?? 0)}{" "}
        tasks, and there are older ones. Go on with the search below.
      </Nothing>
    )
  }
  if (!isFirst) return <Nothing title="No more tasks">This is the end of the list.</Nothing>
  return hasFilter
    ? <Nothing title="No task is like that">Take something out of the filter, or look further back.</Nothing>
    : (
      <Nothing title="There are no tasks yet">
        They show here as soon as a client starts one. If one should be here: is this the storage that the server uses?
      </Nothing>
    )
}

const Table = ({ filter, tasks }: { readonly tasks: ReadonlyArray<TaskJson>; readonly filter: URLSearchParams }) => {
  const now = useNow()
  return (
    <table class="tasks" role="table" onKeyDown={moveFocus}>
      <caption class="unseen">Tasks. The arrow keys lead from one to the next.</caption>
      <thead role="rowgroup">
        <tr role="row">
          {["Status", "Name", "What it says", "Created", "Time", "Task"].map((title) => (
            <th key={title} role="columnheader" scope="col">{title}</th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {tasks.map((task) => (
          <tr key={task.taskId} role="row">
            <td role="cell">
              <StatusMark task={task} />
            </td>
            <td role="cell" class="name" title={task.originalMethod}>
              <KindName method={task.originalMethod} name={task.name} />
            </td>
            <td role="cell" class="says">
              <Says task={task} />
            </td>
            <td role="cell" class="when">
              <Time iso={task.createdAt} now={now} />
            </td>
            <td role="cell" class="took">{took(task, now)}</td>
            <td role="cell">
              <Link to={taskAt(task.taskId, listOf(filter))} class="id row-link" title={task.taskId}>
                {shortId(task.taskId)}
              </Link>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const Says = ({ task: { failure, statusMessage } }: { readonly task: TaskJson }) => {
  if (failure !== undefined) {
    return (
      <>
        <Foreign>{failure.name}</Foreign>: <Foreign>{failure.message}</Foreign>
      </>
    )
  }
  return statusMessage === undefined ? <></> : <Foreign>{statusMessage}</Foreign>
}

/** How long it ran, runs, or waits. */
const took = (task: TaskJson, now: number): string => {
  const begin = millisOf(task.startedAt ?? task.createdAt)
  if (hasEnded(task.status)) return formatSpan(millisOf(task.lastUpdatedAt) - begin)
  if (waitsForWorker(task)) return `waits ${formatSpan(now - millisOf(task.lastUpdatedAt))}`
  return task.status === "input_required"
    ? `asks ${formatSpan(now - millisOf(task.lastUpdatedAt))}`
    : formatSpan(now - begin)
}

const moveFocus = (event: KeyboardEvent): void => {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0
  if (step === 0 || !(event.currentTarget instanceof HTMLElement)) return
  const links = Array.from(event.currentTarget.querySelectorAll<HTMLElement>("a.row-link"))
  const at = links.findIndex((link) => link === document.activeElement)
  const next = links[at + step]
  if (at < 0 || next === undefined) return
  event.preventDefault()
  next.focus()
}

const Pages = (
  { filter, isFirst, view }: { readonly view: TasksView; readonly filter: URLSearchParams; readonly isFirst: boolean }
) => {
  const isOldest = filter.get("order") === "oldest"
  const next = new URLSearchParams(listOf(new URLSearchParams(view.fixed)))
  if (view.nextCursor !== undefined) next.set("cursor", view.nextCursor)
  return (
    <nav class="pages" aria-label="Pages">
      {!isFirst && <Link to={listOf(filter)} class="button">{isOldest ? "Oldest" : "Newest"}</Link>}
      {!isFirst && <button type="button" onClick={() => history.back()}>Back</button>}
      {view.nextCursor !== undefined && (
        <button type="button" onClick={() => goTo(next)}>
          {view.tasks.length === 0 ? "Search on" : isOldest ? "Newer" : "Older"}
        </button>
      )}
      <span>
        {view.tasks.length > 0 && `${formatCount(view.tasks.length)} on this page`}
        {view.examined !== undefined && ` of ${formatCount(view.examined)} looked at`}
      </span>
    </nav>
  )
}
