/**
 * The promise facade over a runner.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Result from "effect/Result"
import { parseId } from "../domain/options/ArgumentParsers.ts"
import { optionNames } from "../domain/options/optionNames.ts"
import type { SessionRunner } from "../runner/service/TaskRunner.ts"
import { requireFunction, requireNames, requireObject, requireRun } from "./arguments.ts"
import { plainCall, runTaskCall } from "./callOptions.ts"
import { decodeCreateTask, encodeProvidedInput, encodeSummary, encodeTask } from "./codec.ts"
import { rememberRunner } from "./openedRunners.ts"
import { type OpenedRunner, runnerClosed } from "./openRunner.ts"
import { PromiseCalls } from "./PromiseCalls.ts"
import type { PromiseSessionRunner, PromiseTaskHandler, PromiseTaskRunner, RunResult } from "./PromiseTaskRunner.ts"
import type { PromiseTaskStorage } from "./PromiseTaskStorage.ts"
import { runInPromises } from "./runInPromises.ts"

/**
 * What the facade needs beside the runner.
 *
 * @since 0.2.0
 * @category models
 */
export interface PromiseTaskRunnerOptions {
  readonly storage: PromiseTaskStorage
  /** Releases what was opened for this runner alone. */
  readonly release: () => Promise<void>
}

/**
 * Makes the promise facade of a runner.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makePromiseTaskRunner = (
  opened: OpenedRunner,
  { release, storage }: PromiseTaskRunnerOptions
): PromiseTaskRunner => {
  const { context, runner } = opened
  const calls = new PromiseCalls(context, Effect.void, "the runner is closed")
  const runs = new Set<Promise<RunResult>>()
  let closing: Promise<void> | undefined

  const requireOpen = (operation: string): void => {
    if (closing !== undefined || opened.isClosed()) throw runnerClosed(operation)
  }

  const sessionRunner = (tasks: () => SessionRunner): PromiseSessionRunner => ({
    startTask: (task, run, options) =>
      calls.write("startTask", options, plainCall, () => {
        requireOpen("startTask")
        requireFunction("run", run)
        const work = run === undefined ? undefined : runInPromises(run)
        return tasks().startTask(decodeCreateTask(task), work)
      }, encodeTask),

    provideInput: (taskId, responses, options) =>
      calls.write("provideInput", options, plainCall, () => {
        requireOpen("provideInput")
        return tasks().provideInput(taskId, responses)
      }, encodeProvidedInput),

    cancelTask: (taskId, options) =>
      calls.write("cancelTask", options, plainCall, () => {
        requireOpen("cancelTask")
        return tasks().cancelTask(taskId)
      }, encodeSummary)
  })

  const close = async (): Promise<void> => {
    try {
      await opened.close()
      // The tasks that ran have ended, and those who wait for them hear so, unless a function to dispatch to does not return.
      await Effect.runPromise(Effect.timeoutOption(Effect.promise(() => Promise.allSettled(runs)), "1 second"))
      await calls.close()
    } finally {
      await release()
    }
  }

  const facade: PromiseTaskRunner = {
    ...sessionRunner(() => runner),
    storage,

    register: (handler) => {
      requireOpen("register")
      requireObject("handler", handler)
      requireNames(handler, handlerFields)
      const { lostWorker, method, name, resultTtl, retry, run } = handler
      requireRun(run)
      const own = { lostWorker, method, name, resultTtl, retry, run: runInPromises(run) }
      Result.getOrThrow(
        Effect.runSyncWith(context)(Effect.result(runner.register(own)))
      )
    },

    runTask: async (taskId, options) => {
      const run = calls.wait("runTask", options, runTaskCall, (own) => {
        requireOpen("runTask")
        return runner.runTask(taskId, { timeout: own?.timeout, deadline: own?.deadline })
      }, identity)
      runs.add(run)
      try {
        return await run
      } finally {
        runs.delete(run)
      }
    },

    recover: (options) =>
      calls.write("recover", options, plainCall, () => {
        requireOpen("recover")
        return runner.recover
      }, identity),

    running: () => Effect.runSyncWith(context)(runner.running),

    forSession: (sessionId) =>
      sessionRunner(() => {
        // An invalid session must not reach the tasks of all sessions.
        if (sessionId !== null) Result.getOrThrow(parseId("sessionId", sessionId))
        return runner.forSession(sessionId)
      }),

    close: () => closing ??= close(),
    [Symbol.asyncDispose]: () => closing ??= close()
  }
  rememberRunner(facade, opened)
  return facade
}

const handlerFields = optionNames<PromiseTaskHandler>({
  lostWorker: true,
  method: true,
  name: true,
  resultTtl: true,
  retry: true,
  run: true
})
