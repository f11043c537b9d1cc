import { useEffect, useRef, useState } from "preact/hooks"
import { failures, filterOf, listOf, useAddress } from "./address.ts"
import { Find } from "./Find.tsx"
import { Link } from "./Link.tsx"
import { Overview } from "./Overview.tsx"
import { TaskList } from "./TaskList.tsx"
import { TaskPage } from "./TaskPage.tsx"
import { Workers } from "./Workers.tsx"

interface AppProps {
  readonly backend: string
  readonly mayWrite: boolean
}

const overview = new URLSearchParams()
const workers = new URLSearchParams({ view: "workers" })
const waiting = { status: "input_required", order: "oldest" }

const same = (address: URLSearchParams, filter: Parameters<typeof listOf>[0]): boolean =>
  filterOf(address).toString() === filterOf(listOf(filter)).toString()

const titleOf = (address: URLSearchParams): string => {
  if (address.has("task")) return "Task"
  if (address.get("view") === "workers") return "Workers"
  if (address.get("view") !== "tasks") return "Overview"
  if (same(address, waiting)) return "Waiting for a person"
  return same(address, failures) ? "Failures" : "Tasks"
}

export const App = ({ backend, mayWrite }: AppProps) => {
  const address = useAddress()
  const [isLive, setIsLive] = useState(true)
  const heading = useRef<HTMLHeadingElement>(null)
  const title = titleOf(address)
  const taskId = address.get("task")
  const place = `${title} ${taskId ?? ""}`
  const first = useRef(place)
  useEffect(() => {
    document.title = `${taskId === null ? title : `Task ${taskId.slice(-8)}`} · mcp-task-storage`
    // A screen reader tells where a link has led. At the start the browser does that.
    if (first.current !== place) heading.current?.focus()
    first.current = ""
  }, [place])
  return (
    <>
      <a class="skip" href="#content">To the content</a>
      <header class="top">
        <nav aria-label="Views">
          <Link to={overview} current={title === "Overview"}>Overview</Link>
          <Link to={listOf({})} current={title === "Tasks"}>Tasks</Link>
          <Link to={listOf(failures)} current={title === "Failures"}>Failures</Link>
          <Link to={listOf(waiting)} current={title === "Waiting for a person"}>Waiting</Link>
          <Link to={workers} current={title === "Workers"}>Workers</Link>
        </nav>
        <Find />
        <button type="button" class="quiet" aria-pressed={isLive} onClick={() => setIsLive(!isLive)}>
          {isLive ? "Live" : "Not live"}
        </button>
      </header>
      <main id="content" tabIndex={-1}>
        <h1 ref={heading} tabIndex={-1}>{title}</h1>
        {taskId !== null
          ? (
            <TaskPage
              key={taskId}
              taskId={taskId}
              back={listOf(filterOf(address))}
              isLive={isLive}
              mayWrite={mayWrite}
            />
          )
          : address.get("view") === "workers"
          ? <Workers isLive={isLive} />
          : address.get("view") === "tasks"
          ? <TaskList address={address} isLive={isLive} mayWrite={mayWrite} />
          : <Overview address={address} isLive={isLive} mayWrite={mayWrite} />}
      </main>
      <footer>
        <span>Storage: {backend}</span>
        {!mayWrite && <span>Read-only</span>}
      </footer>
    </>
  )
}
