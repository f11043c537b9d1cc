/**
 * Which handler runs which task.
 *
 * @since 0.2.0
 */
import { maxNameLength } from "../../domain/options/maxNameLength.ts"
import type { TaskKind } from "../../domain/options/TaskOptions.ts"
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
  readonly #handlers = new Map<string, Map<string | undefined, Run>>()
  #kinds: ReadonlyArray<TaskKind> = []

  set({ method, name }: Pick<TaskHandler, "method" | "name">, run: Run): void {
    const ofMethod = this.#handlers.get(method) ?? new Map<string | undefined, Run>()
    if (!ofMethod.has(name)) this.#kinds = [...this.#kinds, name === undefined ? { method } : { method, name }]
    this.#handlers.set(method, ofMethod.set(name, run))
  }

  /** The kinds of tasks that have a handler. */
  get kinds(): ReadonlyArray<TaskKind> {
    return this.#kinds
  }

  /** The methods that have handlers for some names, and none for the others. */
  get methodsOfNames(): ReadonlyArray<string> {
    const methods = new Set(this.#kinds.map(({ method }) => method))
    return [...methods].filter((method) => this.#handlers.get(method)?.has(undefined) !== true)
  }

  find({ name, originalMethod, originalParams }: OfKind): Run | undefined {
    const ofMethod = this.#handlers.get(originalMethod)
    return ofMethod?.get(name ?? nameOf(originalParams)) ?? ofMethod?.get(undefined)
  }

  /** Tells whether a task has a handler, or may have one by the name in its params. */
  mayKnow({ name, originalMethod }: Pick<OfKind, "name" | "originalMethod">): boolean {
    return this.find({ name, originalMethod }) !== undefined ||
      (name === undefined && this.methodsOfNames.includes(originalMethod))
  }

  some(test: (run: Run) => boolean): boolean {
    return [...this.#handlers.values()].some((ofMethod) => [...ofMethod.values()].some(test))
  }
}

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
