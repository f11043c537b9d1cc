/**
 * The worker function, behind the queue: it runs the tasks whose ids it gets.
 *
 * A task that does not end in time is given back and its id sent again. A message that comes twice does no harm: the second
 * one finds its task held or ended.
 */
import type { LambdaContext, SqsAnswer, SqsEvent } from "./queue.ts"
import { runner } from "./tasks.ts"

/** Milliseconds that are left for giving a task back before Lambda ends the invocation. */
const reserve = 1_000

export const handler = async ({ Records }: SqsEvent, context: LambdaContext): Promise<SqsAnswer> => {
  const run = async (taskId: string) => {
    await runner.runTask(taskId, { timeout: context.getRemainingTimeInMillis() - reserve })
  }
  const ends = await Promise.allSettled(Records.map(({ body }) => run(body)))
  // Rejected is what the engine could not do: SQS delivers it again, later.
  return {
    batchItemFailures: Records
      .filter((_, index) => ends[index]?.status === "rejected")
      .map(({ messageId }) => ({ itemIdentifier: messageId }))
  }
}
