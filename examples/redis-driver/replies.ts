/** What steps answer, as values. The script of this driver wrote it, so that another form is a defect. */
import type { Reply } from "./RedisConnection.ts"

export const listOf = (reply: Reply | undefined): ReadonlyArray<Reply> => {
  if (reply === undefined || reply === null || typeof reply !== "object") throw unexpected
  return reply
}

export const textOf = (reply: Reply | undefined): string => {
  if (typeof reply !== "string") throw unexpected
  return reply
}

export const numberOf = (reply: Reply | undefined): number => {
  if (typeof reply !== "number") throw unexpected
  return reply
}

/** A hash comes as its fields and values in turns. */
export const hashOf = (reply: Reply | undefined): { readonly [field: string]: string } => {
  const texts = listOf(reply).map(textOf)
  const fields = texts.flatMap((field, index) => index % 2 === 0 ? [[field, texts[index + 1] ?? ""]] : [])
  return Object.fromEntries(fields)
}

const unexpected = new TypeError("the script answered in a form that the driver does not know")
