import type { KindDurations } from "../Api.ts"
import { listOf } from "./address.ts"
import { formatCount, formatSpan } from "./format.ts"
import { Link } from "./Link.tsx"
import { KindName, Wide } from "./marks.tsx"

/** How long the tasks of each kind took. The bars are for the eye; the numbers say the same. */
export const Durations = ({ kinds }: { readonly kinds: ReadonlyArray<KindDurations> }) => {
  const longest = Math.max(1, ...kinds.map(({ p95 }) => p95))
  return (
    <Wide label="How long tasks took">
      <table>
        <caption class="unseen">How long tasks took, by name</caption>
        <thead>
          <tr>
            {["Name", "Ended", "Failed", "Half of them within", "95 % within", "Longest"].map((title) => (
              <th key={title} scope="col">{title}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {kinds.map(({ count, failed, longest: most, median, method, name, p95 }) => (
            <tr key={JSON.stringify([method, name])}>
              <th scope="row">
                <Link to={listOf(name === undefined ? { method } : { name })}>
                  <KindName method={method} name={name} />
                </Link>
              </th>
              <td class="number">{formatCount(count)}</td>
              <td class={failed > 0 ? "number bad" : "number"}>{formatCount(failed)}</td>
              <td class="number">{formatSpan(median)}</td>
              <td>
                <span
                  class="bar"
                  style={{ width: `${Math.max(1, Math.round(p95 / longest * 100))}px` }}
                  aria-hidden="true"
                />{" "}
                {formatSpan(p95)}
              </td>
              <td class="number">{formatSpan(most)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  )
}
