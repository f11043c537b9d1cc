/**
 * Puts the bundled page into the built package, in place of the module that bundles it in the repository. So users need no bundler,
 * and a program that they bundle themselves needs no files beside it.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { loadAssets } from "../src/admin/dashboard/bundleAssets.ts"

const root = join(import.meta.dirname, "..")
const built = join(root, "dist/admin/dashboard/bundleAssets.js")
const license = readFileSync(fileURLToPath(new URL("../LICENSE", import.meta.resolve("preact"))), "utf8")

const assets = await loadAssets()
writeFileSync(
  built,
  `/*
The page contains Preact:

${license}*/
const assets = ${JSON.stringify(assets, null, 2)}
export const loadAssets = () => Promise.resolve(assets)
`
)
rmSync(`${built}.map`)
