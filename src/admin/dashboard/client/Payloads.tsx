import { useState } from "preact/hooks"
import { type PayloadPart, payloadParts, type TaskView } from "../Api.ts"
import { formatCount, formatSize } from "./format.ts"
import { Problem } from "./marks.tsx"
import { messageOf, pathOf, read } from "./request.ts"

const partWords: { readonly [Part in PayloadPart]: string } = {
  originalParams: "Parameters",
  result: "Result",
  steps: "Results of its steps",
  inputRequests: "Questions that wait",
  inputResponses: "Answers of the client",
  requestState: "State of the request",
  principal: "On whose behalf",
  meta: "Metadata"
}

/** What a tool was given, and what it gave. It may be private, so it is read only when somebody asks for it. */
export const Payloads = ({ view: { payloads, task } }: { readonly view: TaskView }) => {
  const parts = payloadParts.filter((part) => payloads[part] !== undefined)
  if (parts.length === 0) return <p>This task has no payloads.</p>
  return (
    <>
      {parts.map((part) => (
        <Payload key={`${part} ${task.revision}`} part={part} taskId={task.taskId} size={payloads[part] ?? 0} />
      ))}
    </>
  )
}

/** More than this makes a browser slow. The whole of it can be saved. */
const maxShown = 100_000

type Shown = { readonly text: string } | { readonly problem: string }

const Payload = (
  { part, size, taskId }: { readonly part: PayloadPart; readonly taskId: string; readonly size: number }
) => {
  const [shown, setShown] = useState<Shown>()
  const address = new URLSearchParams({ id: taskId, part })
  const load = async (isOpen: boolean): Promise<void> => {
    if (!isOpen || shown !== undefined) return
    try {
      setShown({ text: JSON.stringify(await read<unknown>("payload", address), null, 2) })
    } catch (error) {
      setShown({ problem: messageOf(error) })
    }
  }
  return (
    <details class="payload" onToggle={({ currentTarget }) => void load(currentTarget.open)}>
      <summary>
        {partWords[part]} <span class="size">{formatSize(size)}</span>
      </summary>
      {shown === undefined
        ? <p>Reading…</p>
        : "problem" in shown
        ? <Problem>{shown.problem}</Problem>
        : (
          <>
            <pre tabIndex={0} aria-label={partWords[part]}>{shown.text.slice(0, maxShown)}</pre>
            {shown.text.length > maxShown && (
              <p>{formatCount(shown.text.length - maxShown)} more characters are not shown.</p>
            )}
            <p>
              <a href={pathOf("payload", address)} download={`${part}.json`}>Save as a file</a>
            </p>
          </>
        )}
    </details>
  )
}
