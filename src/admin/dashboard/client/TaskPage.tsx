import { useState } from "preact/hooks"
import type { ActionName, TaskView } from "../Api.ts"
import { goTo, listOf, taskAt } from "./address.ts"
import { formatSpan, millisOf } from "./format.ts"
import { Link } from "./Link.tsx"
import { Foreign, Loading, StatusMark, Time } from "./marks.tsx"
import { Payloads } from "./Payloads.tsx"
import { type Chapter, tellStory } from "./story.ts"
import { TaskDialog } from "./TaskDialog.tsx"
import { Trouble } from "./Trouble.tsx"
import { useLive } from "./useLive.ts"
import { useNow } from "./useNow.ts"
import { actionWords, hasEnded } from "./words.ts"

interface TaskPageProps {
  readonly taskId: string
  readonly back: URLSearchParams
  readonly isLive: boolean
  readonly mayWrite: boolean
}

/** One task with all that its record tells. */
export const TaskPage = ({ back, isLive, mayWrite, taskId }: TaskPageProps) => {
  const live = useLive<TaskView>("task", new URLSearchParams({ id: taskId }), isLive)
  const { problem, view } = live
  const [action, setAction] = useState<ActionName>()
  const now = useNow()
  const finish = (action: ActionName, rerunAs: string | undefined): void => {
    setAction(undefined)
    if (rerunAs !== undefined) goTo(taskAt(rerunAs, back))
    if (action === "delete") goTo(back)
  }
  return (
    <>
      <p class="back">
        <Link to={back}>← To the list</Link>
      </p>
      <Trouble live={live} />
      {view === undefined ? problem === undefined && <Loading /> : (
        <article class="task">
          <header>
            <div>
              <p class="kind">
                <Foreign>{view.task.name ?? view.task.originalMethod}</Foreign> <StatusMark task={view.task} />
              </p>
              <code class="id">{view.task.taskId}</code>
            </div>
            {mayWrite && (
              <div class="buttons">
                {(["rerun", "cancel", "delete"] as const)
                  .filter((name) => name === "delete" || (name === "rerun") === hasEnded(view.task.status))
                  .map((name) => (
                    <button key={name} type="button" onClick={() => setAction(name)}>{actionWords[name].verb}…</button>
                  ))}
              </div>
            )}
          </header>
          {view.task.failure !== undefined && <Failure failure={view.task.failure} />}
          {view.outcome?._tag === "Error" && (
            <section aria-label="What its client was told">
              <h2>What its client was told</h2>
              <p>
                JSON-RPC error {view.outcome.code}: <Foreign>{view.outcome.message}</Foreign>
              </p>
            </section>
          )}
          <section aria-label="Its story">
            <h2>Its story</h2>
            <ol class="story">
              {tellStory(view, now).map((chapter, at) => <ChapterItem key={at} chapter={chapter} back={back} />)}
            </ol>
          </section>
          <section aria-label="Details">
            <h2>Details</h2>
            <Details view={view} now={now} />
          </section>
          <section aria-label="Payloads">
            <h2>Payloads</h2>
            <Payloads view={view} />
          </section>
        </article>
      )}
      {action !== undefined && view !== undefined && (
        <TaskDialog
          action={action}
          task={view.task}
          steps={view.steps.length}
          onClose={() => setAction(undefined)}
          onDone={finish}
        />
      )}
    </>
  )
}

const Failure = ({ failure }: { readonly failure: NonNullable<TaskView["task"]["failure"]> }) => (
  <section class="failure" aria-label="Why it failed">
    <h2>Why it failed</h2>
    <p>
      <strong>
        <Foreign>{failure.name}</Foreign>
      </strong>: <Foreign>{failure.message}</Foreign>
    </p>
    <p class="faint">
      Thrown on <Time iso={failure.at} />. Only operators see this.
    </p>
    {failure.stack !== undefined && <pre tabIndex={0} aria-label="Stack">{failure.stack}</pre>}
  </section>
)

const ChapterItem = ({ back, chapter }: { readonly chapter: Chapter; readonly back: URLSearchParams }) => {
  const { after, at, foreign, keys = [], kind, lines, task, title } = chapter
  return (
    <li class={kind}>
      <p class="title">
        {title}
        {task !== undefined && (
          <>
            {" "}
            <Link to={taskAt(task, back)} class="id">{task}</Link>
          </>
        )}
      </p>
      {at !== undefined && (
        <p class="faint">
          <Time iso={at} />
          {after !== undefined && `, ${formatSpan(after)} later`}
        </p>
      )}
      {foreign !== undefined && (
        <p>
          <Foreign>{foreign}</Foreign>
        </p>
      )}
      {lines.map((line) => (
        <p key={line}>
          <Foreign>{line}</Foreign>
        </p>
      ))}
      {keys.length > 0 && (
        <ul class="keys">
          {keys.map((key) => (
            <li key={key}>
              <Foreign>{key}</Foreign>
            </li>
          ))}
        </ul>
      )}
    </li>
  )
}

const Details = ({ now, view: { task } }: { readonly view: TaskView; readonly now: number }) => {
  const rows: ReadonlyArray<readonly [string, string | undefined]> = [
    ["Method", task.originalMethod],
    ["Name", task.name],
    ["Session", task.sessionId],
    ["Worker", task.worker],
    ["Attempts", task.attempt?.toString()],
    ["Age", formatSpan(now - millisOf(task.createdAt))],
    ["Lives", task.ttl === null ? "without an end" : formatSpan(task.ttl)],
    ["Poll interval", task.pollInterval === undefined ? undefined : formatSpan(task.pollInterval)],
    ["Writes", task.revision.toString()],
    ["Trace", task.traceparent],
    ["Trace of the last run", task.runTraceparent]
  ]
  return (
    <dl class="details">
      {rows.map(([label, value]) =>
        value === undefined ? undefined : (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <Foreign>{value}</Foreign>
            </dd>
          </div>
        )
      )}
      {task.name !== undefined && (
        <div>
          <dt>Like this one</dt>
          <dd>
            <Link to={listOf({ name: task.name })}>All tasks of this name</Link>
          </dd>
        </div>
      )}
      {task.sessionId !== undefined && (
        <div>
          <dt>Same client</dt>
          <dd>
            <Link to={listOf({ sessionId: task.sessionId })}>All tasks of this session</Link>
          </dd>
        </div>
      )}
    </dl>
  )
}
