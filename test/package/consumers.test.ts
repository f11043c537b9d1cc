/**
 * That programs of TypeScript compile against the declarations of the package, as its users compile them. The programs in `consumer` use
 * every entry point, and expect errors that would not be there if a type had become `any`.
 */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, globSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { oneChecker } from "../support/oneChecker.ts"
import { root } from "./pack.ts"
import { makeProject } from "./packed.ts"
import type { Compiled } from "./typescript5.ts"

interface Checks {
  readonly skipLibCheck: boolean
  readonly exactOptionalPropertyTypes: boolean
  readonly lib: ReadonlyArray<string>
}

type Compiler = readonly [typescript: keyof typeof compilers, moduleResolution: "nodenext" | "bundler"]

const everyCompiler: ReadonlyArray<Compiler> = [["5.9", "nodenext"], ["5.9", "bundler"], ["7", "nodenext"], [
  "7",
  "bundler"
]]

const programs = globSync("test/package/consumer/*.ts", { cwd: root })

/** Those that need nothing but what npm installs along with the package. */
const lean = programs.filter((file) => /^(effect|promises)\.ts$/.test(basename(file)))

const peers = [
  "@aws-sdk/client-dynamodb",
  "@effect/opentelemetry",
  "@effect/sql-pg",
  "@effect/vitest",
  "@modelcontextprotocol/sdk",
  "@modelcontextprotocol/server",
  "@opentelemetry/api",
  "vitest",
  "zod"
]

const makeConsumer = async (programs: ReadonlyArray<string>, installed: ReadonlyArray<string>): Promise<string> => {
  const project = await makeProject("@types/node", ...installed)
  for (const program of programs) copyFileSync(join(root, program), join(project, basename(program)))
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }))
  return project
}

const typescript5 = spawn(process.execPath, [fileURLToPath(new URL("./typescript5.ts", import.meta.url))], {
  stdio: ["pipe", "pipe", "inherit"]
})
const answers = createInterface(typescript5.stdout)[Symbol.asyncIterator]()
afterAll(async () => {
  const ended = once(typescript5, "exit")
  typescript5.stdin.end()
  await ended
})

/** Each compiles a project, and gives the errors: where they are, and what they say. */
const compilers = {
  "5.9": async (config: string, ownOnly: boolean): Promise<ReadonlyArray<string>> => {
    typescript5.stdin.write(`${JSON.stringify({ config, ownOnly } satisfies Compiled)}\n`)
    const answer = await answers.next()
    if (answer.done === true) throw new Error("TypeScript 5.9 has ended")
    return JSON.parse(answer.value)
  },
  "7": async (config: string): Promise<ReadonlyArray<string>> => {
    const compiler = join(root, "node_modules/typescript/bin/tsc")
    try {
      await promisify(execFile)(process.execPath, [compiler, "-p", config, "--pretty", "false", ...oneChecker])
      return []
    } catch (error) {
      const lines = error instanceof Error && "stdout" in error ? String(error.stdout).split("\n") : []
      const errors = lines.filter((line) => line.includes(": error TS"))
      if (errors.length === 0) throw error
      return errors
    }
  }
} as const

const compile = (
  project: string,
  [typescript, moduleResolution]: Compiler,
  checks: Checks,
  ownOnly = false
): Promise<ReadonlyArray<string>> => {
  const module = moduleResolution === "bundler" ? "esnext" : "nodenext"
  return compileWith(project, typescript, { ...checks, module, moduleResolution }, ownOnly)
}

const compileWith = (
  project: string,
  typescript: keyof typeof compilers,
  options: object,
  ownOnly = false
): Promise<ReadonlyArray<string>> => {
  const config = join(mkdtempSync(join(project, "config-")), "tsconfig.json")
  const compilerOptions = {
    ...options,
    noEmit: true,
    strict: true,
    target: "es2022",
    types: ["node"]
  }
  writeFileSync(config, JSON.stringify({ compilerOptions, include: ["../*.ts"] }))
  return compilers[typescript](config, ownOnly)
}

const withoutDom = ["es2022"]
const withDom = ["es2022", "dom"]

/** The declarations of dependencies are read, and not checked. */
const skipping: Checks = { skipLibCheck: true, exactOptionalPropertyTypes: true, lib: withoutDom }

/** All declarations are checked. */
const checking: Checks = { skipLibCheck: false, exactOptionalPropertyTypes: true, lib: withDom }

test("the programs import every entry point", () => {
  const text = programs.map((file) => readFileSync(join(root, file), "utf8")).join("\n")
  for (const entry of Object.keys(manifest.exports).filter((entry) => entry !== "./package.json")) {
    expect(text).toContain(`from "${entry.replace(".", manifest.name)}"`)
  }
})

describe("where every peer is installed", () => {
  let project = ""
  beforeAll(async () => {
    project = await makeConsumer(programs, peers)
  })

  test.each(everyCompiler)("they compile with skipLibCheck: TypeScript %s, %s", async (...compiler) => {
    expect(await compile(project, compiler, skipping)).toEqual([])
  })

  test.each(everyCompiler.filter(([typescript]) => typescript === "7"))(
    "they compile without exactOptionalPropertyTypes: TypeScript %s, %s",
    async (...compiler) => {
      expect(await compile(project, compiler, { ...skipping, exactOptionalPropertyTypes: false })).toEqual([])
    }
  )

  test.each(everyCompiler.filter(([typescript]) => typescript === "7"))(
    "they compile without skipLibCheck, with the types of the DOM: TypeScript %s, %s",
    async (...compiler) => {
      expect(await compile(project, compiler, checking)).toEqual([])
    }
  )

  // It takes four times as long for the declarations of the peers as for all else.
  test.each(everyCompiler.filter(([typescript]) => typescript === "5.9"))(
    "they compile, and declarations of the package are checked: TypeScript %s, %s",
    async (...compiler) => {
      expect(await compile(project, compiler, checking, true)).toEqual([])
    }
  )

  test("without the types of the DOM only declarations of effect and of SDK v1 need skipLibCheck", async () => {
    const errors = await compile(project, ["7", "nodenext"], { ...checking, lib: withoutDom })
    const known = [
      /node_modules\/effect\/.*(CryptoKey|JsonWebKey|Transferable)/,
      /node_modules\/@modelcontextprotocol\/sdk\/.*HeadersInit/
    ]
    // One that is no longer there is no longer named in the README.
    for (const pattern of known) expect(errors).toContainEqual(expect.stringMatching(pattern))
    expect(errors.filter((error) => !known.some((pattern) => pattern.test(error)))).toEqual([])
  })
})

describe("where no peer but effect is installed", () => {
  let project = ""
  beforeAll(async () => {
    project = await makeConsumer(lean, [])
  })

  // With nodenext the same declarations are checked above.
  test.each(everyCompiler.filter(([, moduleResolution]) => moduleResolution === "bundler"))(
    "they compile without skipLibCheck, with the types of the DOM: TypeScript %s, %s",
    async (...compiler) => {
      expect(await compile(project, compiler, checking)).toEqual([])
    }
  )
})

describe("a program of CommonJS", () => {
  let project = ""
  beforeAll(async () => {
    project = await makeConsumer([], [])
    writeFileSync(join(project, "package.json"), JSON.stringify({ type: "commonjs" }))
    writeFileSync(
      join(project, "program.ts"),
      "import { openTaskStorage } from \"mcp-task-storage/promise\"\nexport const opened = openTaskStorage(\"memory:\")\n"
    )
  })

  test.each(
    [["5.9", "nodenext"], ["7", "nodenext"], ["7", "node20"], ["7", "preserve"]] as const
  )("compiles with TypeScript %s, module %s", async (typescript, module) => {
    expect(await compileWith(project, typescript, { module, skipLibCheck: true })).toEqual([])
  })

  test.each(
    [["node16", "node16", "TS1479"], ["commonjs", "node10", "TS2307"]] as const
  )(
    "does not compile with TypeScript 5.9, module %s, module resolution %s: %s",
    async (module, moduleResolution, code) => {
      const errors = await compileWith(project, "5.9", { module, moduleResolution, skipLibCheck: true })
      expect(errors).toEqual([expect.stringContaining(code)])
    }
  )
})
