import type { WorkerJson, WorkersView } from "../Api.ts"
import { listOf } from "./address.ts"
import { count, formatSpan, millisOf } from "./format.ts"
import { Link } from "./Link.tsx"
import { Foreign, Loading, Nothing, Time, Wide } from "./marks.tsx"
import { Trouble } from "./Trouble.tsx"
import { useLive } from "./useLive.ts"
import { useNow } from "./useNow.ts"

/** The processes that run tasks. */
export const Workers = ({ isLive }: { readonly isLive: boolean }) => {
  const live = useLive<WorkersView>("workers", new URLSearchParams(), isLive)
  const { problem, view } = live
  const now = useNow()
  return (
    <>
      <Trouble live={live} />
      {view === undefined
        ? problem === undefined && <Loading />
        : view.workers.length === 0
        ? (
          <Nothing title="No worker is registered">
            Workers are the processes that run tasks. While there is none, tasks wait. A server that only stores tasks
            needs none.
          </Nothing>
        )
        : (
          <Wide label="Workers">
            <table role="table">
              <caption class="unseen">Workers</caption>
              <thead role="rowgroup">
                <tr role="row">
                  {["State", "Where", "Program", "Since", "Has", "Worker"].map((title) => (
                    <th key={title} role="columnheader" scope="col">{title}</th>
                  ))}
                </tr>
              </thead>
              <tbody role="rowgroup">
                {view.workers.map((listed) => <Row key={listed.worker.workerId} listed={listed} now={now} />)}
              </tbody>
            </table>
          </Wide>
        )}
    </>
  )
}

const Row = ({ listed: { tasks, worker }, now }: { readonly listed: WorkerJson; readonly now: number }) => (
  <tr role="row">
    <td role="cell">
      <State worker={worker} now={now} />
    </td>
    <td role="cell">
      {worker.host === undefined ? "unknown" : <Foreign>{worker.host}</Foreign>}
      {worker.pid !== undefined && ` · process ${worker.pid}`}
    </td>
    <td role="cell">
      {worker.name !== undefined && <Foreign>{`${worker.name} ${worker.version ?? ""}`.trim()}</Foreign>}
    </td>
    <td role="cell">
      <Time iso={worker.registeredAt} now={now} />
    </td>
    <td role="cell">
      <Link to={listOf({ worker: worker.workerId })}>{count(tasks, "task")}</Link>
    </td>
    <td role="cell">
      <code class="id">{worker.workerId}</code>
    </td>
  </tr>
)

const State = ({ now, worker }: { readonly worker: WorkerJson["worker"]; readonly now: number }) => {
  if (worker.diedAt !== undefined) {
    return (
      <span class="status failed">
        <span aria-hidden="true">✕</span> dead
      </span>
    )
  }
  const left = millisOf(worker.leaseExpiresAt) - now
  return left > 0
    ? (
      <span class="status completed">
        <span aria-hidden="true">✓</span> alive
      </span>
    )
    : (
      <span class="status input_required">
        <span aria-hidden="true">!</span> late by {formatSpan(-left)}
      </span>
    )
}
