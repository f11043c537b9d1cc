/** Where the page is: all of it stands in the address bar, so that it can be kept and sent to others. */
import { useEffect, useState } from "preact/hooks"

/** What is in the address besides the filter of the list. */
const places = ["view", "task", "cursor", "span"] as const

const listeners = new Set<() => void>()

const currentAddress = (): URLSearchParams => new URLSearchParams(location.search)

/** Goes to an address of the page. */
export const goTo = (address: URLSearchParams, how: "push" | "replace" = "push"): void => {
  const url = hrefOf(address)
  if (how === "push") history.pushState(null, "", url)
  else history.replaceState(null, "", url)
  for (const listener of listeners) listener()
}

export const hrefOf = (address: URLSearchParams): string => {
  const search = address.toString()
  return search === "" ? "./" : `./?${search}`
}

export const useAddress = (): URLSearchParams => {
  const [address, setAddress] = useState(currentAddress)
  useEffect(() => {
    const change = (): void => setAddress(currentAddress())
    listeners.add(change)
    addEventListener("popstate", change)
    return () => {
      listeners.delete(change)
      removeEventListener("popstate", change)
    }
  }, [])
  return address
}

/** The filter of an address. */
export const filterOf = (address: URLSearchParams): URLSearchParams => {
  const filter = new URLSearchParams(address)
  for (const place of places) filter.delete(place)
  for (const [name, value] of Array.from(filter)) if (value === "" && name !== "name") filter.delete(name, value)
  return filter
}

/** The list of the tasks of a filter. */
export const listOf = (
  filter: URLSearchParams | Readonly<Record<string, string | ReadonlyArray<string>>>
): URLSearchParams => {
  const address = new URLSearchParams({ view: "tasks" })
  const pairs = filter instanceof URLSearchParams ? filter : Object.entries(filter)
  for (const [name, value] of pairs) {
    for (const one of typeof value === "string" ? [value] : value) address.append(name, one)
  }
  return address
}

/** What failed: with an error, or with a result that says that it is one. */
export const failures = { resultKind: ["error", "tool_error"] } as const

/** One task. The filter stays, for the way back. */
export const taskAt = (taskId: string, filter: URLSearchParams = new URLSearchParams()): URLSearchParams => {
  const address = new URLSearchParams(filter)
  address.set("task", taskId)
  return address
}
