/**
 * A queue of SQS, simulated in this process: it delivers in batches, now and then twice, and again what failed.
 *
 * In AWS it is a queue with the worker function behind it, and `send` is:
 *
 *     const sqs = new SQSClient()
 *     export const send = (taskId: string) =>
 *       sqs.send(new SendMessageCommand({ QueueUrl: process.env["QUEUE_URL"], MessageBody: taskId }))
 */

/** What SQS hands to a function. */
export interface SqsEvent {
  readonly Records: ReadonlyArray<{ readonly messageId: string; readonly body: string }>
}

/** What the function answers: which messages SQS has to deliver again (`ReportBatchItemFailures`). */
export interface SqsAnswer {
  readonly batchItemFailures: ReadonlyArray<{ readonly itemIdentifier: string }>
}

/** What Lambda tells a function about its invocation. */
export interface LambdaContext {
  readonly getRemainingTimeInMillis: () => number
}

const batchSize = 10

let messages: ReadonlyArray<SqsEvent["Records"][number]> = []
let sent = 0

/** Puts the id of a task that is to be run into the queue. */
export const send = async (taskId: string): Promise<void> => {
  messages = [...messages, { messageId: `message-${++sent}`, body: taskId }]
}

/** Tells how many messages wait. */
export const waiting = (): number => messages.length

/** Delivers one batch to a function; gives how many messages it took. */
export const deliver = async (
  work: (event: SqsEvent, context: LambdaContext) => Promise<SqsAnswer>,
  milliseconds: number
): Promise<number> => {
  const batch = messages.slice(0, batchSize)
  messages = messages.slice(batchSize)
  const end = Date.now() + milliseconds
  // SQS promises at least once: the first message of a batch comes twice here.
  const { batchItemFailures } = await work(
    { Records: [...batch, ...batch.slice(0, 1)] },
    { getRemainingTimeInMillis: () => end - Date.now() }
  )
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
  messages = [...messages, ...batch.filter(({ messageId }) => failed.has(messageId))]
  return batch.length
}
