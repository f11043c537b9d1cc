/**
 * Puts a program that tests start into one file. Node takes three times as long to load the hundreds of modules that such a program
 * consists of, and the tests start each many times.
 */
import { build, type Plugin } from "esbuild"
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { dirname, join, relative } from "node:path"
import { pathToFileURL } from "node:url"

const root = join(import.meta.dirname, "../../..")

/** Always the same, so that Node finds what it has compiled before. */
const folder = join(root, "node_modules/.cache/mcp-task-storage")

/** What was written for CommonJS asks for modules of Node by `require`. */
const banner = `import { createRequire } from "node:module"
const require = createRequire(import.meta.url)`

/** A module finds what lies beside its source. */
const ownUrls: Plugin = {
  name: "own URLs",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8")
      return { contents: text.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)), loader: "ts" }
    })
}

/** Gives the file. */
export const bundleProgram = async (program: string): Promise<string> => {
  const file = join(folder, `${relative(root, program)}.mjs`)
  const { outputFiles: [output] } = await build({
    entryPoints: [program],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    target: "node24",
    conditions: ["mcp-task-storage-source"],
    external: ["pg-native"],
    banner: { js: banner },
    plugins: [ownUrls],
    logLevel: "error"
  })
  if (output === undefined) throw new Error(`${program} could not be bundled`)
  await mkdir(dirname(file), { recursive: true })
  // Another run of the tests may be about to start what is there.
  const written = `${file}.${process.pid}`
  await writeFile(written, output.contents)
  await rename(written, file)
  return file
}
