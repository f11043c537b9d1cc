#!/usr/bin/env node
/**
 * The program `mcp-task-storage`.
 *
 * @since 0.2.0
 */
import * as nodeModule from "node:module"

// Most of the time of a start goes into compiling, so everything else is imported behind this. Deno has no such cache.
if ("enableCompileCache" in nodeModule) nodeModule.enableCompileCache()

// What Node says of its own modules would stand in the middle of what a command says.
process.removeAllListeners("warning")
process.on("warning", (warning) => {
  if (warning.name !== "ExperimentalWarning") process.stderr.write(`${warning.name}: ${warning.message}\n`)
})

const { runMain } = await import("./runMain.ts")
runMain()
