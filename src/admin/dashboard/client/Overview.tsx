import { useState } from "preact/hooks"
import type { OverviewView } from "../Api.ts"
import { failures as whatFailed, goTo, listOf } from "./address.ts"
import { Chart } from "./Chart.tsx"
import { Durations } from "./Durations.tsx"
import { count, formatCount, formatSpan, millisOf } from "./format.ts"
import { Kinds } from "./Kinds.tsx"
import { Link } from "./Link.tsx"
import { Foreign, KindName, Loading, Nothing, Problem, Time, Wide } from "./marks.tsx"
import { Trouble } from "./Trouble.tsx"
import { useLive } from "./useLive.ts"
import { useNow } from "./useNow.ts"
import { statuses, statusSigns, statusWords } from "./words.ts"

const spans = [["15m", "15 minutes"], ["1h", "hour"], ["6h", "6 hours"], ["24h", "day"], ["7d", "7 days"]] as const

interface OverviewProps {
  readonly address: URLSearchParams
  readonly isLive: boolean
  readonly mayWrite: boolean
}

/** How things stand. */
export const Overview = ({ address, isLive, mayWrite }: OverviewProps) => {
  const span = address.get("span") ?? "1h"
  const live = useLive<OverviewView>("overview", new URLSearchParams({ span }), isLive)
  const { problem, view } = live
  const [paused, setPaused] = useState<string>()
  return (
    <>
      <Trouble live={live} />
      {paused !== undefined && <Problem>{paused}</Problem>}
      {view === undefined ? problem === undefined && <Loading /> : (
        <>
          <Cards view={view} />
          <div class="heading">
            <h2>Over time</h2>
            <label class="field">
              <span>The last</span>
              <select
                value={span}
                onChange={({ currentTarget }) => goTo(new URLSearchParams({ span: currentTarget.value }))}
              >
                {spans.map(([value, word]) => <option key={value} value={value}>{word}</option>)}
              </select>
            </label>
          </div>
          <Chart
            points={view.history.points}
            lookedAt={view.history.partial ? view.history.examined : undefined}
          />
          {view.history.partial && (
            <p class="faint">
              There are more tasks than the charts are made of: the newest {formatCount(view.history.examined)}{" "}
              were looked at.
            </p>
          )}
          <h2>
            Failures since <Time iso={view.stats.failuresSince} now={Date.now()} />
          </h2>
          <Failures view={view} />
          <h2>By name</h2>
          <Kinds view={view} mayWrite={mayWrite} onProblem={setPaused} />
          <h2>How long it took</h2>
          {view.history.durations.length === 0
            ? <Nothing title="No task ended in this time">Choose a longer time above.</Nothing>
            : <Durations kinds={view.history.durations} />}
        </>
      )}
    </>
  )
}

const Cards = ({ view: { stats } }: { readonly view: OverviewView }) => {
  const now = useNow()
  const { byStatus, waitingForInput, workers } = stats
  return (
    <ul class="cards" aria-label="How things stand">
      {statuses.map((status) => {
        const { count, oldest } = byStatus[status]
        return (
          <li key={status}>
            <Link to={listOf(status === "input_required" ? { status, order: "oldest" } : { status })}>
              <span class={status}>
                <span aria-hidden="true">{statusSigns[status]}</span> {statusWords[status]}
              </span>
              <strong>{formatCount(count)}</strong>
            </Link>
            {status === "input_required" && waitingForInput.since !== undefined
              ? <p>the first for {formatSpan(now - millisOf(waitingForInput.since))}</p>
              : oldest !== undefined && <p>the oldest is {formatSpan(now - millisOf(oldest))} old</p>}
          </li>
        )
      })}
      <li>
        <Link to={new URLSearchParams({ view: "workers" })}>
          <span>workers</span>
          <strong>{formatCount(workers.live)}</strong>
        </Link>
        <p>
          {count(workers.tasks, "task")}{" "}
          held{workers.dead > 0 && <span class="bad">, {formatCount(workers.dead)} dead</span>}
        </p>
      </li>
      {stats.paused.length > 0 && (
        <li>
          <span class="input_required">paused</span>
          <strong>{formatCount(stats.paused.length)}</strong>
          <p>see By name</p>
        </li>
      )}
    </ul>
  )
}

const Failures = ({ view: { stats } }: { readonly view: OverviewView }) => {
  const { failures, failuresSince, otherFailures } = stats
  const now = useNow(10_000)
  if (failures.length === 0) return <p class="faint">No task failed in this time.</p>
  return (
    <>
      <Wide label="Failures by name and reason">
        <table>
          <caption class="unseen">Failures by name and reason</caption>
          <thead>
            <tr>{["Count", "Reason", "Name", "Latest"].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
          </thead>
          <tbody>
            {failures.map(({ count, latest, method, name, reason }) => (
              <tr key={JSON.stringify([method, name, reason])}>
                <td class="number bad">{formatCount(count)}</td>
                <th scope="row">
                  <Link
                    to={listOf({
                      ...whatFailed,
                      ...(name === undefined ? { method, name: "" } : { name }),
                      updatedAfter: failuresSince
                    })}
                  >
                    {reason === "" ? "no reason given" : <Foreign>{reason}</Foreign>}
                  </Link>
                </th>
                <td>
                  <KindName method={method} name={name} />
                </td>
                <td class="when">
                  <Time iso={latest} now={now} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
      {otherFailures > 0 && <p class="faint">{count(otherFailures, "more failure")} for rarer reasons.</p>}
    </>
  )
}
