/**
 * Questions of a task to its client, while that one listens.
 *
 * @since 0.2.0
 */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { McpError, RELATED_TASK_META_KEY, type RequestId, ResultSchema } from "@modelcontextprotocol/sdk/types.js"
import * as Effect from "effect/Effect"
import { isTaskStorageError } from "../../domain/TaskError.ts"
import { isTerminal } from "../../domain/TaskStatus.ts"
import { longestTimer } from "../../layers/longestTimer.ts"
import { isObject } from "../../promise/arguments.ts"
import type { Task } from "../../promise/Task.ts"
import { SdkCalls } from "./SdkCalls.ts"
import type { SdkTasks } from "./sdkTasks.ts"

/**
 * The request of a client on whose stream it listens.
 *
 * @since 0.2.0
 * @category models
 */
export interface Listener {
  readonly requestId: RequestId
  /** Whether the client knows of the task, so that messages name it. */
  readonly knowsTask: boolean
  /** Aborted when the client listens no more. */
  readonly signal: AbortSignal
}

/** Milliseconds after which a storage that failed is asked again. */
const pauseAfterFailure = 1000

/**
 * Sends what a task asks to a client that listens, and its answers to the task. A question that is open when the client
 * goes away is withdrawn, and asked again of the next one that listens, in whichever process.
 *
 * @since 0.2.0
 * @category models
 */
export class InputDelivery {
  readonly #server: McpServer
  readonly #tasks: SdkTasks
  readonly #taskId: string
  readonly #listener: Listener
  readonly #calls: SdkCalls
  /** What this client was asked. */
  readonly #asked = new Set<string>()
  #latest: Task | undefined

  constructor(server: McpServer, tasks: SdkTasks, taskId: string, listener: Listener) {
    this.#server = server
    this.#tasks = tasks
    this.#taskId = taskId
    this.#listener = listener
    this.#calls = new SdkCalls(tasks.options, tasks.run)
  }

  /** Follows the task to its end, or until the client listens no more or the task is gone. Never rejects. */
  async follow(): Promise<void> {
    const ended = new AbortController()
    const signal = AbortSignal.any([this.#listener.signal, ended.signal])
    while (!signal.aborted) {
      try {
        for await (const task of this.#tasks.storage.changes(this.#taskId, { signal })) {
          this.#latest = task
          if (isTerminal(task.status)) break
          this.#ask(task, signal)
        }
        break
      } catch (error) {
        if (isTaskStorageError(error) && !(error._tag === "TaskStorageUnavailable" && error.retryable)) break
        await Effect.runPromiseExit(Effect.sleep(pauseAfterFailure), { signal })
      }
    }
    // Nobody's answer is waited for any more.
    ended.abort("The task has ended")
  }

  /** Asks what another client was asked that has gone away since. */
  askAgain(): void {
    if (this.#latest !== undefined) this.#ask(this.#latest, this.#listener.signal)
  }

  #ask({ inputRequests = {} }: Task, signal: AbortSignal): void {
    const { asking } = this.#tasks
    for (const [key, request] of Object.entries(inputRequests)) {
      const id = JSON.stringify([this.#taskId, key])
      if (this.#asked.has(key) || asking.has(id) || !isObject(request)) continue
      const { method, params } = request
      if (typeof method !== "string") continue
      this.#asked.add(key)
      asking.add(id)
      this.#deliver(key, method, isObject(params) ? params : {}, signal)
        .catch((error: unknown) => this.#server.server.onerror?.(asError(error)))
        .finally(() => asking.delete(id))
    }
  }

  async #deliver(
    key: string,
    method: string,
    params: { readonly [key: string]: unknown },
    signal: AbortSignal
  ): Promise<void> {
    const answer = await this.#answer(method, params, signal)
    if (answer === undefined) return
    const provide = (answer: unknown) => this.#tasks.taskRunner.provideInput(this.#taskId, { [key]: answer })
    await this.#calls.read(
      provide(answer).pipe(
        // Whatever it was, the task must hear of it.
        Effect.catchTag(["PayloadTooLarge", "InvalidInput"], () => provide(refusal(method, tooLarge))),
        Effect.catchIf((error) => error._tag !== "TaskStorageUnavailable", () => Effect.void)
      )
    )
  }

  /** Asks the client; gives `undefined` when it went away before it answered. */
  async #answer(
    method: string,
    params: { readonly [key: string]: unknown },
    signal: AbortSignal
  ): Promise<unknown> {
    const { knowsTask, requestId } = this.#listener
    const meta = isObject(params["_meta"]) ? params["_meta"] : {}
    const related = { _meta: { ...meta, [RELATED_TASK_META_KEY]: { taskId: this.#taskId } } }
    try {
      return await this.#server.server.request(
        { method, params: knowsTask ? { ...params, ...related } : { ...params } },
        ResultSchema,
        { relatedRequestId: requestId, signal, timeout: longestTimer }
      )
    } catch (error) {
      return signal.aborted ? undefined : refusal(method, error)
    }
  }
}

const tooLarge = new McpError(-32602, "The answer cannot be stored")

/** What a task hears when its client answers with an error. */
const refusal = (method: string, error: unknown): unknown => {
  if (method === "elicitation/create") return { action: "cancel" }
  const { code, message } = error instanceof McpError ? error : { code: -32603, message: "The client gave no answer" }
  return { error: { code, message } }
}

const asError = (error: unknown): Error => error instanceof Error ? error : new Error(String(error))
