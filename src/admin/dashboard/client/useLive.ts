/** Views that follow the storage. */
import { useEffect, useRef, useState } from "preact/hooks"
import { messageOf, parse, pathOf, read } from "./request.ts"

export interface Live<View> {
  /** The latest of it; the one before stays while an error is shown. */
  readonly view: View | undefined
  readonly problem: string | undefined
  /**
   * Whether it goes on by itself: `live`; `lost` while the server does not answer; `polled` where it may not watch, and reads now and
   * then; `once` if it was only to be read.
   */
  readonly state: "connecting" | "live" | "lost" | "polled" | "once"
}

/** So often a page reads that may not watch, or cannot. */
const pollMillis = 10_000

/** A stream that ends is opened again within this time, unless the server is gone. */
const lostMillis = 5_000

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
        show({ view, problem: undefined, state: isLive ? "polled" : "once" })
      } catch (error) {
        show({ problem: messageOf(error), state: isLive ? "polled" : "once" })
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
  let again: ReturnType<typeof setTimeout> | undefined
  let lost: ReturnType<typeof setTimeout> | undefined
  let events: EventSource | undefined
  const found = (change: Partial<Live<View>>): void => {
    clearTimeout(lost)
    lost = undefined
    show({ ...change, state: "live" })
  }
  const open = (): void => {
    events = new EventSource(pathOf(`live/${path}`, address))
    events.addEventListener("view", ({ data }) => found({ view: parse<View>(data, true), problem: undefined }))
    events.addEventListener("problem", ({ data }) => {
      try {
        parse(data, true)
      } catch (error) {
        found({ problem: messageOf(error) })
      }
    })
    events.addEventListener("error", () => {
      if (events?.readyState !== EventSource.CLOSED) {
        // The browser itself opens it again.
        lost ??= setTimeout(() => show({ state: "lost" }), lostMillis)
        return
      }
      void readOnce()
      again = setTimeout(open, pollMillis)
    })
  }
  open()
  return () => {
    clearTimeout(again)
    clearTimeout(lost)
    events?.close()
  }
}
