import { tmpdir } from "node:os"
import { join } from "node:path"
import { defineConfig } from "vitest/config"
import { InTurns } from "./test/support/InTurns.ts"
import { filesAlone } from "./test/support/testFiles.ts"

// The tests run in some hundred processes, and start as many. What is compiled once need not be compiled by each of them.
process.env["NODE_COMPILE_CACHE"] ??= join(tmpdir(), "mcp-task-storage-compile-cache")

export default defineConfig({
  ssr: {
    // The default conditions of a server, behind the one that leads this package's own name to its sources.
    resolve: { conditions: ["mcp-task-storage-source", "node", "development|production"] }
  },
  test: {
    pool: "forks",
    // One more than the processors there have to be: some tests mostly wait, for processes, servers and leases. With two more
    // the whole takes a tenth less, and tests of leases have less time than they may count on.
    maxWorkers: 3,
    sequence: { sequencer: InTurns },
    // Most of what the tests make is garbage at once. The more of it fits, the less of the rest is copied.
    execArgv: ["--max-semi-space-size=64"],
    globalSetup: "test/support/engines/sharedEngines.ts",
    // A machine that is busy with something else, as those of CI are, takes its time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      { extends: true, test: { name: "alone", include: filesAlone } },
      // One process runs file after file: to begin anew takes most of them longer than their tests.
      { extends: true, test: { name: "together", include: ["test/**/*.test.ts"], exclude: filesAlone, isolate: false } }
    ]
  }
})
