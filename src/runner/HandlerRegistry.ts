/**
 * Which handler runs which task.
 *
 * @since 0.2.0
 */
import { maxNameLength } from "../domain/TaskDraft.ts"
import type { TaskKind } from "../domain/TaskOptions.ts"
import type { TaskHandler } from "./TaskHandler.ts"

/**
 * The kind of a task: its method, and its name.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskOfKind {
  readonly originalMethod: string
  readonly name?: string | undefined
}

/** A task without a name of its own has the one in its params. */
export interface OfKind extends TaskOfKind {
  readonly originalParams?: unknown
}

/**
 * Handlers by the kind of their tasks. A handler for a method and a name comes before one for the method alone.
 *
 * @since 0.2.0
 * @category models
 */
export class HandlerRegistry<Run> {
  readonly #handlers = new Map<string, { readonly kind: TaskKind; readonly run: Run }>()
  #kinds: ReadonlyArray<TaskKind> = []

  set({ method, name }: Pick<TaskHandler, "method" | "name">, run: Run): void {
    this.#handlers.set(keyOf(method, name), { kind: name === undefined ? { method } : { method, name }, run })
    this.#kinds = Array.from(this.#handlers.values(), ({ kind }) => kind)
  }

  /** The kinds of tasks that have a handler. */
  get kinds(): ReadonlyArray<TaskKind> {
    return this.#kinds
  }

  /** The methods that have handlers for some names, and none for the others. */
  get methodsOfNames(): ReadonlyArray<string> {
    const methods = new Set(this.#kinds.map(({ method }) => method))
    return [...methods].filter((method) => !this.#handlers.has(keyOf(method, undefined)))
  }

  find(task: OfKind): Run | undefined {
    const { name, originalMethod } = kindOf(task)
    return this.#run(originalMethod, name) ?? this.#run(originalMethod, undefined)
  }

  #run(method: string, name: string | undefined): Run | undefined {
    return this.#handlers.get(keyOf(method, name))?.run
  }

  /** Tells whether a task has a handler, or may have one by the name in its params. */
  mayKnow({ name, originalMethod }: Pick<OfKind, "name" | "originalMethod">): boolean {
    return this.find({ name, originalMethod }) !== undefined ||
      (name === undefined && this.methodsOfNames.includes(originalMethod))
  }

  some(test: (run: Run) => boolean): boolean {
    return [...this.#handlers.values()].some(({ run }) => test(run))
  }
}

const keyOf = (method: string, name: string | undefined): string => JSON.stringify([method, name ?? null])

/**
 * Gives the kind of a task.
 *
 * @since 0.2.0
 * @category accessors
 */
export const kindOf = ({ name, originalMethod, originalParams }: OfKind): TaskOfKind => ({
  originalMethod,
  name: name ?? nameOf(originalParams)
})

/**
 * Gives the name in the params of a task, such as that of a tool.
 *
 * @since 0.2.0
 * @category accessors
 */
export const nameOf = (params: unknown): string | undefined =>
  typeof params === "object" && params !== null && "name" in params && typeof params.name === "string" &&
    params.name !== "" && params.name.length <= maxNameLength
    ? params.name
    : undefined
