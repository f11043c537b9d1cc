/** The example with Next.js: as the other programs with web frameworks, once it has been built in a project of its own. */
import { execFile } from "node:child_process"
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { beforeAll, test } from "vitest"
import { root } from "../package/pack.ts"
import { makeProject } from "../package/packed.ts"
import { startServer } from "../support/startServer.ts"
import { checkProgram } from "./checkProgram.ts"

const next = join(root, "node_modules/next/dist/bin/next")

const installed = [
  "@modelcontextprotocol/sdk",
  "@modelcontextprotocol/server",
  "@types/node",
  "next",
  "react",
  "react-dom",
  "typescript",
  "zod"
]

/**
 * What is installed is linked, and so lies outside of the project. The types are checked with those of the other examples. Small files and
 * source maps are for browsers and for those who look for faults, and what is cached is for the next build.
 */
const config = `
import config from "./next.config.example.ts"

export default {
  ...config,
  turbopack: { root: "/" },
  typescript: { ignoreBuildErrors: true },
  experimental: {
    turbopackFileSystemCacheForBuild: false,
    turbopackInputSourceMaps: false,
    turbopackMinify: false,
    turbopackSourceMaps: false
  }
}
`

const environment = { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" } as const

let app = ""

beforeAll(async () => {
  const project = await makeProject(...installed)
  cpSync(join(root, "examples/web"), project, { recursive: true })
  app = join(project, "next")
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "reports", private: true, type: "module" }))
  renameSync(join(app, "next.config.ts"), join(app, "next.config.example.ts"))
  writeFileSync(join(app, "next.config.ts"), config)
  // Next.js would install them, and has nothing to check with them.
  for (const [file, text] of [["package.json", "{}"], ["index.d.ts", "export {}"]] as const) {
    const path = join(project, "node_modules/@types/react", file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  await promisify(execFile)(process.execPath, [next, "build"], { cwd: app, env: { ...process.env, ...environment } })
  return () => rmSync(project, { recursive: true, force: true })
}, 300_000)

test("next", () =>
  checkProgram((env) =>
    startServer([next, "start", "--hostname", "127.0.0.1"], {
      cwd: app,
      env: { ...env, ...environment, NEXT_MANUAL_SIG_HANDLE: "true" }
    })
  ))
