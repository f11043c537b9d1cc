/** One connection through the proxy. */
import { connect, type Socket } from "node:net"
import { setTimeout } from "node:timers/promises"
import type { Behaviour, Endpoint } from "./Behaviour.ts"

/** Who is told when a connection loses an answer, or the end of one, for the first time, and when it ends. */
interface Listeners {
  readonly lost: () => void
  readonly ended: () => void
}

export class ProxyLink {
  readonly #client: Socket
  readonly #engine: Socket
  #behaviour: Behaviour
  /** Bytes of answers since the behaviour began. */
  #answered = 0
  /** Whether an answer was lost: what comes after it could only be misunderstood. */
  #hasLost = false
  /** Whether an answer was cut in the middle. */
  #isCut = false
  /** Whether neither end is told anything any more. */
  #hangs = false
  /** Whether what either end sends is dropped as well. */
  #isSilent = false

  constructor(client: Socket, engine: Endpoint, behaviour: Behaviour, on: Listeners) {
    this.#client = client
    this.#engine = connect({ ...engine, allowHalfOpen: true })
    this.#behaviour = behaviour
    const toEngine = this.#inOrder(this.#engine)
    const toClient = this.#inOrder(client)
    client.on("data", toEngine)
    this.#engine.on("data", (chunk) => {
      if (this.#isAnswerLost(on)) return
      toClient(this.#withinLimit(chunk, on))
    })
    for (const socket of [client, this.#engine]) {
      socket.setNoDelay(true)
      // What goes wrong with one end is told to the other one by the end that follows it.
      socket.on("error", () => undefined)
      socket.on("end", () => {
        if (!this.#isSilent) socket.end()
      })
      socket.on("close", () => {
        if (this.#isSilent) return
        this.destroy()
        on.ended()
      })
    }
    if (behaviour._tag === "Drop") this.silence()
  }

  behave(behaviour: Behaviour): void {
    const ended = this.#behaviour
    this.#behaviour = behaviour
    if (behaviour._tag === "Drop") this.silence()
    this.#answered = 0
    if (this.#hasLost && ended._tag === "LoseAnswers" && ended.after === "cut") this.cut()
  }

  /** Ends the connection, unless it hangs: then not even its end is heard of. */
  cut(): void {
    if (!this.#hangs) this.destroy()
  }

  /** Loses whatever comes from now on and tells neither end, not even that the other one has gone. */
  silence(): void {
    this.#hangs = true
    this.#isSilent = true
  }

  destroy(): void {
    this.#client.resetAndDestroy()
    this.#engine.resetAndDestroy()
  }

  #isAnswerLost(on: Listeners): boolean {
    if (!this.#hasLost && this.#behaviour._tag === "LoseAnswers") {
      this.#hasLost = true
      this.#hangs = this.#behaviour.after === "hang"
      on.lost()
    }
    return this.#hasLost
  }

  /** The part of an answer that may still be given; cuts the connection behind it. */
  #withinLimit(chunk: Buffer, on: Listeners): Buffer {
    if (this.#behaviour._tag !== "CutAfter") return chunk
    const left = this.#behaviour.bytes - this.#answered
    this.#answered += chunk.length
    if (chunk.length < left) return chunk
    if (chunk.length > left && !this.#isCut) on.lost()
    this.#isCut = true
    this.#client.end(chunk.subarray(0, left), () => this.cut())
    return chunk.subarray(0, 0)
  }

  /** Passes chunks on, late if that is the behaviour, and never one before another. */
  #inOrder(target: Socket): (chunk: Buffer) => void {
    let last = Promise.resolve()
    let waiting = 0
    const pass = (chunk: Buffer) => {
      if (chunk.length > 0 && !this.#isSilent && target.writable) target.write(chunk)
    }
    return (chunk) => {
      const milliseconds = this.#behaviour._tag === "Delay" ? this.#behaviour.milliseconds : 0
      if (milliseconds === 0 && waiting === 0) {
        pass(chunk)
        return
      }
      waiting++
      const due = setTimeout(milliseconds)
      last = last.then(async () => {
        await due
        waiting--
        pass(chunk)
      })
    }
  }
}
