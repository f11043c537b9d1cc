/** What `--help` says of each command. */
import * as Effect from "effect/Effect"
import { rootCommand } from "../../../src/admin/cli/rootCommand.ts"
import { runCommand } from "./runCommand.ts"

export const commands = rootCommand.subcommands.flatMap(({ commands }) => commands)

const globalFlags = /^GLOBAL FLAGS\n(?: .*\n)*/m

/** The help of a command, without the flags that all commands have. */
export const helpOf = (name: string): Effect.Effect<string> =>
  Effect.map(
    runCommand([name, "--help"]),
    ({ out }) => `${out.replace(globalFlags, "").replace("\n\n\n", "\n\n").trim()}\n`
  )

/** The flags that all commands have. */
export const globalHelp: Effect.Effect<string> = Effect.map(
  runCommand(["--help"]),
  ({ out }) => globalFlags.exec(out)?.[0] ?? ""
)
