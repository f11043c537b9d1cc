import type { HistoryPoint } from "../Api.ts"
import { count, formatClock, formatCount, formatSpan } from "./format.ts"
import { Wide } from "./marks.tsx"

const series = [["running", "Running"], ["settled", "Settled"], ["failed", "Failed"]] as const

/** The picture has a width and a height of its own, and is stretched to its place. Its text stands around it. */
const width = 600
const height = 100

/** The first number of 1, 2, 5, 10 and so on that is not smaller, and at least 4, so that one task is not a tower. */
const niceTop = (most: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(4, most)))
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= Math.max(4, most)) ?? most
}

/**
 * How many tasks ran, ended and failed. The same is in a table below, for those who do not see it. With `lookedAt` there were more
 * tasks than those that were looked at.
 */
export const Chart = (
  { lookedAt, points }: { readonly points: ReadonlyArray<HistoryPoint>; readonly lookedAt: number | undefined }
) => {
  const top = niceTop(Math.max(...points.map(({ failed, running, settled }) => Math.max(running, settled + failed))))
  const piece = width / Math.max(1, points.length)
  const heightOf = (value: number): number => value / top * height
  const sum = (key: "settled" | "failed"): number => points.reduce((total, point) => total + point[key], 0)
  const [first, second] = points
  const length = first === undefined || second === undefined ? 0 : (second.at - first.at) * 1000
  const clocks = [first, points[Math.floor(points.length / 2)], points.at(-1)]
  const counted = `${formatCount(points.at(-1)?.running ?? 0)} run now, ${formatCount(sum("settled"))} settled, ${
    count(sum("failed"), "failure")
  }`
  const summary = lookedAt === undefined ? counted : `of the newest ${formatCount(lookedAt)} tasks ${counted}`
  return (
    <figure class="chart">
      <div class="plot" role="img" aria-label={`Chart: ${summary}`}>
        <div class="scale">{[top, top / 2, 0].map((value) => <span key={value}>{formatCount(value)}</span>)}</div>
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="grid" d={`M0 0H${width}M0 ${height / 2}H${width}M0 ${height}H${width}`} />
          {points.map(({ at, failed, settled }, index) => (
            <g key={at}>
              <rect
                class="settled"
                x={index * piece}
                y={height - heightOf(settled)}
                width={piece * 0.8}
                height={heightOf(settled)}
              />
              <rect
                class="failed"
                x={index * piece}
                y={height - heightOf(settled + failed)}
                width={piece * 0.8}
                height={heightOf(failed)}
              />
            </g>
          ))}
          <polyline
            class="running"
            points={points.map(({ running }, index) => `${(index + 0.5) * piece},${height - heightOf(running)}`).join(
              " "
            )}
          />
        </svg>
        <div class="clocks">
          {clocks.map((point, at) => point && <span key={at}>{formatClock(point.at * 1000)}</span>)}
        </div>
      </div>
      <figcaption>
        {series.map(([key, label]) => <span key={key} class={`key ${key}`}>{label}</span>)}
        <span>{summary}. Each bar is {formatSpan(length)}.</span>
      </figcaption>
      <details>
        <summary>As a table</summary>
        <Wide label="The chart as a table">
          <table>
            <thead>
              <tr>
                <th scope="col">Until</th>
                {series.map(([key, label]) => <th key={key} scope="col">{label}</th>)}
              </tr>
            </thead>
            <tbody>
              {points.map((point) => (
                <tr key={point.at}>
                  <th scope="row">{formatClock(point.at * 1000)}</th>
                  {series.map(([key]) => <td key={key}>{formatCount(point[key])}</td>)}
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      </details>
    </figure>
  )
}
