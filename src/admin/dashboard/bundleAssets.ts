/**
 * Bundles the page from its sources. In the package `npm run build` puts a module in its place that holds the bundle, so that users
 * need no bundler, and no files beside a program that they bundle themselves.
 *
 * @since 0.2.0
 */
import { build } from "esbuild"
import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import type { Asset, Assets } from "./Assets.ts"

const clientFile = (name: string): string => fileURLToPath(new URL(`client/${name}`, import.meta.url))

const asset = (name: string, type: string, content: string): Asset => {
  const dot = name.lastIndexOf(".")
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 12)
  return { path: `${name.slice(0, dot)}-${hash}${name.slice(dot)}`, type, content }
}

const bundle = async (entry: string): Promise<string> => {
  const { outputFiles: [file] } = await build({
    entryPoints: [clientFile(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: ["es2022", "chrome123", "firefox120", "safari17.5"],
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "silent"
  })
  return file?.text ?? ""
}

const bundleAll = async (): Promise<Assets> => {
  const [script, style, icon] = await Promise.all([
    bundle("main.tsx"),
    bundle("style.css"),
    readFile(clientFile("icon.svg"), "utf8")
  ])
  return {
    script: asset("page.js", "text/javascript; charset=utf-8", script),
    style: asset("page.css", "text/css; charset=utf-8", style),
    icon: asset("icon.svg", "image/svg+xml", icon)
  }
}

let bundled: Promise<Assets> | undefined

/**
 * Gives what the page is made of.
 *
 * @since 0.2.0
 * @category accessors
 */
export const loadAssets = (): Promise<Assets> => bundled ??= bundleAll()
