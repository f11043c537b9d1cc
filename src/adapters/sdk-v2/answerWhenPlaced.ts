/**
 * Calls whose tools are functions that give promises, and may be over before anything has to watch them.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { PromiseTaskContext } from "../../promise/PromiseTaskRunner.ts"
import { beginInPromises } from "../../promise/runInPromises.ts"
import { callTool, placeCall, type PlacedCall } from "../../protocol/callTool.ts"
import type { Tasks } from "../../protocol/Tasks.ts"
import type { ToolAnswer, ToolCall } from "../../protocol/ToolCall.ts"
import type { WireError } from "../../protocol/WireError.ts"
import type { TaskContext } from "../../runner/TaskContext.ts"
import { EndOfTurn } from "./EndOfTurn.ts"
import type { ServedTasks } from "./ServedTasks.ts"

/** A call, and how its tool does the work. */
interface PromisedCall<A> {
  readonly make: (tasks: Tasks) => ToolCall<A, WireError>
  readonly run: (context: PromiseTaskContext) => Promise<A>
  /** Makes answers of what the work throws. */
  readonly answering: (work: Effect.Effect<A, never, TaskContext>) => Effect.Effect<A, never, TaskContext>
}

const endOfTurn = new EndOfTurn()

/**
 * Answers a call by what the protocol makes of it. Where it may end in time, its work begins without a fiber. Work that is over
 * within this turn of the event loop never gets one: nobody can have cancelled it, and its time cannot be over. Any other goes on as
 * the protocol has it, at the end of the turn, or when it first asks for anything. So does work that fails.
 *
 * @since 0.2.0
 * @category handlers
 */
export const answerWhenPlaced = <A>(
  served: ServedTasks,
  signal: AbortSignal,
  call: PromisedCall<A>
): Promise<ToolAnswer<A>> => {
  const { make } = call
  // The work of a call that is traced has a span from its beginning.
  if (served.isTracing) return served.answer((tasks) => callTool(tasks, make(tasks)), signal)
  return new Promise((resolve, reject) => {
    let placed: PlacedCall<A, WireError> | undefined
    const begin = (otherwise: () => void) =>
      placed === undefined ? otherwise() : beginPlaced(served, signal, call, placed, resolve, reject)
    served.begin(
      (tasks) => placeCall(tasks, make(tasks), (place) => void (placed = place)),
      signal,
      // A call that has its place is begun even if its client has just gone: so the place is given up in the one way.
      (answer) => begin(() => answer === "placed" || resolve(answer)),
      (error) => begin(() => reject(error))
    )
  })
}

const beginPlaced = <A>(
  served: ServedTasks,
  signal: AbortSignal,
  { answering, run }: PromisedCall<A>,
  { answer, facts, leave }: PlacedCall<A, WireError>,
  resolve: (answer: ToolAnswer<A>) => void,
  reject: (error: unknown) => void
): void => {
  let isWatched = false
  const watch = () => {
    if (isWatched) return
    isWatched = true
    let hasBegun = false
    served.begin(
      () =>
        Effect.suspend(() => {
          hasBegun = true
          return answer(answering(work.goOn))
        }),
      signal,
      resolve,
      (error) => {
        if (!hasBegun) {
          // The runner has just ended.
          served.end(leave)
          work.abort()
        }
        reject(error)
      }
    )
  }
  const work = beginInPromises(facts, run, watch)
  const forget = endOfTurn.call(watch)
  work.result.then((result) => {
    if (isWatched) return
    isWatched = true
    forget()
    work.drop()
    served.end(leave)
    resolve({ _tag: "Result", result })
  }, watch)
}
