import type { History } from "../Api.ts"
import { goTo } from "./address.ts"
import { Chart } from "./Chart.tsx"
import { Durations } from "./Durations.tsx"
import { formatCount } from "./format.ts"
import { Loading, Nothing, Problem } from "./marks.tsx"
import { useLive } from "./useLive.ts"

const spans = [["15m", "15 minutes"], ["1h", "hour"], ["6h", "6 hours"], ["24h", "day"], ["7d", "7 days"]] as const

/** How things stand. */
export const Overview = ({ address, isLive }: { readonly address: URLSearchParams; readonly isLive: boolean }) => {
  const span = address.get("span") ?? "1h"
  const { problem, view } = useLive<History>("history", new URLSearchParams({ span }), isLive)
  return (
    <>
      {problem !== undefined && <Problem>{problem}</Problem>}
      <section aria-label="Over time">
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
        {view === undefined ? problem === undefined && <Loading /> : <Past history={view} />}
      </section>
    </>
  )
}

const Past = ({ history }: { readonly history: History }) => (
  <>
    <Chart points={history.points} />
    {history.partial && (
      <p class="faint">
        There are more tasks than the charts are made of: the newest {formatCount(history.examined)} were looked at.
      </p>
    )}
    <h2>How long it took</h2>
    {history.durations.length === 0
      ? <Nothing title="No task ended in this time">Choose a longer time above.</Nothing>
      : <Durations kinds={history.durations} />}
  </>
)
