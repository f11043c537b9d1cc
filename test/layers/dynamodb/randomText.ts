/** Text that hardly gets smaller when it is compressed. */
import { randomBytes } from "node:crypto"

export const randomText = (length: number): string =>
  randomBytes(Math.ceil(length * 3 / 4)).toString("base64").slice(0, length)
