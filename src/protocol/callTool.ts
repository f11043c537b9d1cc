/**
 * How the call of a tool is answered: with its result, or with the task that it became.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { StartTask } from "../runner/service/TaskRunner.ts"
import { CallFacts } from "./CallFacts.ts"
import { callInline, resumeInline, storedCallId } from "./callInline.ts"
import { type CallPlace, reservePlace, takePlace } from "./CallPlace.ts"
import { callThenTask } from "./callThenTask.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import { askedTtl } from "./params.ts"
import { isProgressToken, makeProgressSender, type ProgressSender } from "./ProgressSender.ts"
import { overrunAnswers, overrunRequest } from "./requestLimits.ts"
import type { Inline } from "./runStorable.ts"
import { declaresTasks, ownProperty } from "./TaskClient.ts"
import { taskDraft } from "./taskDraft.ts"
import type { Tasks } from "./Tasks.ts"
import { createdTask20251125 } from "./Tasks20251125.ts"
import { createdTask20260728 } from "./Tasks20260728.ts"
import { boundedTtl } from "./TasksOptions.ts"
import type { PreparedCall, ToolAnswer, ToolCall } from "./ToolCall.ts"
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
export const callTool = <A, E>(tasks: Tasks, call: ToolCall<A, E>): Effect.Effect<ToolAnswer<A>, WireError | E> =>
  Effect.suspend(() => answerCall(tasks, call, (inline) => callInTime(call, inline)))

/**
 * A call that may end in time, and has its place among the calls of its owner and the tasks of the runner.
 *
 * @since 0.2.0
 * @category models
 */
export class PlacedCall<A, E> {
  readonly #call: ToolCall<A, E>
  readonly #inline: Inline<A>
  readonly #place: CallPlace

  constructor(call: ToolCall<A, E>, inline: Inline<A>, place: CallPlace) {
    this.#call = call
    this.#inline = inline
    this.#place = place
  }

  /** What its work knows from its beginning. */
  get facts(): CallFacts {
    const { owned, prepared: { inputResponses } } = this.#inline
    return new CallFacts({ owned, answers: inputResponses, taskId: this.#place.slot.taskId })
  }

  /** Runs the work until the request can be answered, and gives up the place then. */
  get answer(): Effect.Effect<ToolAnswer<A>, WireError | E> {
    return Effect.uninterruptibleMask((restore) =>
      this.#place.leaveAfter(callThenTask(this.#call, this.#inline, this.#place.slot, restore))
    )
  }

  /** Gives up the place of a call that was answered otherwise. */
  leave(): void {
    this.#place.leave()
  }
}

/**
 * Answers a call as {@link callTool} does, but runs none that may end in time: `place` gets it then, and has to answer it. This is
 * for servers whose tools need no fiber to begin with. So it asks for none itself as long as all is known at once: then it gives an
 * `Exit`.
 *
 * @since 0.2.0
 * @category handlers
 */
export const placeCall = <A, E>(
  tasks: Tasks,
  call: ToolCall<A, E>,
  place: (placed: PlacedCall<A, E>) => void
): Effect.Effect<ToolAnswer<A> | "placed", WireError | E> =>
  answerCall(tasks, call, (inline) => {
    const placing = { tasks, owned: inline.owned, name: call.tool.name }
    const taken = takePlace(placing)
    if (taken !== undefined) {
      place(new PlacedCall(call, inline, taken))
      return placed
    }
    return Effect.uninterruptible(Effect.flatMap(reservePlace(placing), (reserved) => {
      if (reserved === undefined) return Effect.undefined
      place(new PlacedCall(call, inline, reserved))
      return placed
    }))
  })

const placed = Effect.succeed("placed" as const)

/** Answers a call, by `inTime` if it may end in time; that gives `undefined` if there is no place for it. */
const answerCall = <A, E, B>(
  tasks: Tasks,
  call: ToolCall<A, E>,
  inTime: (inline: Inline<A>) => Effect.Effect<B | undefined, WireError | E>
): Effect.Effect<ToolAnswer<A> | B, WireError | E> => {
  const taskId = isModern(call) ? storedCallId(call.requestState) : undefined
  if (taskId !== undefined) {
    return Effect.flatMapEager(
      call.owned,
      (owned) => tasks.openCalls.while(owned, resumeInline(call, owned, taskId))
    )
  }
  // Most of this is known at once. Whatever is goes on without a turn of Effect's.
  return Effect.flatMapEager(kindOf(call), (kind) =>
    Effect.flatMapEager(call.owned, (owned) => {
      const overrun = overrunAnswers(owned.limits, call.inputResponses)
      if (overrun !== undefined) return Effect.fail(overrun)
      const checked: Effect.Effect<PreparedCall<A>, WireError | E> = kind === "inline" || isModern(call)
        ? call.prepare
        : Effect.mapError(call.prepare, call.toWireError)
      return Effect.flatMapEager(checked, (prepared) => answerPrepared(tasks, call, kind, owned, prepared, inTime))
    }))
}

type Kind = "task" | "inline"

const isModern = <A, E>({ client }: ToolCall<A, E>): boolean => client.protocolVersion === "2026-07-28"

/** Answers a call whose arguments were checked. */
const answerPrepared = <A, E, B>(
  tasks: Tasks,
  call: ToolCall<A, E>,
  kind: Kind,
  owned: OwnedTasks,
  prepared: PreparedCall<A>,
  inTime: (inline: Inline<A>) => Effect.Effect<B | undefined, WireError | E>
): Effect.Effect<ToolAnswer<A> | B, WireError | E> => {
  if (prepared._tag === "Answered") return Effect.succeed({ _tag: "Result", result: prepared.answer })
  const overrun = overrunRequest(owned.limits, prepared.arguments)
  if (overrun !== undefined) return Effect.fail(overrun)
  const inline: Inline<A> = { tasks, owned, prepared, progress: progressOf(call) }
  if (kind === "inline") return tasks.openCalls.while(owned, callInline(call, inline))
  return isModern(call) && call.tool.policy.taskAfter > 0
    ? Effect.flatMapEager(
      inTime(inline),
      (answer): Effect.Effect<ToolAnswer<A> | B, WireError> =>
        answer === undefined ? callAsTask(call, inline) : Effect.succeed(answer)
    )
    : callAsTask(call, inline)
}

/** Makes a task of a call. */
const callAsTask = <A, E>(
  call: ToolCall<A, E>,
  { owned, prepared, progress, tasks }: Inline<A>
): Effect.Effect<ToolAnswer<A>, WireError> => {
  const draft = taskDraft(call, owned, prepared)
  const listener = call.outlivesCall === true ? progress : undefined
  if (isModern(call)) {
    return Effect.map(start(tasks, owned, draft, listener), (record) => ({
      _tag: "Wire",
      result: createdTask20260728(record)
    }))
  }
  return Effect.flatMap(askedTtl(call.task), (asked) => {
    const ttl = asked === undefined ? draft.ttl : boundedTtl(tasks.settings, asked)
    return Effect.map(start(tasks, owned, { ...draft, ttl }, listener), (record) => ({
      _tag: "Wire",
      result: createdTask20251125(record)
    }))
  })
}

/** Runs a call that may become a task later. */
const callInTime = <A, E>(
  call: ToolCall<A, E>,
  inline: Inline<A>
): Effect.Effect<ToolAnswer<A> | undefined, WireError | E> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      reservePlace({ tasks: inline.tasks, owned: inline.owned, name: call.tool.name }),
      (place) => place?.leaveAfter(callThenTask(call, inline, place.slot, restore)) ?? Effect.undefined
    )
  )

const becomesTask: Effect.Effect<Kind> = Effect.succeed("task")
const runsInline: Effect.Effect<Kind> = Effect.succeed("inline")

/** Decides what becomes of a call, before anything runs. */
const kindOf = <A, E>(
  { client, hasTasks = true, task, tool }: ToolCall<A, E>
): Effect.Effect<Kind, WireError> => {
  const { name, policy: { taskSupport } } = tool
  switch (hasTasks ? client.protocolVersion : undefined) {
    case "2026-07-28":
      if (taskSupport !== "forbidden" && declaresTasks(client)) return becomesTask
      return taskSupport === "required" ? Effect.fail(missingCapability) : runsInline
    case "2025-11-25":
      if (task !== undefined) {
        return taskSupport === "forbidden" ? Effect.fail(noAugmentation(name)) : becomesTask
      }
      return taskSupport === "required"
        ? Effect.fail(unsupported(`Tool '${name}' requires task augmentation`))
        : runsInline
    default:
      return taskSupport === "required"
        ? Effect.fail(unsupported(
          `Tool '${name}' runs as a task only, and this server has no tasks in revision ${client.protocolVersion}. ` +
            "Use a client of a later revision."
        ))
        : runsInline
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

const progressOf = <A, E>(call: ToolCall<A, E>): ProgressSender | undefined => {
  const token = ownProperty(call.meta, "progressToken")
  if (!isProgressToken(token)) return undefined
  const { sendProgress } = call
  return sendProgress === undefined ? undefined : makeProgressSender(token, sendProgress)
}
