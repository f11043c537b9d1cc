import { useState } from "preact/hooks"
import type { FoundView } from "../Api.ts"
import { goTo, taskAt } from "./address.ts"
import { Link } from "./Link.tsx"
import { messageOf, read } from "./request.ts"

type Found = { readonly ids: ReadonlyArray<string> } | { readonly problem: string }

/** Goes to the task whose id ends as it is said. */
export const Find = () => {
  const [found, setFound] = useState<Found>()
  const find = async (form: HTMLFormElement): Promise<void> => {
    const ending = new FormData(form).get("id")
    if (typeof ending !== "string" || ending.trim() === "") return setFound(undefined)
    try {
      // An id that is shown shortened begins with such a sign.
      const { ids } = await read<FoundView>("find", new URLSearchParams({ ending: ending.trim().replace(/^…/, "") }))
      const [id, ...others] = ids
      if (id === undefined || others.length > 0) return setFound({ ids })
      setFound(undefined)
      form.reset()
      goTo(taskAt(id))
    } catch (error) {
      setFound({ problem: messageOf(error) })
    }
  }
  return (
    <>
      <form
        class="find"
        role="search"
        aria-label="Find a task"
        onSubmit={(event) => {
          event.preventDefault()
          void find(event.currentTarget)
        }}
      >
        <label>
          <span class="unseen">Id of a task, or its end</span>
          <input name="id" placeholder="Id of a task, or its end" spellcheck={false} autocomplete="off" />
        </label>
        <button type="submit">Find</button>
      </form>
      <div role="status" class="found" hidden={found === undefined}>
        {found !== undefined && ("problem" in found
          ? found.problem
          : found.ids.length === 0
          ? "No task has an id that ends so. It may have expired, or been deleted."
          : <>These end so: {found.ids.map((id) => <Link key={id} to={taskAt(id)} class="id">{id}{" "}</Link>)}</>)}
      </div>
    </>
  )
}
