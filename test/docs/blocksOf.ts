/** The blocks of code in the pages. */
import { readFileSync } from "node:fs"
import { join } from "node:path"

export interface Block {
  /** The document and the line of the opening fence, as editors link it. */
  readonly name: string
  readonly document: string
  readonly line: number
  /** The heading that the block is under. */
  readonly heading: string
  readonly fence: string
  /** On the lines that it has in the document, so that errors name those. */
  readonly code: string
  /** What it prints, where the document says so. */
  readonly output: string | undefined
}

export const root = join(import.meta.dirname, "../..")

export const blocksOf = (document: string): ReadonlyArray<Block> => {
  const text = readFileSync(join(root, document), "utf8")
  const found = Array.from(text.matchAll(/^( *)```(\S.*)\n([^]*?)^\1```$/gm))
  return found.map((match, index) => {
    const [, indent = "", fence = "", code = ""] = match
    const before = text.slice(0, match.index)
    const line = before.split("\n").length
    return {
      name: `${document}:${line}`,
      document,
      line,
      heading: Array.from(before.matchAll(/^#+ (.+)$/gm)).at(-1)?.[1] ?? "",
      fence,
      code: "\n".repeat(line) + code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      output: found[index + 1]?.[2] === "text" ? found[index + 1]?.[3] : undefined
    }
  })
}
