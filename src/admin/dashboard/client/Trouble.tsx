import { Problem } from "./marks.tsx"
import type { Live } from "./useLive.ts"

/** What is wrong with a view, beside which the view before may still be shown. */
export const Trouble = ({ live: { problem, state, view } }: { readonly live: Live<unknown> }) => {
  if (problem !== undefined) return <Problem>{problem}</Problem>
  if (state === "lost") {
    return (
      <p class="problem" role="status">
        The server of this page does not answer.
        {view !== undefined && " What you see is how things were."} The page goes on by itself when the server is back.
      </p>
    )
  }
  if (state !== "polled") return <></>
  return <p class="faint" role="status">As many browsers watch as may. This one reads again every ten seconds.</p>
}
