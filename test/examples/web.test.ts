/** The programs with web frameworks: each serves both revisions, each user its own tasks, and goes on after a restart. */
import { test } from "vitest"
import { startExample } from "../support/startServer.ts"
import { checkProgram } from "./checkProgram.ts"

const check = (name: string): Promise<void> =>
  checkProgram((env) => startExample(`web/${name}.ts`, env)).catch((cause: unknown) => {
    throw new Error(`${name} does not`, { cause })
  })

// Side by side, for they mostly wait: for reports of some seconds, and for leases.
test(
  "express, hono and fastify serve",
  { timeout: 300_000 },
  () => Promise.all(["express", "hono", "fastify"].map(check))
)
