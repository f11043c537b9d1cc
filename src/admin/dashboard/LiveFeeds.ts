/**
 * What browsers watch. All that watch the same thing share one look at the storage.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { answer } from "./responses.ts"

/**
 * What a look gave: the name of the event, and its data as text.
 *
 * @since 0.2.0
 * @category models
 */
export interface Look {
  readonly event: string
  readonly data: string
}

/** The next look waits ten times as long as this one took, so that watching takes a tenth of one connection at most. */
const pauseFactor = 10
const shortestPause = 1_000
const longestPause = 30_000

/**
 * Gives how long to wait after a look that took `cost`, both in milliseconds.
 *
 * @since 0.2.0
 * @category decisions
 */
export const pauseAfter = (cost: number): number => Math.min(longestPause, Math.max(shortestPause, cost * pauseFactor))

/** Proxies close what is silent for longer. */
const heartbeat = 15_000

/** A browser that goes on watching then begins anew, and has to be allowed to again. */
const longestWatch = 600_000

const encoder = new TextEncoder()

const eventText = ({ data, event }: Look): string => `event: ${event}\ndata: ${data}\n\n`

/** A browser that watches. It is sent the latest look alone: one that reads slowly is spared those between. */
class Viewer {
  readonly stream: ReadableStream<Uint8Array>
  /** When it has to begin anew, in milliseconds since 1970. */
  until: number | undefined
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined
  #waiting: string | undefined

  constructor(left: (viewer: Viewer) => void) {
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller
        controller.enqueue(encoder.encode("retry: 2000\n\n"))
      },
      pull: () => this.#send(),
      cancel: () => left(this)
    })
  }

  show(text: string): void {
    this.#waiting = text
    this.#send()
  }

  /** Shows that the connection is alive, unless there is something to read. */
  beat(): void {
    this.#waiting ??= ":\n\n"
    this.#send()
  }

  end(): void {
    try {
      this.#controller?.close()
    } catch {
      // Its reader has cancelled it meanwhile.
    }
  }

  #send(): void {
    const text = this.#waiting
    if (text === undefined || (this.#controller?.desiredSize ?? 0) <= 0) return
    // To enqueue it asks for more at once.
    this.#waiting = undefined
    this.#controller?.enqueue(encoder.encode(text))
  }
}

/** Something that is watched. */
interface Feed {
  readonly viewers: Set<Viewer>
  readonly stop: AbortController
  /** The latest look. */
  text: string | undefined
  spokeAt: number
  /** Whether something was changed since the latest look began. */
  isStale: boolean
  /** Ends the pause between two looks. */
  wake: () => void
}

/**
 * The streams of a page.
 *
 * @since 0.2.0
 * @category models
 */
export class LiveFeeds {
  readonly #watch: (effect: Effect.Effect<void>, signal: AbortSignal) => Promise<void>
  readonly #maxStreams: number
  readonly #feeds = new Map<string, Feed>()

  /**
   * `watch` runs an effect until the signal is aborted, or what it looks at is closed.
   */
  constructor(watch: (effect: Effect.Effect<void>, signal: AbortSignal) => Promise<void>, maxStreams: number) {
    this.#watch = watch
    this.#maxStreams = maxStreams
  }

  /** How many browsers watch, and how many things. */
  get counts(): { readonly streams: number; readonly feeds: number } {
    const feeds = Array.from(this.#feeds.values())
    return { streams: feeds.reduce((sum, { viewers }) => sum + viewers.size, 0), feeds: feeds.length }
  }

  /**
   * Streams what `look` gives, each time that it gives something else. Those that name the same `key` share one look. Gives
   * `undefined` when as many watch as may.
   */
  open(key: string, look: Effect.Effect<Look>, signal: AbortSignal): Response | undefined {
    if (this.counts.streams >= this.#maxStreams) return undefined
    const feed = this.#feeds.get(key) ?? this.#begin(key, look)
    const viewer = new Viewer((viewer) => this.#leave(key, feed, viewer))
    feed.viewers.add(viewer)
    if (feed.text !== undefined) viewer.show(feed.text)
    const leave = (): void => {
      this.#leave(key, feed, viewer)
      viewer.end()
    }
    // A browser may leave while it is found out whether it may watch.
    if (signal.aborted) leave()
    else signal.addEventListener("abort", leave, { once: true })
    return answer({
      type: "text/event-stream",
      body: viewer.stream,
      // What sits between compresses or gathers otherwise.
      headers: { "cache-control": "no-store, no-transform", "x-accel-buffering": "no" }
    })
  }

  /** Looks at once, since something was changed. */
  refresh(): void {
    for (const feed of this.#feeds.values()) {
      feed.isStale = true
      feed.wake()
    }
  }

  #begin(key: string, look: Effect.Effect<Look>): Feed {
    const feed: Feed = {
      viewers: new Set(),
      stop: new AbortController(),
      text: undefined,
      spokeAt: 0,
      isStale: false,
      wake: () => undefined
    }
    this.#feeds.set(key, feed)
    const end = (): void => {
      if (this.#feeds.get(key) === feed) this.#feeds.delete(key)
      for (const viewer of feed.viewers) viewer.end()
      feed.viewers.clear()
    }
    this.#watch(this.#follow(key, feed, look), feed.stop.signal).then(end, end)
    return feed
  }

  #follow(key: string, feed: Feed, look: Effect.Effect<Look>): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      while (true) {
        const began = yield* Clock.currentTimeMillis
        feed.isStale = false
        const text = eventText(yield* look)
        const now = yield* Clock.currentTimeMillis
        if (text !== feed.text) {
          feed.text = text
          feed.spokeAt = now
          for (const viewer of feed.viewers) viewer.show(text)
        } else if (now - feed.spokeAt >= heartbeat) {
          feed.spokeAt = now
          for (const viewer of feed.viewers) viewer.beat()
        }
        for (const viewer of feed.viewers) {
          viewer.until ??= now + longestWatch
          if (now < viewer.until) continue
          this.#leave(key, feed, viewer)
          viewer.end()
        }
        if (!feed.isStale) yield* pause(feed, pauseAfter(now - began))
      }
    })
  }

  #leave(key: string, feed: Feed, viewer: Viewer): void {
    feed.viewers.delete(viewer)
    if (feed.viewers.size > 0) return
    if (this.#feeds.get(key) === feed) this.#feeds.delete(key)
    feed.stop.abort()
  }
}

const pause = (feed: Feed, millis: number): Effect.Effect<void> =>
  Effect.race(
    Effect.sleep(millis),
    Effect.callback<void>((resume) => {
      feed.wake = () => resume(Effect.void)
    })
  )
