/** The tools of every server of the table, written so that each kind of server can run them. */
import { setTimeout } from "node:timers/promises"
import type { PromiseTaskContext, RetryPolicy } from "../../../src/promise/index.ts"
import { InputRefused } from "../../../src/runner/handler/InputRefused.ts"
import { TaskFailure } from "../../../src/runner/handler/TaskContext.ts"
import { briefly } from "./requireBrief.ts"

/** What a tool of the table uses of its context. */
export type BehaviourContext = Pick<PromiseTaskContext, "attempt" | "elicit" | "sample" | "progress" | "setTtl">

interface ToolResult {
  readonly content: Array<{ readonly type: "text"; readonly text: string }>
  readonly isError?: true
}

export interface BehaviourTool {
  readonly name: string
  /** Left out, it is for the server to say. `"forbidden"` is a tool that is registered without tasks. */
  readonly taskSupport?: "forbidden" | "required"
  readonly isIdempotent?: true
  /** Milliseconds. */
  readonly ttl?: number
  readonly resultTtl?: number
  /** Milliseconds. Revision 2025-11-25 leaves it to the client. */
  readonly taskAfter?: number
  readonly retry?: RetryPolicy
  readonly run: (context: BehaviourContext) => Promise<ToolResult>
}

const text = (text: string): ToolResult => ({ content: [{ type: "text", text }] })

const form = {
  message: "Sure?",
  requestedSchema: { type: "object", properties: { sure: { type: "boolean" } }, required: ["sure"] }
}

const refusalOf = (error: unknown): string => {
  if (error instanceof InputRefused) return JSON.stringify({ code: error.code, message: error.message })
  throw error
}

/** None takes arguments. */
export const behaviourTools: ReadonlyArray<BehaviourTool> = [
  { name: "plain", taskSupport: "forbidden", run: async () => text("plain") },
  { name: "greet", run: async () => text("hello") },
  { name: "again", isIdempotent: true, run: async () => text("again") },
  { name: "only", taskSupport: "required", run: async () => text("only") },
  { name: "slow", run: async () => text(await setTimeout(60_000, "slow", { ref: false })) },
  { name: "greetInTime", taskAfter: 60_000, run: async () => text("hello in time") },
  { name: "failsInTime", taskAfter: 60_000, run: async () => ({ ...text("The disk is full"), isError: true }) },
  {
    name: "asksInTime",
    taskAfter: 60_000,
    run: async ({ elicit }) => text(JSON.stringify(await elicit("sure", form)))
  },
  {
    name: "later",
    taskAfter: 100,
    run: async ({ progress }) => {
      await progress("begun")
      return text(await setTimeout(1_500, "later"))
    }
  },
  { name: "soon", run: async () => text(await setTimeout(1_000, "soon")) },
  { name: "brief", ttl: 3_600_000, resultTtl: briefly, run: async () => text("brief") },
  {
    name: "briefWhenCancelled",
    ttl: 3_600_000,
    resultTtl: briefly,
    run: async () => text(await setTimeout(60_000, "slow", { ref: false }))
  },
  { name: "fails", run: async () => ({ ...text("The disk is full"), isError: true }) },
  {
    name: "throws",
    run: async () => {
      throw new Error("hunter2")
    }
  },
  {
    name: "mistakes",
    run: async ({ setTtl }) => {
      await setTtl(-1)
      return text("never")
    }
  },
  {
    name: "mistakesInTime",
    taskAfter: 60_000,
    run: async ({ setTtl }) => {
      await setTtl(-1)
      return text("never")
    }
  },
  {
    name: "triedAgain",
    retry: { times: 2, delay: 20 },
    run: async ({ attempt }) => {
      if (attempt < 3) throw new Error("not yet")
      return text(`try ${attempt}`)
    }
  },
  {
    name: "triedInVain",
    retry: { times: 1, delay: 20 },
    run: async () => {
      throw new Error("hunter2")
    }
  },
  {
    name: "refuses",
    run: async () => {
      throw new TaskFailure({ code: -32050, message: "no such account", data: { id: 7 } })
    }
  },
  { name: "asks", run: async ({ elicit }) => text(JSON.stringify(await elicit("sure", form))) },
  {
    name: "samples",
    run: async ({ sample }) => {
      const messages = [{ role: "user", content: { type: "text", text: "Why?" } }]
      return text(
        await sample("model", { messages, maxTokens: 10 }).then((answer) => JSON.stringify(answer), refusalOf)
      )
    }
  },
  {
    name: "counts",
    run: async ({ progress }) => {
      for (let i = 1; i <= 30; i++) {
        await progress(`${i} of 30`, { progress: i, total: 30 })
        await setTimeout(10)
      }
      return text("counted")
    }
  }
]
