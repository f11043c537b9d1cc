/**
 * How the call of a tool is answered: with its result, or with the task that it became.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { StartTask } from "../runner/TaskRunner.ts"
import { callInline, resumeInline, storedCallId } from "./callInline.ts"
import { callThenTask } from "./callThenTask.ts"
import { toolsCall } from "./names.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import { isProgressToken, makeProgressSender, type ProgressSender } from "./ProgressSender.ts"
import { overrunAnswers, overrunRequest } from "./requestLimits.ts"
import type { Inline } from "./runStorable.ts"
import { declaresTasks, ownProperty } from "./TaskClient.ts"
import { taskDraft } from "./taskDraft.ts"
import type { Tasks } from "./Tasks.ts"
import { createdTask20251125 } from "./Tasks20251125.ts"
import { createdTask20260728 } from "./Tasks20260728.ts"
import { boundedTtl } from "./TasksOptions.ts"
import type { ToolAnswer, ToolCall } from "./ToolCall.ts"
import { failWire, missingCapability, unsupported, type WireError } from "./WireError.ts"

/**
 * Answers a call of a tool that is registered as a task.
 *
 * Arguments are checked before there is a task. If the client can take a task, the call becomes one. Otherwise it runs in the
 * request, and nothing is stored, unless it has to ask a client of revision 2026-07-28.
 *
 * @since 0.2.0
 * @category handlers
 */
export const callTool = Effect.fnUntraced(function*<A, E>(
  tasks: Tasks,
  call: ToolCall<A, E>
): Effect.fn.Return<ToolAnswer<A>, WireError | E> {
  const { client, tool } = call
  const taskId = client.protocolVersion === "2026-07-28" ? storedCallId(call.requestState) : undefined
  if (taskId !== undefined) {
    const owned = yield* call.owned
    return yield* tasks.openCalls.while(owned, resumeInline(call, owned, taskId))
  }
  const kind = yield* kindOf(call)
  const owned = yield* call.owned
  yield* within(overrunAnswers(owned.limits, call.inputResponses))
  const prepared = kind === "inline" || client.protocolVersion === "2026-07-28"
    ? yield* call.prepare
    : yield* Effect.mapError(call.prepare, call.toWireError)
  if (prepared._tag === "Answered") return { _tag: "Result", result: prepared.answer }
  yield* within(overrunRequest(owned.limits, prepared.arguments))
  const progress = progressOf(call)
  const inline = { tasks, owned, prepared, progress }
  if (kind === "inline") return yield* tasks.openCalls.while(owned, callInline(call, inline))
  // Without room it waits or is refused as a task.
  const mayEndInTime = client.protocolVersion === "2026-07-28" && tool.policy.taskAfter > 0
  if (mayEndInTime && tasks.openCalls.refusal(owned) === undefined) {
    const answer = yield* tasks.openCalls.while(owned, callInTime(call, inline))
    if (answer !== undefined) return answer
  }
  const draft = taskDraft(call, owned, prepared)
  const asked = call.task?.ttl
  const ttl = asked === undefined ? tool.policy.ttl : boundedTtl(tasks.settings, asked)
  const record = yield* start(tasks, owned, { ...draft, ttl }, call.outlivesCall === true ? progress : undefined)
  return {
    _tag: "Wire",
    result: client.protocolVersion === "2026-07-28" ? createdTask20260728(record) : createdTask20251125(record)
  }
})

/** Runs a call that may become a task later; `undefined` if the runner has no place for it. */
const callInTime = <A, E>(
  call: ToolCall<A, E>,
  inline: Inline<A>
): Effect.Effect<ToolAnswer<A> | undefined, WireError | E> =>
  Effect.flatMap(
    Effect.catch(
      inline.owned.runner.reserveSlot({ originalMethod: toolsCall, name: call.tool.name }),
      (error) => failWire(error)
    ),
    (slot) => Option.isSome(slot) ? callThenTask(call, inline, slot.value) : Effect.undefined
  )

const within = (overrun: WireError | undefined): Effect.Effect<void, WireError> =>
  overrun === undefined ? Effect.void : Effect.fail(overrun)

/** Decides what becomes of a call, before anything runs. */
const kindOf = <A, E>(
  { client, hasTasks = true, task, tool }: ToolCall<A, E>
): Effect.Effect<"task" | "inline", WireError> => {
  const { name, policy: { taskSupport } } = tool
  switch (hasTasks ? client.protocolVersion : undefined) {
    case "2026-07-28":
      if (taskSupport !== "forbidden" && declaresTasks(client)) return Effect.succeed("task")
      return taskSupport === "required" ? Effect.fail(missingCapability) : Effect.succeed("inline")
    case "2025-11-25":
      if (task !== undefined) {
        return taskSupport === "forbidden" ? Effect.fail(noAugmentation(name)) : Effect.succeed("task")
      }
      return taskSupport === "required"
        ? Effect.fail(unsupported(`Tool '${name}' requires task augmentation`))
        : Effect.succeed("inline")
    default:
      return taskSupport === "required"
        ? Effect.fail(unsupported(
          `Tool '${name}' runs as a task only, and this server has no tasks in revision ${client.protocolVersion}. ` +
            "Use a client of a later revision."
        ))
        : Effect.succeed("inline")
  }
}

/**
 * Says that a tool is no task, for a call of revision 2025-11-25 that asks for one.
 *
 * @since 0.2.0
 * @category constructors
 */
export const noAugmentation = (tool: string): WireError =>
  unsupported(`Tool '${tool}' does not support task augmentation`)

/** How many tasks may have somebody to be told of their progress; those of the longest ago have it no more. */
const mostProgress = 10_000

/** The write and the begin of the work are one step, whatever becomes of the request. */
const start = (tasks: Tasks, owned: OwnedTasks, draft: StartTask, progress: ProgressSender | undefined) =>
  Effect.uninterruptible(
    Effect.tap(tasks.room.within(owned, owned.runner.startTask(draft)), ({ taskId }) =>
      Effect.sync(() => {
        if (progress === undefined) return
        // A task that is dispatched elsewhere never takes its own away.
        for (const oldest of tasks.progress.size < mostProgress ? [] : tasks.progress.keys()) {
          tasks.progress.delete(oldest)
          break
        }
        tasks.progress.set(taskId, progress)
      }))
  ).pipe(Effect.catch((error) => failWire(error)))

const progressOf = <A, E>({ meta, sendProgress }: ToolCall<A, E>): ProgressSender | undefined => {
  const token = ownProperty(meta, "progressToken")
  return sendProgress === undefined || !isProgressToken(token) ? undefined : makeProgressSender(token, sendProgress)
}
