/** The tools of the chaos: what each does, and what is said of it so that it can be judged. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type InputRefused, TaskContext, TaskFailure, type TaskHandler, twoPart } from "../../../src/runner/index.ts"

export const toolNames = ["once", "again", "asks", "waits", "steps", "fails"] as const

export type ToolName = (typeof toolNames)[number]

/** What a person is asked. */
const form = {
  method: "elicitation/create",
  params: { message: "Which?", requestedSchema: { type: "object", properties: { which: { type: "string" } } } }
}

/** Answers so that what was answered can be told from what was not. */
export const answerFor = (taskId: string) => ({ action: "accept", content: { which: taskId } }) as const

/** Says that a tool has begun, and what it does once only, before it goes on. */
export type Note = (what: "began" | "stepped", taskId: string) => Effect.Effect<void>

/** The handlers. Their work takes up to `longest` milliseconds, by the last characters of the id. */
export const makeTools = (note: Note, longest: number): ReadonlyArray<TaskHandler<TaskFailure | InputRefused>> => {
  const work = Effect.flatMap(TaskContext, ({ progress, taskId }) =>
    Effect.gen(function*() {
      const part = Duration.millis((Number.parseInt(taskId.slice(-2), 16) / 255) * longest / 2)
      yield* Effect.sleep(part)
      yield* progress("half way")
      yield* Effect.sleep(part)
      return { did: taskId }
    }))
  const began = Effect.flatMap(TaskContext, ({ taskId }) => note("began", taskId))
  const retried = { maxAttempts: 1_000 }
  const tool = (
    name: ToolName,
    run: TaskHandler<TaskFailure | InputRefused>["run"],
    lostWorker: TaskHandler["lostWorker"]
  ): TaskHandler<TaskFailure | InputRefused> => ({ method: "tools/call", name, run, lostWorker })
  return [
    tool("once", () => Effect.andThen(began, work), "fail"),
    tool("again", () => Effect.andThen(began, work), retried),
    tool(
      "asks",
      twoPart({
        ask: () => Effect.succeed({ which: form }),
        answer: (answers) => Effect.andThen(work, Effect.succeed(answers))
      }),
      retried
    ),
    tool(
      "waits",
      () =>
        Effect.flatMap(
          TaskContext,
          ({ elicit }) => Effect.flatMap(elicit("which", form.params), (which) => Effect.as(work, { which }))
        ),
      retried
    ),
    tool(
      "steps",
      () =>
        Effect.flatMap(TaskContext, ({ step, taskId }) =>
          Effect.andThen(
            step("first", Schema.String, Effect.as(note("stepped", taskId), taskId)),
            work
          )),
      retried
    ),
    tool("fails", () => Effect.andThen(work, new TaskFailure({ code: -32001, message: "as it should" })), retried)
  ]
}
