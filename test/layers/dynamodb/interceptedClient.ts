/** Clients of the AWS SDK between whom and the engine a test stands. */
import {
  DynamoDBClient,
  type DynamoDBClientConfig,
  type ServiceInputTypes,
  type ServiceOutputTypes
} from "@aws-sdk/client-dynamodb"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { connection } from "./engine.ts"

/** One request, as the driver made it: its command, its input, and what performs it, with another input if need be. */
interface Intercepted {
  readonly command: string
  readonly input: ServiceInputTypes
  readonly perform: (input?: ServiceInputTypes) => Promise<ServiceOutputTypes>
}

type Intercept = (request: Intercepted) => Promise<ServiceOutputTypes>

/** Makes a client whose every request goes through a function. */
export const interceptedClient = (
  intercept: Intercept,
  config: DynamoDBClientConfig = {}
): Effect.Effect<DynamoDBClient, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const client = new DynamoDBClient({ ...connection(), maxAttempts: 1, ...config })
      client.middlewareStack.add(
        (next, context) => async (args) => {
          let response: unknown
          const output = await intercept({
            command: context.commandName ?? "",
            input: args.input,
            perform: async (input = args.input) => {
              const performed = await next({ ...args, input })
              response = performed.response
              return performed.output
            }
          })
          return { output, response }
        },
        { step: "initialize", name: "intercept" }
      )
      return client
    }),
    (client) => Effect.sync(() => client.destroy())
  )

/** Makes a client that retries by itself, with every attempt going through a function. */
export const interceptedAttempts = (
  intercept: (perform: () => Promise<void>, command: string) => Promise<void>,
  maxAttempts: number
): Effect.Effect<DynamoDBClient, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const client = new DynamoDBClient({ ...connection(), maxAttempts })
      client.middlewareStack.add(
        (next, context) => async (args) => {
          const answers: Array<Awaited<ReturnType<typeof next>>> = []
          await intercept(async () => {
            answers.push(await next(args))
          }, context.commandName ?? "")
          const [answer] = answers
          if (answer === undefined) throw new Error("the request was not performed")
          return answer
        },
        // Behind the SDK's retries, which come first in this step.
        { step: "finalizeRequest", priority: "low", name: "intercept" }
      )
      return client
    }),
    (client) => Effect.sync(() => client.destroy())
  )

/** Makes a client that writes down the commands it is given. */
export const recordingClient = (commands: Array<string>) =>
  interceptedClient(({ command, perform }) => {
    commands.push(command)
    return perform()
  })
