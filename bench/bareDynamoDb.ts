/**
 * The bare AWS SDK: the same requests as the library sends.
 *
 * They are not repeated here: they are listened to while the library runs each operation once.
 */
import {
  BatchGetItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand
} from "@aws-sdk/client-dynamodb"
import { isRecent, spied } from "./operations.ts"

/** A request as the library sent it. */
export interface Sent {
  /** What the SDK calls it, without `Command`. */
  readonly name: string
  readonly input: object
  /** Whether it was sent while another one was under way. */
  readonly isWithOthers: boolean
}

/** A client that tells of each request before it is sent. */
export const tapped = (client: DynamoDBClient, tell: (sent: Sent) => void): DynamoDBClient => {
  let underWay = 0
  const send = async (
    ...args: ReadonlyArray<{ readonly input: object; readonly constructor: { readonly name: string } }>
  ) => {
    const [command] = args
    if (command === undefined) throw new Error("expected a command")
    tell({ name: command.constructor.name.replace(/Command$/, ""), input: command.input, isWithOthers: underWay > 0 })
    underWay++
    try {
      return await Reflect.apply(client.send, client, args)
    } finally {
      underWay--
    }
  }
  return new Proxy(client, { get: (target, key) => key === "send" ? send : Reflect.get(target, key) })
}

/** Requests that are ready to be sent: those of each step together, and one step after the other. */
type Steps = ReadonlyArray<ReadonlyArray<() => Promise<unknown>>>

/** What was sent, with another id and the present time in the places of those that the library was listened to with. */
export const prepareRequests = (client: DynamoDBClient, sent: ReadonlyArray<Sent>, id: string): Steps => {
  const now = String(Date.now())
  const steps: Array<Array<() => Promise<unknown>>> = []
  for (const { input, isWithOthers, name } of sent) {
    const text = JSON.stringify(
      input,
      (key, value) => key === "N" && isRecent(Number(value)) ? now : value
    ).replaceAll(spied, id)
    const request = requestOf(client, name, text)
    if (isWithOthers) steps.at(-1)?.push(request)
    else steps.push([request])
  }
  return steps
}

export const sendRequests = async (steps: Steps): Promise<void> => {
  for (const [first, ...others] of steps) {
    if (first === undefined) continue
    if (others.length === 0) await first()
    else await Promise.all([first(), ...others.map((send) => send())])
  }
}

const requestOf = (client: DynamoDBClient, name: string, input: string): () => Promise<unknown> => {
  const parsed = JSON.parse(input)
  switch (name) {
    case "BatchGetItem":
      return () => client.send(new BatchGetItemCommand(parsed))
    case "GetItem":
      return () => client.send(new GetItemCommand(parsed))
    case "PutItem":
      return () => client.send(new PutItemCommand(parsed))
    case "Query":
      return () => client.send(new QueryCommand(parsed))
    case "UpdateItem":
      return () => client.send(new UpdateItemCommand(parsed))
    default:
      throw new Error(`a request that is not expected: ${name}`)
  }
}
