/** Clients that forget a condition, as a driver could that does not send it. */
import type { ServiceInputTypes } from "@aws-sdk/client-dynamodb"
import { interceptedClient } from "./interceptedClient.ts"

/** A condition that a driver could forget. */
export interface BrokenCondition {
  readonly name: string
  /** Finds the condition in the text of expressions; of a list condition, all that belongs to it. */
  readonly pattern: RegExp
  /** The case of the contract that notices, behind its subject. */
  readonly noticedBy: readonly [subject: string, name: string]
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
    noticedBy: ["updateTaskStatus", "working -> working is refused"]
  },
  {
    name: "the expiry",
    pattern: new RegExp(unexpired),
    noticedBy: ["expiry", "updateTaskStatus finds no expired task"]
  },
  { name: "the session", pattern: /#sessionId = :v\d+/, noticedBy: ["sessions", "shows session-1 no task of others"] },
  {
    name: "that a task is bound to no session",
    pattern: /attribute_not_exists\(#sessionId\)/,
    noticedBy: ["sessions", "shows unbound code no task of others"]
  },
  {
    name: "the revision",
    pattern: /#revision = :v\d+/,
    noticedBy: ["updateTask", "lets exactly one of many concurrent replacements win"]
  },
  {
    name: "the incarnation",
    pattern: /#incarnation = :v\d+/,
    noticedBy: ["requireInput, provideInput", "answers no later task of the same id"]
  },
  {
    name: "that there is no outcome",
    pattern: /attribute_not_exists\(#result\)/,
    noticedBy: ["storeTaskResult, getTaskResult", "stores an outcome while working, once"]
  },
  {
    name: "when the task was written",
    pattern: /#lastUpdatedAt < :v\d+/,
    noticedBy: ["recoverStuckTasks", "never undoes a write that raced it, and tells exactly what it wrote"]
  },
  {
    name: "the attempt",
    pattern: /#attempt = :v\d+/,
    noticedBy: ["fencing", "updateTaskStatus is the present worker's, and of no attempt but its own"]
  },
  {
    name: "when a lease runs out",
    pattern: /#leaseExpiresAt <= :v\d+/,
    noticedBy: [
      "claimableTasks, expired leases",
      "recovery never undoes what raced it, and tells exactly what it wrote"
    ]
  },
  {
    name: "that a task was not released",
    pattern: /#leaseExpiresAt > :v\d+/,
    noticedBy: [
      "primitives",
      "a guard on a lease that has run out lets nobody write to a task that was released, waits or is held"
    ]
  },
  {
    name: "that a worker is alive",
    pattern: /attribute_not_exists\(#diedAt\)/,
    noticedBy: ["workers", "that are dead stay dead"]
  },
  {
    name: "that the lease of a worker has run out",
    pattern: /#leaseExpiresAt <= :v\d+/,
    noticedBy: ["workers", "are renewed or declared dead, whichever comes first, and never both"]
  },
  {
    name: "that a task waits on purpose",
    pattern: /\(attribute_not_exists\(#dueAt\) OR #dueAt <> #leaseExpiresAt\)/,
    noticedBy: [
      "primitives",
      "a guard on a lease that has run out lets nobody write to a task that was released, waits or is held"
    ]
  },
  {
    name: "the size of the content",
    pattern: /#otherBytes <= :v\d+/,
    noticedBy: ["limits", "everything else together may take its bytes and not one more"]
  },
  {
    name: "that the id is free",
    pattern: /attribute_not_exists\(#pk\)/,
    noticedBy: ["createTask", "takes ids from the option generateId"]
  },
  {
    name: "that a queue has no messages",
    pattern: /attribute_not_exists\(#pk\)/,
    noticedBy: ["messages", "go with a task that is deleted, and not before"]
  },
  {
    name: "the limits",
    pattern: /\((attribute_not_exists\(#tasks\) OR )?#tasks <= :v\d+\)/,
    noticedBy: ["limits", "maxTasks is exact under concurrency"]
  },
  {
    name: "that the head of a queue has not moved",
    pattern: /#first = :v\d+( AND #next = :v\d+)?/,
    noticedBy: ["messages", "are given to one of several concurrent callers"]
  }
]
