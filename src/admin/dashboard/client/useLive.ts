/** Views that follow the storage. */
import { useEffect, useRef, useState } from "preact/hooks"
import { messageOf, parse, pathOf, read } from "./request.ts"

export interface Live<View> {
  /** The latest of it; the one before stays while an error is shown. */
  readonly view: View | undefined
  readonly problem: string | undefined
  /** Whether it goes on by itself. */
  readonly state: "connecting" | "live" | "off"
}

/** So often a page reads that may not watch, or cannot. */
const pollMillis = 10_000

/**
 * Follows a view: by events of the server, and where those do not come, by reading it now and then. While `isLive` is false it is read
 * once.
 */
export const useLive = <View>(path: string, address: URLSearchParams, isLive: boolean): Live<View> => {
  const search = address.toString()
  const key = `${path}?${search}`
  const [live, setLive] = useState<Live<View> & { readonly key: string }>({ ...nothing, key })
  const latest = useRef(key)
  latest.current = key
  useEffect(() => {
    const ended = new AbortController()
    const show = (change: Partial<Live<View>>): void => {
      if (ended.signal.aborted) return
      setLive((live) => ({ ...(live.key === key ? live : nothing), ...change, key }))
    }
    const readOnce = async (): Promise<void> => {
      try {
        const view = await read<View>(path, new URLSearchParams(search), ended.signal)
        show({ view, problem: undefined, state: "off" })
      } catch (error) {
        show({ problem: messageOf(error), state: "off" })
      }
    }
    const stop = isLive ? follow(path, new URLSearchParams(search), show, readOnce) : undefined
    if (!isLive) void readOnce()
    return () => {
      ended.abort()
      stop?.()
    }
  }, [key, isLive])
  return live.key === key ? live : nothing
}

const nothing = { view: undefined, problem: undefined, state: "connecting" } as const

const follow = <View>(
  path: string,
  address: URLSearchParams,
  show: (change: Partial<Live<View>>) => void,
  readOnce: () => Promise<void>
): () => void => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let events: EventSource | undefined
  const open = (): void => {
    events = new EventSource(pathOf(`live/${path}`, address))
    events.addEventListener(
      "view",
      ({ data }) => show({ view: parse<View>(data, true), problem: undefined, state: "live" })
    )
    events.addEventListener("problem", ({ data }) => {
      try {
        parse(data, true)
      } catch (error) {
        show({ problem: messageOf(error), state: "live" })
      }
    })
    events.addEventListener("error", () => {
      // A stream that merely ended is opened again by the browser itself.
      if (events?.readyState !== EventSource.CLOSED) return show({ state: "connecting" })
      void readOnce()
      timer = setTimeout(open, pollMillis)
    })
  }
  open()
  return () => {
    clearTimeout(timer)
    events?.close()
  }
}
