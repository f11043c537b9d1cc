/**
 * Calls whose tools are functions that give promises, and may be over before anything has to watch them.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { BegunWork } from "../../promise/runInPromises.ts"
import { placeCall, type PlacedCall } from "../../protocol/callTool.ts"
import type { Tasks } from "../../protocol/Tasks.ts"
import type { ToolAnswer } from "../../protocol/ToolCall.ts"
import type { WireError } from "../../protocol/WireError.ts"
import { EndOfTurn, type TurnWaiter } from "./EndOfTurn.ts"
import type { SdkAnswer, SdkCall } from "./SdkCall.ts"
import type { ServedTasks } from "./ServedTasks.ts"
import type { CheckedCall } from "./TaskTool.ts"

const endOfTurn = new EndOfTurn()

/**
 * Answers a call by what the protocol makes of it. Where it may end in time, its work begins without a fiber. Work that is over
 * within this turn of the event loop never gets one: nobody can have cancelled it, and its time cannot be over. Any other goes on as
 * the protocol has it, at the end of the turn, or when it first asks for anything. So does work that fails.
 *
 * @since 0.2.0
 * @category handlers
 */
export const beginCall = (
  served: ServedTasks,
  signal: AbortSignal,
  make: (tasks: Tasks) => SdkCall,
  run: CheckedCall["run"],
  answer: (answer: ToolAnswer<SdkAnswer>) => void,
  refuse: (error: unknown) => void
): void => {
  let begun: BegunCall | undefined
  served.begin(
    (tasks) => {
      const call = make(tasks)
      return placeCall(tasks, call, (placed) => {
        begun = new BegunCall(served, signal, call, placed, answer, refuse)
      })
    },
    signal,
    // A call that has its place is begun even if its client has just gone: so the place is given up in the one way.
    (answered) => begun === undefined ? answered === "placed" || answer(answered) : begun.begin(run),
    (error) => begun === undefined ? refuse(error) : begun.begin(run)
  )
}

/** A call that nothing watches yet. */
class BegunCall implements TurnWaiter {
  readonly #served: ServedTasks
  readonly #signal: AbortSignal
  readonly #call: SdkCall
  readonly #placed: PlacedCall<SdkAnswer, WireError>
  readonly #answer: (answer: ToolAnswer<SdkAnswer>) => void
  readonly #refuse: (error: unknown) => void
  readonly #work = new BegunWork<SdkAnswer>(() => this.turnEnded())
  #isWatched = false

  constructor(
    served: ServedTasks,
    signal: AbortSignal,
    call: SdkCall,
    placed: PlacedCall<SdkAnswer, WireError>,
    answer: (answer: ToolAnswer<SdkAnswer>) => void,
    refuse: (error: unknown) => void
  ) {
    this.#served = served
    this.#signal = signal
    this.#call = call
    this.#placed = placed
    this.#answer = answer
    this.#refuse = refuse
  }

  begin(run: CheckedCall["run"]): void {
    endOfTurn.tell(this)
    this.#work.begin(this.#placed.facts, run).then((result) => this.#end(result), () => this.turnEnded())
  }

  #end(result: SdkAnswer): void {
    if (this.#isWatched) return
    this.#isWatched = true
    endOfTurn.forget(this)
    this.#work.drop()
    this.#placed.leave()
    this.#answer({ _tag: "Result", result })
  }

  /** The protocol watches it from now on. */
  turnEnded(): void {
    if (this.#isWatched) return
    this.#isWatched = true
    endOfTurn.forget(this)
    this.#call.begun = this.#work
    let hasBegun = false
    const answering = Effect.suspend(() => {
      hasBegun = true
      return this.#placed.answer
    })
    this.#served.begin(() => answering, this.#signal, this.#answer, (error) => {
      if (!hasBegun) {
        // The runner has just ended.
        this.#placed.leave()
        this.#work.abort()
      }
      this.#refuse(error)
    })
  }
}
