/**
 * What a command talks to: standard output, standard error, standard input, and the wish to stop.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"

/**
 * Nobody reads the output any more: the reader of a pipe has gone. It is no fault.
 *
 * @since 0.2.0
 * @category errors
 */
export class OutputClosed extends Data.TaggedError("OutputClosed") {}

/**
 * The operations of {@link CliTerminal}.
 *
 * @since 0.2.0
 * @category models
 */
export interface CliTerminalShape {
  /** Writes to standard output, and waits until it is taken. */
  readonly out: (text: string) => Effect.Effect<void, OutputClosed>
  /** Writes to standard error. If nobody reads it, the text is lost. */
  readonly err: (text: string) => Effect.Effect<void>
  /** How wide the terminal is that shows standard output; `undefined` when it is none. */
  readonly columns: () => number | undefined
  /** How wide the terminal is that shows standard error; `undefined` when it is none. */
  readonly errColumns: () => number | undefined
  /** Whether somebody can answer questions: standard input and standard error are terminals. */
  readonly canAsk: boolean
  /** Whether standard output, and standard error, show colours. */
  readonly colours: { readonly out: boolean; readonly err: boolean }
  /** Asks for one line; `undefined` when standard input ends before one. */
  readonly ask: (question: string) => Effect.Effect<string | undefined>
  /** Standard input, as text. */
  readonly input: Stream.Stream<string>
  /**
   * Runs work that ends by itself soon after the first Ctrl-C: `isStopping` says that it should. Everything else is interrupted at
   * once.
   */
  readonly gracefully: <A, E, R>(
    work: (isStopping: () => boolean) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, R>
}

/**
 * What a command talks to.
 *
 * @since 0.2.0
 * @category services
 */
export class CliTerminal extends Context.Service<CliTerminal, CliTerminalShape>()(
  "mcp-task-storage/CliTerminal"
) {}
