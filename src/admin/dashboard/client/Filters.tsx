import { filterOf, goTo, listOf } from "./address.ts"
import { statuses, statusSigns, statusWords } from "./words.ts"

const since = [
  ["", "any time"],
  ["15m", "the last 15 minutes"],
  ["1h", "the last hour"],
  ["6h", "the last 6 hours"],
  ["1d", "the last day"],
  ["7d", "the last 7 days"]
] as const

const outcomes = [
  ["success", "success"],
  ["tool_error", "tool error"],
  ["error", "error"]
] as const

const texts = [
  ["method", "Method", "tools/call"],
  ["worker", "Worker", "its id"],
  ["sessionId", "Session", "its id"],
  ["createdBefore", "Created before", "2h, or 2026-01-02T03:04:05Z"],
  ["updatedAfter", "Written since", "10m, or 2026-01-02T03:04:05Z"]
] as const

/** The filter of the list. Each change is a step in the history of the browser. */
export const Filters = ({ address }: { readonly address: URLSearchParams }) => {
  const filter = filterOf(address)
  const set = (name: string, value: string): void => {
    const next = new URLSearchParams(filter)
    if (value === "") next.delete(name)
    else next.set(name, value)
    goTo(listOf(next))
  }
  const toggle = (name: string, value: string, isOn: boolean): void => {
    const next = new URLSearchParams(filter)
    if (isOn) next.append(name, value)
    else next.delete(name, value)
    goTo(listOf(next))
  }
  const text = (name: string, label: string, hint: string) => (
    <label class="field" key={name}>
      <span>{label}</span>
      <input
        key={filter.get(name) ?? ""}
        defaultValue={filter.get(name) ?? ""}
        placeholder={hint}
        spellcheck={false}
        autocomplete="off"
        onChange={({ currentTarget }) => set(name, currentTarget.value.trim())}
      />
    </label>
  )
  const choice = (name: string, label: string, options: ReadonlyArray<readonly [string, string]>) => {
    const value = filter.get(name) ?? ""
    const isListed = options.some(([option]) => option === value)
    return (
      <label class="field">
        <span>{label}</span>
        <select value={value} onChange={({ currentTarget }) => set(name, currentTarget.value)}>
          {isListed ? undefined : <option value={value}>{value}</option>}
          {options.map(([option, word]) => <option key={option} value={option}>{word}</option>)}
        </select>
      </label>
    )
  }
  const isMore = texts.some(([name]) => filter.has(name)) || filter.has("resultKind") || filter.has("order")
  return (
    <form class="filters" role="search" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
      <fieldset class="chips">
        <legend>Status</legend>
        {statuses.map((status) => (
          <label key={status} class={`chip ${status}`}>
            <input
              type="checkbox"
              checked={filter.has("status", status)}
              onChange={({ currentTarget }) => toggle("status", status, currentTarget.checked)}
            />
            <span aria-hidden="true">{statusSigns[status]}</span> {statusWords[status]}
          </label>
        ))}
      </fieldset>
      {text("name", "Name", "a tool, a prompt")}
      {choice("createdAfter", "Created within", since)}
      <details open={isMore}>
        <summary>More filters</summary>
        <div class="fields">
          {texts.map(([name, label, hint]) => text(name, label, hint))}
          <fieldset class="chips">
            <legend>Outcome</legend>
            {outcomes.map(([kind, word]) => (
              <label key={kind} class="chip">
                <input
                  type="checkbox"
                  checked={filter.has("resultKind", kind)}
                  onChange={({ currentTarget }) => toggle("resultKind", kind, currentTarget.checked)}
                />{" "}
                {word}
              </label>
            ))}
          </fieldset>
          {choice("order", "Order", [["", "newest first"], ["oldest", "oldest first"]])}
        </div>
      </details>
      {filter.size > 0 && (
        <button type="button" class="quiet" onClick={() => goTo(listOf({}))}>
          Clear the filter
        </button>
      )}
    </form>
  )
}
