/** Clients that forget a condition, as a driver could that does not send it. */
import type { ServiceInputTypes } from "@aws-sdk/client-dynamodb"
import { interceptedClient } from "./interceptedClient.ts"

/** A condition that a driver could forget. */
export interface BrokenCondition {
  readonly name: string
  /** Finds the condition in the text of expressions; of a list condition, all that belongs to it. */
  readonly pattern: RegExp
  /** The subject of the contract with a case that notices. */
  readonly subject: string
}

/**
 * Makes a client that weakens conditions: what the pattern finds holds for every item that is there, or, for the
 * absence of one, always. The old condition stays beside it, since DynamoDB refuses names and values that nothing uses.
 */
export const forgettingClient = (pattern: RegExp) =>
  interceptedClient(({ input, perform }) => perform(weakened(input, pattern)))

const weakened = (input: ServiceInputTypes, pattern: RegExp): ServiceInputTypes => {
  const weaken = <A>(value: A): A => {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
    const copy = { ...value }
    for (const expression of ["ConditionExpression", "FilterExpression"]) {
      const text: unknown = Reflect.get(value, expression)
      if (typeof text === "string") Reflect.set(copy, expression, text.replace(pattern, always))
    }
    return copy
  }
  const outer = weaken(input)
  if (!("TransactItems" in outer && "ClientRequestToken" in outer) || outer.TransactItems === undefined) return outer
  return {
    ...outer,
    TransactItems: outer.TransactItems.map(({ ConditionCheck, Delete, Put, Update }) => ({
      ConditionCheck: weaken(ConditionCheck),
      Delete: weaken(Delete),
      Put: weaken(Put),
      Update: weaken(Update)
    }))
  }
}

/** Every condition names an attribute, which an item has or has not. */
const always = (condition: string): string => {
  const name = /#\w+/.exec(condition)?.[0] ?? ""
  return `(${condition} OR attribute_exists(${name}) OR attribute_not_exists(${name}))`
}

const unexpired = String.raw`\(attribute_not_exists\(#expiresAt\) OR #expiresAt > :v\d+\)`

/** One for each condition that the driver sends. */
export const brokenConditions: ReadonlyArray<BrokenCondition> = [
  {
    name: "the statuses",
    pattern: /#status IN \([^)]*\)/,
    subject: "updateTaskStatus"
  },
  { name: "the expiry", pattern: new RegExp(unexpired), subject: "expiry" },
  { name: "the session", pattern: /#sessionId = :v\d+/, subject: "sessions" },
  {
    name: "that a task is bound to no session",
    pattern: /attribute_not_exists\(#sessionId\)/,
    subject: "sessions"
  },
  { name: "the revision", pattern: /#revision = :v\d+/, subject: "updateTask" },
  { name: "the incarnation", pattern: /#incarnation = :v\d+/, subject: "requireInput, provideInput" },
  {
    name: "that there is no outcome",
    pattern: /attribute_not_exists\(#result\)/,
    subject: "storeTaskResult, getTaskResult"
  },
  { name: "when the task was written", pattern: /#lastUpdatedAt < :v\d+/, subject: "recoverStuckTasks" },
  { name: "the attempt", pattern: /#attempt = :v\d+/, subject: "fencing" },
  {
    name: "when a lease runs out",
    pattern: /#leaseExpiresAt <= :v\d+/,
    subject: "claimableTasks, expired leases"
  },
  {
    name: "that a task was not released",
    pattern: /#leaseExpiresAt > :v\d+/,
    subject: "primitives"
  },
  { name: "that a worker is alive", pattern: /attribute_not_exists\(#diedAt\)/, subject: "workers" },
  { name: "that the lease of a worker has run out", pattern: /#leaseExpiresAt <= :v\d+/, subject: "workers" },
  {
    name: "that a task waits on purpose",
    pattern: /\(attribute_not_exists\(#dueAt\) OR #dueAt <> #leaseExpiresAt\)/,
    subject: "primitives"
  },
  { name: "the size of the content", pattern: /#otherBytes <= :v\d+/, subject: "limits" },
  {
    name: "that the id is free",
    pattern: /attribute_not_exists\(#pk\)/,
    subject: "createTask"
  },
  {
    name: "that a queue has no messages",
    pattern: /attribute_not_exists\(#pk\)/,
    subject: "messages"
  },
  {
    name: "the limits",
    pattern: /\((attribute_not_exists\(#tasks\) OR )?#tasks <= :v\d+\)/,
    subject: "limits"
  },
  {
    name: "that the head of a queue has not moved",
    pattern: /#first = :v\d+( AND #next = :v\d+)?/,
    subject: "messages"
  }
]
