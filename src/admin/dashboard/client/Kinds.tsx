import { useState } from "preact/hooks"
import type { OverviewView, PauseAction } from "../Api.ts"
import { listOf } from "./address.ts"
import { Dialog } from "./Dialog.tsx"
import { formatCount, formatSpan, millisOf } from "./format.ts"
import { Link } from "./Link.tsx"
import { Foreign, KindName, Nothing, Time, Wide } from "./marks.tsx"
import { changePause, messageOf } from "./request.ts"
import { useNow } from "./useNow.ts"
import { statuses, statusWords } from "./words.ts"

interface Kind {
  readonly method: string
  readonly name: string | null
}

interface KindsProps {
  readonly view: OverviewView
  readonly mayWrite: boolean
  readonly onProblem: (message: string | undefined) => void
}

/** What there is of each method and name, and what is paused. */
export const Kinds = ({ mayWrite, onProblem, view: { stats } }: KindsProps) => {
  const now = useNow(10_000)
  const [asked, setAsked] = useState<Kind>()
  const change = async (action: PauseAction): Promise<void> => {
    setAsked(undefined)
    try {
      await changePause(action)
      onProblem(undefined)
    } catch (error) {
      onProblem(messageOf(error))
    }
  }
  const pauseOf = ({ method, name }: Kind) => stats.paused.find((kind) => kind.method === method && kind.name === name)
  // A pause of all names of a method, or of a kind without tasks, has no row of its own.
  const others = stats.paused.filter(({ method, name }) =>
    name === undefined || !stats.byName.some((kind) => kind.method === method && (kind.name ?? null) === name)
  )
  if (stats.byName.length === 0 && others.length === 0) {
    return (
      <Nothing title="There are no tasks yet">
        They show here as soon as a client starts one. If one should be here: is this the storage that the server uses?
      </Nothing>
    )
  }
  return (
    <>
      {others.map(({ method, name, pausedAt }) => (
        <p key={JSON.stringify([method, name])} class="caution">
          Paused: {name === undefined
            ? (
              <>
                all tasks of <Foreign>{method}</Foreign>
              </>
            )
            : <KindName method={method} name={name ?? undefined} />} since <Time iso={pausedAt} now={now} />{" "}
          {mayWrite && (
            <button
              type="button"
              onClick={() => void change({ method, ...(name === undefined ? {} : { name }), pause: false })}
            >
              Resume
            </button>
          )}
        </p>
      ))}
      <Wide label="Tasks by name">
        <table>
          <caption class="unseen">Tasks by name</caption>
          <thead>
            <tr>
              <th scope="col">Name</th>
              {statuses.map((status) => <th key={status} scope="col">{statusWords[status]}</th>)}
              <th scope="col">Oldest at work</th>
              <th scope="col">Pause</th>
            </tr>
          </thead>
          <tbody>
            {stats.byName.map(({ byStatus, method, name = null }) => {
              const pause = pauseOf({ method, name })
              const filter = name === null ? { method, name: "" } : { name }
              const { oldest } = byStatus.working
              return (
                <tr key={JSON.stringify([method, name])}>
                  <th scope="row">
                    <Link to={listOf(filter)}>
                      <KindName method={method} name={name ?? undefined} />
                    </Link>
                  </th>
                  {statuses.map((status) => (
                    <td key={status} class="number">
                      {byStatus[status].count === 0
                        ? <span class="faint">0</span>
                        : <Link to={listOf({ ...filter, status })}>{formatCount(byStatus[status].count)}</Link>}
                    </td>
                  ))}
                  <td class="took">{oldest !== undefined && formatSpan(now - millisOf(oldest))}</td>
                  <td>
                    {pause !== undefined && (
                      <span class="input_required">
                        paused since <Time iso={pause.pausedAt} now={now} />
                      </span>
                    )} {mayWrite && (pause === undefined
                      ? <button type="button" class="small" onClick={() => setAsked({ method, name })}>Pause…</button>
                      : (
                        <button type="button" class="small" onClick={() => void change({ method, name, pause: false })}>
                          Resume
                        </button>
                      ))}
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </Wide>
      {asked !== undefined && (
        <Dialog title="Pause these tasks?" onClose={() => setAsked(undefined)}>
          <p>
            <KindName method={asked.method} name={asked.name ?? undefined} />
          </p>
          <p>
            New ones are still accepted, and wait. Workers everywhere stop taking them; what runs already goes on to its
            end.
          </p>
          <div class="buttons">
            <button type="button" class="primary" onClick={() => void change({ ...asked, pause: true })}>Pause</button>
            <button type="button" onClick={() => setAsked(undefined)} autofocus>Leave them</button>
          </div>
        </Dialog>
      )}
    </>
  )
}
