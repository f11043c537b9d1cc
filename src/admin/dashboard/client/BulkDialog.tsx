import { useEffect, useRef, useState } from "preact/hooks"
import type { ActionName, BulkAnswer } from "../Api.ts"
import { Dialog } from "./Dialog.tsx"
import { count, formatCount } from "./format.ts"
import { Problem } from "./marks.tsx"
import { changeTasks, messageOf } from "./request.ts"
import { actionWords } from "./words.ts"

type Counts = Pick<BulkAnswer, "done" | "skipped" | "failed" | "message">

const none: Counts = { done: 0, skipped: 0, failed: 0 }

type Phase = "counting" | "asking" | "working" | "stopped" | "done"

interface BulkDialogProps {
  readonly action: ActionName
  /** With times of its own, so that what is counted is what is changed. */
  readonly filter: string
  readonly onClose: () => void
}

/** Counts the tasks of a filter, asks, and then changes them, request by request. */
export const BulkDialog = ({ action, filter, onClose }: BulkDialogProps) => {
  const [phase, setPhase] = useState<Phase>("counting")
  const [found, setFound] = useState(none)
  const [did, setDid] = useState(none)
  const [problem, setProblem] = useState<string>()
  const isStopped = useRef(false)
  const { done, verb, warning } = actionWords[action]
  const isAll = new URLSearchParams(filter).size === 0

  const run = async (dryRun: boolean, show: (counts: Counts) => void, signal: AbortSignal): Promise<void> => {
    let counts = none
    let cursor: string | undefined
    do {
      const answer = await changeTasks({
        action,
        filter,
        dryRun,
        ...(isAll ? { all: true } : {}),
        ...(cursor === undefined ? {} : { cursor })
      }, signal)
      const message = counts.message ?? answer.message
      counts = {
        done: counts.done + answer.done,
        skipped: counts.skipped + answer.skipped,
        failed: counts.failed + answer.failed,
        ...(message === undefined ? {} : { message })
      }
      if (signal.aborted) return
      show(counts)
      cursor = answer.nextCursor
    } while (cursor !== undefined && !isStopped.current)
  }

  const closed = useRef(new AbortController())
  useEffect(() => {
    const { signal } = closed.current
    run(true, setFound, signal).then(
      () => setPhase("asking"),
      (error: unknown) => setProblem(messageOf(error))
    )
    return () => closed.current.abort()
  }, [])

  const act = async (): Promise<void> => {
    setPhase("working")
    try {
      await run(false, setDid, closed.current.signal)
      setPhase(isStopped.current ? "stopped" : "done")
    } catch (error) {
      setProblem(messageOf(error))
      setPhase("stopped")
    }
  }

  return (
    <Dialog title={`${verb}: ${isAll ? "all tasks" : "the tasks of this filter"}`} onClose={onClose}>
      <div aria-live="polite">
        {phase === "counting" && problem === undefined && <p>Counting: {formatCount(found.done)} so far…</p>}
        {phase === "asking" && (
          <>
            <p class="question">
              <strong>{count(found.done, "task")}</strong> would be {done}.
            </p>
            {found.skipped > 0 && <p>{count(found.skipped, "task")} of the filter would be left as they are.</p>}
            <p>{warning}</p>
          </>
        )}
        {phase === "working" && <p>{formatCount(did.done)} of {formatCount(found.done)} {done}…</p>}
        {(phase === "done" || phase === "stopped") && (
          <p class="question">
            {phase === "stopped" && "Stopped. "}
            <strong>{count(did.done, "task")}</strong> {did.done === 1 ? "was" : "were"} {done}.
          </p>
        )}
        {did.skipped > 0 && (
          <p>{count(did.skipped, "task")} were left as they are: others came first, or there was nothing to do.</p>
        )}
        {did.failed > 0 && (
          <Problem>{count(did.failed, "task")} could not be written. The first one: {did.message}</Problem>
        )}
        {problem !== undefined && <Problem>{problem}</Problem>}
      </div>
      {phase === "working" && (
        <progress aria-label="Progress" max={found.done} value={Math.min(did.done + did.failed, found.done)} />
      )}
      <div class="buttons">
        {phase === "asking" && found.done > 0 && (
          <button type="button" class={action === "delete" ? "danger" : "primary"} onClick={act}>
            {verb}: {count(found.done, "task")}
          </button>
        )}
        {phase === "working"
          ? <button type="button" onClick={() => isStopped.current = true}>Stop</button>
          : (
            <button type="button" onClick={onClose} autofocus>
              {phase === "asking" || phase === "counting" ? "Leave them" : "Close"}
            </button>
          )}
      </div>
    </Dialog>
  )
}
