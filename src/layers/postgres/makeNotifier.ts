/**
 * Telling other processes about writes.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import { untraced } from "../../domain/telemetry/untraced.ts"
import { giveUpAfter } from "../giveUpAfter.ts"
import { realSleep } from "../realSleep.ts"
import type { SqlRunner } from "../sql/SqlRunner.ts"

/** Milliseconds over which notifications are gathered. One within each write would cost most of its speed. */
const gathering = 10

/** How long the end of a storage waits until its last writes are told, in milliseconds. */
const lastWords = 1_000

/** PostgreSQL takes less than 8000 bytes. */
const maxBytes = 7900

/**
 * Gives a function that notes a written task. The tasks of some milliseconds are told together, outside the transactions that
 * wrote them. If that fails, waiters notice at their next look.
 *
 * A message is lines of text: who sends it, and the ids of tasks.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeNotifier = Effect.fnUntraced(function*(
  runner: SqlRunner,
  channel: string,
  sender: string
): Effect.fn.Return<(taskId: string) => void, never, Scope.Scope> {
  const latch = Latch.makeUnsafe(false)
  let taskIds = new Set<string>()

  const tell = Effect.suspend(() => {
    const messages = messagesOf(sender, taskIds)
    taskIds = new Set()
    latch.closeUnsafe()
    if (messages.length === 0) return Effect.void
    const text = `SELECT pg_notify(?, message) FROM jsonb_array_elements_text(CAST(? AS jsonb)) AS message`
    return Effect.ignoreCause(runner.write({ text, params: [channel, JSON.stringify(messages)] }, () => undefined))
  })
  yield* Effect.addFinalizer(() => Effect.ignore(giveUpAfter(tell, lastWords, () => "unanswered")))
  yield* latch.await.pipe(
    Effect.andThen(realSleep(gathering)),
    Effect.andThen(tell),
    Effect.forever,
    untraced,
    Effect.forkScoped
  )
  return (taskId) => {
    taskIds.add(taskId)
    latch.openUnsafe()
  }
})

const messagesOf = (sender: string, taskIds: ReadonlySet<string>): ReadonlyArray<string> => {
  const messages: Array<string> = []
  let message = sender
  let bytes = sender.length
  for (const taskId of taskIds) {
    const size = Buffer.byteLength(taskId) + 1
    if (bytes + size > maxBytes) {
      messages.push(message)
      message = sender
      bytes = sender.length
    }
    message += `\n${taskId}`
    bytes += size
  }
  if (bytes > sender.length) messages.push(message)
  return messages
}
