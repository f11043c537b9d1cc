/**
 * Tools that may become tasks.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Json } from "effect/Schema"
import { parseShortText } from "../domain/options/ArgumentParsers.ts"
import { maxNameLength } from "../domain/options/maxNameLength.ts"
import type { InvalidInput } from "../domain/task/TaskError.ts"
import type { TaskRecord } from "../domain/task/TaskRecord.ts"
import { asking, type InputAnswers, type InputRequests, unlessRefused } from "../runner/handler/asking.ts"
import { refusedAnswer } from "../runner/handler/InputRefused.ts"
import { keysOfRequests } from "../runner/handler/requests.ts"
import { TaskContext, type TaskContextShape } from "../runner/handler/TaskContext.ts"
import type { TaskHandler } from "../runner/handler/TaskHandler.ts"
import { isJsonObject } from "./json.ts"
import { elicitation, toolsCall } from "./names.ts"
import { canAnswer, clientOf, notDeclared, ownProperty } from "./TaskClient.ts"
import type { Tasks } from "./Tasks.ts"
import { boundedTtl, parseTtl, type TasksSettings, type ToolPolicy } from "./TasksOptions.ts"

/**
 * A call as it was stored.
 *
 * @since 0.2.0
 * @category models
 */
interface StoredCall {
  /** As the client sent them. */
  readonly arguments: unknown
  /** On whose behalf it runs. */
  readonly principal: Json | undefined
  readonly task: TaskRecord
}

/**
 * A tool as tasks run it.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskTool<E = unknown, R = never> {
  readonly name: string
  readonly policy: ToolPolicy
  /** Does the work, in whichever process; gives the result in its form on the wire. */
  readonly work: (call: StoredCall) => Effect.Effect<unknown, E, R | TaskContext>
  /**
   * Gives the result that the same tool would answer with on this server, did it throw this in a call that is no task;
   * `undefined` where the client would see an internal error.
   */
  readonly resultOfFailure: NonNullable<TaskHandler["resultOfFailure"]>
}

/**
 * Parses the name of a tool. A task is found by it, and a longer text is no name of a task.
 *
 * @since 0.2.0
 * @category parsers
 */
export const parseToolName = (name: unknown): Result.Result<unknown, InvalidInput> =>
  parseShortText("name", name, maxNameLength)

/**
 * Registers a tool, so that its tasks run here whoever created them.
 *
 * @since 0.2.0
 * @category registration
 */
export const registerTool = <E, R>(
  tasks: Tasks,
  tool: TaskTool<E, R>
): Effect.Effect<void, never, Exclude<R, TaskContext>> =>
  Effect.suspend(() => {
    tasks.support.set(tool.name, tool.policy.taskSupport)
    const registered = tasks.runner.register({
      method: toolsCall,
      name: tool.name,
      lostWorker: tool.policy.lostWorker,
      retry: tool.policy.retry,
      resultTtl: tool.policy.resultTtl,
      resultOfFailure: tool.resultOfFailure,
      run: (task) =>
        Effect.suspend(() => tool.work({ arguments: argumentsOf(task), principal: task.principal, task })).pipe(
          Effect.updateService(TaskContext, (context) => toolContext(tasks, task, context)),
          Effect.ensuring(Effect.suspend(() => {
            const sender = tasks.progress.get(task.taskId)
            tasks.progress.delete(task.taskId)
            return sender?.flush ?? Effect.void
          }))
        )
    })
    // The name of the tool and its policy were checked before, or are defects where a tool is registered.
    return Effect.orDie(registered)
  })

/** What a tool can do as a task of a client. */
const toolContext = (tasks: Tasks, task: TaskRecord, context: TaskContextShape): TaskContextShape => ({
  ...context,
  ...askingOnly(clientOf(task)?.clientCapabilities, context),
  answers: { ...preparedAnswers(task), ...context.answers },
  setTtl: (ttl) => context.setTtl(limited(tasks.settings, ttl)),
  progress: (message, amount) =>
    Effect.andThen(
      context.progress(message, amount),
      Effect.suspend(() => tasks.progress.get(task.taskId)?.report(message, amount) ?? Effect.void)
    )
})

/** The questions of a context. */
type Questioning = Pick<TaskContextShape, "elicit" | "sample" | "request" | "suspend">

/**
 * Makes the questions of a context refuse at once what its client did not declare that it answers: nobody could.
 *
 * @since 0.2.0
 * @category combinators
 */
export const askingOnly = (clientCapabilities: unknown, context: Questioning): Questioning => {
  const refusals = (requests: InputRequests): InputAnswers =>
    Object.fromEntries(
      Object.entries(requests)
        .filter(([, { method }]) => !canAnswer(clientCapabilities, method))
        .map(([key, { method }]) => [key, refusedAnswer(method, notDeclared(method))])
    )
  const others = (requests: InputRequests, refused: InputAnswers): InputRequests =>
    Object.fromEntries(Object.entries(requests).filter(([key]) => !Object.hasOwn(refused, key)))
  const guarded = (ask: TaskContextShape["request"]): TaskContextShape["request"] => (requests) =>
    Effect.suspend(() => {
      keysOfRequests(requests)
      const refused = refusals(requests)
      if (Object.keys(refused).length === 0) return ask(requests)
      const rest = others(requests, refused)
      return Effect.flatMap(unlessRefused(refused), () =>
        Object.keys(rest).length === 0
          ? Effect.succeed(refused)
          : Effect.map(ask(rest), (answers) => ({ ...refused, ...answers })))
    })
  const refusing = asking((requests) => Effect.succeed(refusals(requests)))
  return {
    request: guarded(context.request),
    suspend: guarded(context.suspend),
    elicit: (key, params) =>
      canAnswer(clientCapabilities, elicitation) ? context.elicit(key, params) : refusing.elicit(key, params),
    sample: (key, params) =>
      canAnswer(clientCapabilities, "sampling/createMessage")
        ? context.sample(key, params)
        : refusing.sample(key, params)
  }
}

/** What is no time is refused where it is written. */
const limited = (settings: TasksSettings, ttl: Parameters<TaskContextShape["setTtl"]>[0]) =>
  Result.match(parseTtl("ttl", ttl), {
    onSuccess: (ttl) => boundedTtl(settings, ttl),
    onFailure: () => ttl
  })

const argumentsOf = ({ originalParams }: TaskRecord): unknown => ownProperty(originalParams, "arguments") ?? {}

/** What was answered before there was a task. */
const preparedAnswers = ({ originalParams }: TaskRecord): InputAnswers => {
  const answers = isJsonObject(originalParams) ? originalParams["inputResponses"] : undefined
  return isJsonObject(answers) ? answers : {}
}
