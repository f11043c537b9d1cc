/** That the checks of sealers see sealers that are wrong. */
import { describe, expect, it } from "vitest"
import { joinSealed, splitSealed } from "../../../src/domain/SealedText.ts"
import { aesSealer, sealedBytes, type Sealer } from "../../../src/layers/sealed/Sealer.ts"
import { nonceBytes, SealingKey, tagBytes } from "../../../src/layers/sealed/SealingKey.ts"

const key = new SealingKey(new Uint8Array(32).fill(7))
const place = { taskId: "one", field: "result" }
const elsewhere = [{ ...place, taskId: "two" }, { ...place, field: "meta" }, { taskId: "on", field: "eresult" }]

const nonceOf = (sealed: string): string =>
  Buffer.from(splitSealed(sealed)?.body ?? "", "base64url").subarray(0, nonceBytes).toString("hex")

const changedAt = (sealed: string, index: number): string => {
  const parts = splitSealed(sealed)
  if (parts === undefined) throw new Error("not sealed")
  const bytes = Buffer.from(parts.body, "base64url")
  bytes[index] = (bytes[index] ?? 0) ^ 1
  return joinSealed({ ...parts, body: bytes.toString("base64url") })
}

/** What a sealer has to do, each as a check that a wrong one fails. */
const checks: { readonly [rule: string]: (sealer: Sealer) => boolean } = {
  "opens what it sealed": (sealer) => sealer.open(key, sealer.seal(key, "k1", "\"text\"", place), place) === "\"text\"",

  "shows nothing of the text": (sealer) => {
    const sealed = sealer.seal(key, "k1", "\"text\"", place)
    return !Buffer.from(splitSealed(sealed)?.body ?? "", "base64url").includes("text")
  },

  "opens nothing elsewhere": (sealer) => {
    const sealed = sealer.seal(key, "k1", "\"text\"", place)
    return elsewhere.every((other) => sealer.open(key, sealed, other) === undefined)
  },

  "uses no nonce twice": (sealer) => {
    const texts = Array.from({ length: 1_000 }, (_, index) => `"${index % 3}"`)
    return new Set(texts.map((text) => nonceOf(sealer.seal(key, "k1", text, place)))).size === texts.length
  },

  "opens nothing under another key id": (sealer) => {
    const parts = splitSealed(sealer.seal(key, "k1", "\"text\"", place))
    return parts !== undefined && sealer.open(key, joinSealed({ ...parts, keyId: "k2" }), place) === undefined
  },

  "opens nothing with another key": (sealer) => {
    const other = new SealingKey(new Uint8Array(32).fill(8))
    return sealer.open(other, sealer.seal(key, "k1", "\"text\"", place), place) === undefined
  },

  "opens nothing that was changed": (sealer) => {
    const sealed = sealer.seal(key, "k1", "\"text\"", place)
    const length = nonceBytes + "\"text\"".length + tagBytes
    return Array.from({ length }, (_, index) => changedAt(sealed, index)).every((changed) =>
      sealer.open(key, changed, place) === undefined
    )
  },

  "opens nothing that was cut": (sealer) => {
    const sealed = sealer.seal(key, "k1", "\"text\"", place)
    return Array.from({ length: sealed.length - 10 }, (_, index) => sealed.slice(0, 10 + index)).every((cut) =>
      sealer.open(key, cut, place) === undefined
    )
  },

  "takes the bytes that limits count": (sealer) =>
    [0, 1, 2, 3, 50, 2_048].every((bytes) =>
      sealer.seal(key, "k1", "x".repeat(bytes), place).length === sealedBytes("k1".length, bytes)
    )
}

describe("the sealer", () => {
  it.each(Object.entries(checks))("%s", (_, check) => {
    expect(check(aesSealer)).toBe(true)
  })
})

const nowhere = { taskId: "", field: "" }
const fixedNonce = Buffer.alloc(nonceBytes)

const withNonce = (nonce: Buffer): Sealer => ({
  seal: (key, keyId, text) =>
    joinSealed({
      version: "1",
      keyId,
      body: key.encrypt(nonce, text, Buffer.alloc(0)).toString("base64url")
    }),
  open: (key, sealed) => {
    const bytes = Buffer.from(splitSealed(sealed)?.body ?? "", "base64url")
    return key.decrypt(bytes.subarray(0, nonceBytes), bytes.subarray(nonceBytes), Buffer.alloc(0))?.toString("latin1")
  }
})

/** Wrong sealers, and the rule that each breaks. */
const broken: ReadonlyArray<readonly [fault: string, rule: keyof typeof checks, sealer: Sealer]> = [
  ["without binding", "opens nothing elsewhere", {
    seal: (key, keyId, text) => aesSealer.seal(key, keyId, text, nowhere),
    open: (key, sealed) => aesSealer.open(key, sealed, nowhere)
  }],
  ["bound to the task alone", "opens nothing elsewhere", {
    seal: (key, keyId, text, { taskId }) => aesSealer.seal(key, keyId, text, { taskId, field: "" }),
    open: (key, sealed, { taskId }) => aesSealer.open(key, sealed, { taskId, field: "" })
  }],
  ["bound to names that run together", "opens nothing elsewhere", {
    seal: (key, keyId, text, { field, taskId }) =>
      aesSealer.seal(key, keyId, text, { taskId: taskId + field, field: "" }),
    open: (key, sealed, { field, taskId }) => aesSealer.open(key, sealed, { taskId: taskId + field, field: "" })
  }],
  ["with one nonce", "uses no nonce twice", withNonce(fixedNonce)],
  ["that ignores the key id", "opens nothing under another key id", {
    seal: (key, keyId, text, place) => aesSealer.seal(key, "any", text, place).replace("|any|", `|${keyId}|`),
    open: (key, sealed, place) => aesSealer.open(key, sealed.replace(/\|.*\|/, "|any|"), place)
  }],
  ["that only encodes", "shows nothing of the text", {
    seal: (_, keyId, text) => joinSealed({ version: "1", keyId, body: Buffer.from(text).toString("base64url") }),
    open: (_, sealed) => Buffer.from(splitSealed(sealed)?.body ?? "", "base64url").toString()
  }]
]

describe("a sealer", () => {
  it.each(broken)("%s is caught: it %s", (_, rule, sealer) => {
    expect(checks[rule]?.(sealer)).toBe(false)
  })
})

describe("XAES-256-GCM", () => {
  // The vectors of https://c2sp.org/XAES-256-GCM. The subkeys of the second one are made without a carry, those of the first one with.
  it.each([
    [1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"],
    [3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"]
  ])("gives what the specification gives for keys of bytes %i", (byte, bound, expected) => {
    const key = new SealingKey(new Uint8Array(32).fill(byte))
    const nonce = Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWX")
    const sealed = key.encrypt(nonce, "XAES-256-GCM", Buffer.from(bound))
    const ciphertext = sealed.subarray(nonceBytes)
    expect(sealed.subarray(0, nonceBytes)).toEqual(nonce)
    expect(ciphertext.toString("hex")).toBe(expected)
    expect(key.decrypt(nonce, ciphertext, Buffer.from(bound))?.toString()).toBe("XAES-256-GCM")
  })
})
