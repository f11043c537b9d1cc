/**
 * `completions`: what a shell needs in order to complete commands and flags.
 *
 * @since 0.2.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Completions from "effect/cli/Completions"
import * as Effect from "effect/Effect"
import { CliTerminal, type OutputClosed } from "../CliTerminal.ts"
import { programName } from "../programName.ts"

/** Which shell. */
const shells = {
  shell: Argument.Literals("shell", ["bash", "zsh", "fish", "powershell"]).pipe(
    Argument.withDescription("Which shell: bash, zsh, fish or powershell")
  )
}

/**
 * Makes the command that prints a script for a shell. `tree` gives all commands, of which this is one.
 *
 * @since 0.2.0
 * @category commands
 */
export const makeCompletions = (tree: () => Command.Command.Any) =>
  Command.make(
    "completions",
    shells,
    Effect.fnUntraced(function*({ shell }): Effect.fn.Return<void, OutputClosed, CliTerminal> {
      const { out } = yield* CliTerminal
      const script = Completions.generate(programName, shell, Completions.fromCommand(tree()))
      // Effect's own way to ask for it is a flag.
      yield* out(`${script.replaceAll("--completions ", "completions ").trimEnd()}\n`)
    })
  ).pipe(
    Command.withDescription("Print a script that lets a shell complete commands and flags"),
    Command.withExamples([
      { command: "mcp-task-storage completions bash >> ~/.bashrc", description: "For bash" },
      { command: "mcp-task-storage completions zsh > \"${fpath[1]}/_mcp-task-storage\"", description: "For zsh" },
      {
        command: "mcp-task-storage completions fish > ~/.config/fish/completions/mcp-task-storage.fish",
        description: "For fish"
      }
    ])
  )
