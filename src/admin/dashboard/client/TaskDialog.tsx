import { useState } from "preact/hooks"
import type { ActionName, TaskJson } from "../Api.ts"
import { Dialog } from "./Dialog.tsx"
import { Foreign, Problem } from "./marks.tsx"
import { changeTask, messageOf } from "./request.ts"
import { actionWords } from "./words.ts"

interface TaskDialogProps {
  readonly action: ActionName
  readonly task: TaskJson
  readonly steps: number
  readonly onClose: () => void
  /** What was done. `rerunAs` is the new task. */
  readonly onDone: (action: ActionName, rerunAs: string | undefined) => void
}

/** Asks before one task is changed. */
export const TaskDialog = ({ action, onClose, onDone, steps, task }: TaskDialogProps) => {
  const [state, setState] = useState<{ readonly busy: boolean; readonly problem?: string }>({ busy: false })
  const [keepSteps, setKeepSteps] = useState(false)
  const { verb, warning } = actionWords[action]
  const again = action === "rerun" && task.rerunAs !== undefined
  const act = async (): Promise<void> => {
    setState({ busy: true })
    try {
      const { rerunAs } = await changeTask({
        action,
        taskId: task.taskId,
        ...(again ? { again } : {}),
        ...(keepSteps ? { steps: true } : {})
      })
      onDone(action, rerunAs)
    } catch (error) {
      setState({ busy: false, problem: messageOf(error) })
    }
  }
  return (
    <Dialog title={`${verb} this task?`} onClose={onClose}>
      <p>
        <Foreign>{task.name ?? task.originalMethod}</Foreign> <code class="id">{task.taskId}</code>
      </p>
      <p>{warning}</p>
      {again && <p class="caution">It was run again before, as {task.rerunAs}. This runs it once more.</p>}
      {action === "rerun" && steps > 0 && (
        <label class="check">
          <input
            type="checkbox"
            checked={keepSteps}
            onChange={({ currentTarget }) => setKeepSteps(currentTarget.checked)}
          />{" "}
          Keep what its steps gave ({steps}), so that they are not done again
        </label>
      )}
      {state.problem !== undefined && <Problem>{state.problem}</Problem>}
      <div class="buttons">
        <button type="button" class={action === "delete" ? "danger" : "primary"} disabled={state.busy} onClick={act}>
          {verb}
        </button>
        <button type="button" onClick={onClose} autofocus>Leave it</button>
      </div>
    </Dialog>
  )
}
