/** The small parts that stand all over the page. */
import type { ComponentChildren } from "preact"
import type { TaskJson } from "../Api.ts"
import { formatShort, formatTime } from "./format.ts"
import { statusSigns, statusWords, waitsForWorker } from "./words.ts"

export const StatusMark = ({ task }: { readonly task: TaskJson }) => {
  const { resultKind, status } = task
  const isToolError = resultKind === "tool_error" && status === "completed"
  const [kind, sign, word] = isToolError
    ? ["failed", "!", "tool error"]
    : waitsForWorker(task)
    ? ["waiting", "…", "queued"]
    : [status, statusSigns[status], statusWords[status]]
  return (
    <span class={`status ${kind}`}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  )
}

/** What somebody else wrote. It cannot turn the text around it about. */
export const Foreign = ({ children }: { readonly children: string }) => <bdi class="foreign">{children}</bdi>

export const Time = ({ iso, now }: { readonly iso: string; readonly now?: number }) => (
  <time dateTime={iso} title={`${formatTime(iso)} (${iso})`}>
    {now === undefined ? formatTime(iso) : formatShort(iso, now)}
  </time>
)

export const Problem = ({ children }: { readonly children: ComponentChildren }) => (
  <p class="problem" role="alert">{children}</p>
)

/** What is shown where there is nothing. */
export const Nothing = ({ children, title }: { readonly title: string; readonly children: ComponentChildren }) => (
  <div class="nothing">
    <p class="title">{title}</p>
    <p>{children}</p>
  </div>
)

/** A table that a narrow window scrolls, by keys as well. */
export const Wide = ({ children, label }: { readonly label: string; readonly children: ComponentChildren }) => (
  <div class="wide" role="region" aria-label={label} tabIndex={0}>{children}</div>
)

export const Loading = () => <p class="loading">Reading…</p>

export const KindName = ({ method, name }: { readonly method: string; readonly name?: string | undefined }) =>
  name === undefined ? <Foreign>{method}</Foreign> : <Foreign>{name}</Foreign>
