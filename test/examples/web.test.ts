/** The programs with web frameworks: each serves both revisions, each user its own tasks, and goes on after a restart. */
import { test } from "vitest"
import { startExample } from "../support/startServer.ts"
import { checkProgram } from "./checkProgram.ts"

test.each(["express", "hono", "fastify"])("%s", (name) => checkProgram((env) => startExample(`web/${name}.ts`, env)))
