/**
 * Which handler runs which task.
 *
 * @since 0.2.0
 */
import type { TaskHandler } from "./TaskHandler.ts"

/** The kind of a task: its method, and its name. A task without a name of its own has the one in its params. */
interface OfKind {
  readonly originalMethod: string
  readonly name?: string | undefined
  readonly originalParams?: unknown
}

/**
 * Handlers by the kind of their tasks. A handler for a method and a name comes before one for the method alone.
 *
 * @since 0.2.0
 * @category models
 */
export class HandlerRegistry<Run> {
  readonly #handlers = new Map<string, Run>()

  set({ method, name }: Pick<TaskHandler, "method" | "name">, run: Run): void {
    this.#handlers.set(keyOf(method, name), run)
  }

  find({ name, originalMethod, originalParams }: OfKind): Run | undefined {
    return this.#handlers.get(keyOf(originalMethod, name ?? nameOf(originalParams))) ??
      this.#handlers.get(keyOf(originalMethod, undefined))
  }

  some(test: (run: Run) => boolean): boolean {
    return [...this.#handlers.values()].some(test)
  }
}

const keyOf = (method: string, name: string | undefined): string => JSON.stringify([method, name ?? null])

/**
 * Gives the name in the params of a task, such as that of a tool.
 *
 * @since 0.2.0
 * @category accessors
 */
export const nameOf = (params: unknown): string | undefined =>
  typeof params === "object" && params !== null && "name" in params && typeof params.name === "string"
    ? params.name
    : undefined
