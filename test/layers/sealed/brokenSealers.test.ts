/** That the checks of sealers see sealers that are wrong. */
import { createCipheriv, createDecipheriv, type DecipherGCM, randomBytes } from "node:crypto"
import { describe, expect, it } from "vitest"
import { joinSealed, splitSealed } from "../../../src/domain/json/SealedText.ts"
import { sealedFields } from "../../../src/domain/task/StoredTask.ts"
import { derivingBytes, nonceBytes, Nonces } from "../../../src/layers/sealed/Nonces.ts"
import { aesSealer, type Place, sealedBytes, type Sealer } from "../../../src/layers/sealed/Sealer.ts"
import { SealingKey, tagBytes } from "../../../src/layers/sealed/SealingKey.ts"

const bytes = new Uint8Array(32).fill(7)
const key = new SealingKey(bytes)
const place = { taskId: "one", field: "result" }
const fields = [...sealedFields, "message"]

/** Every other field of a task, the same field of another one, and a place whose two names run together to those of this one. */
const elsewhere = ({ field, taskId }: Place): ReadonlyArray<Place> => [
  ...fields.filter((other) => other !== field).map((field) => ({ taskId, field })),
  { taskId: "two", field },
  { taskId: taskId.slice(0, -1), field: taskId.slice(-1) + field }
]

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

  "opens nothing elsewhere": (sealer) =>
    fields.map((field) => ({ ...place, field })).every((place) => {
      const sealed = sealer.seal(key, "k1", "\"text\"", place)
      return elsewhere(place).every((other) => sealer.open(key, sealed, other) === undefined)
    }),

  "uses no nonce twice, in two processes that have the key": (sealer) => {
    const keys = [key, new SealingKey(bytes)]
    const nonces = Array.from(
      { length: 1_000 },
      (_, index) => keys.map((key) => nonceOf(sealer.seal(key, "k1", `"${index % 3}"`, place)))
    ).flat()
    return new Set(nonces).size === nonces.length
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

const withNonce = (nonceFor: (key: SealingKey) => Buffer): Sealer => ({
  seal: (key, keyId, text) =>
    joinSealed({
      version: "1",
      keyId,
      body: key.encrypt(text, Buffer.alloc(0), nonceFor(key)).toString("base64url")
    }),
  open: (key, sealed) => {
    const bytes = Buffer.from(splitSealed(sealed)?.body ?? "", "base64url")
    return key.decrypt(bytes.subarray(0, nonceBytes), bytes.subarray(nonceBytes), Buffer.alloc(0))?.toString("latin1")
  }
})

/** Counts the messages of each key, as each process would that begins at zero. */
const countedNonce = () => {
  const counts = new WeakMap<SealingKey, number>()
  return (key: SealingKey): Buffer => {
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    const nonce = Buffer.alloc(nonceBytes)
    nonce.writeUInt32BE(count)
    return nonce
  }
}

/** Two fields that are taken for one. */
const confused = ({ field, taskId }: Place): Place => ({ taskId, field: field === "failureStack" ? "failure" : field })

/** AES-256-GCM that is careless of its tag. The last byte of its nonce, which GCM does not use, tells the length of a short text. */
const careless = (
  textOf: (decipher: DecipherGCM, ciphertext: Buffer, tag: Buffer) => Buffer,
  sealedTagBytes = tagBytes
): Sealer => {
  const boundTo = (keyId: string, { field, taskId }: Place) => Buffer.from(JSON.stringify([keyId, taskId, field]))
  return {
    seal: (_, keyId, text, place) => {
      const nonce = randomBytes(nonceBytes)
      nonce[nonceBytes - 1] = text.length
      const cipher = createCipheriv("aes-256-gcm", bytes, nonce.subarray(0, 12))
      cipher.setAAD(boundTo(keyId, place))
      const ciphertext = [cipher.update(text), cipher.final()]
      return joinSealed({
        version: "1",
        keyId,
        body: Buffer.concat([nonce, ...ciphertext, cipher.getAuthTag().subarray(0, sealedTagBytes)]).toString(
          "base64url"
        )
      })
    },
    open: (_, sealed, place) => {
      const parts = splitSealed(sealed)
      const body = Buffer.from(parts?.body ?? "", "base64url")
      const end = nonceBytes + (body[nonceBytes - 1] ?? 0)
      try {
        const tag = body.subarray(end)
        const decipher = createDecipheriv("aes-256-gcm", bytes, body.subarray(0, 12), { authTagLength: tag.length })
        decipher.setAAD(boundTo(parts?.keyId ?? "", place))
        return textOf(decipher, body.subarray(nonceBytes, end), tag).toString("latin1")
      } catch {
        return undefined
      }
    }
  }
}

const verified = (decipher: DecipherGCM, ciphertext: Buffer, tag: Buffer): Buffer =>
  Buffer.concat([decipher.setAuthTag(tag).update(ciphertext), decipher.final()])

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
  ["bound to the field alone", "opens nothing elsewhere", {
    seal: (key, keyId, text, { field }) => aesSealer.seal(key, keyId, text, { taskId: "", field }),
    open: (key, sealed, { field }) => aesSealer.open(key, sealed, { taskId: "", field })
  }],
  ["bound to a wrong field, which is that of another as well", "opens nothing elsewhere", {
    seal: (key, keyId, text, place) => aesSealer.seal(key, keyId, text, confused(place)),
    open: (key, sealed, place) => aesSealer.open(key, sealed, confused(place))
  }],
  [
    "with one nonce",
    "uses no nonce twice, in two processes that have the key",
    withNonce(() => Buffer.alloc(nonceBytes))
  ],
  [
    "whose nonces count from zero in each process",
    "uses no nonce twice, in two processes that have the key",
    withNonce(countedNonce())
  ],
  [
    "that verifies no tag",
    "opens nothing that was changed",
    careless((decipher, ciphertext) => decipher.update(ciphertext))
  ],
  ["that takes what is left of a tag", "opens nothing that was cut", careless(verified)],
  ["whose tags are short", "takes the bytes that limits count", careless(verified, 4)],
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
    expect(checks["opens what it sealed"]?.(sealer)).toBe(true)
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
    const sealed = key.encrypt("XAES-256-GCM", Buffer.from(bound), nonce)
    const ciphertext = sealed.subarray(nonceBytes)
    expect(sealed.subarray(0, nonceBytes)).toEqual(nonce)
    expect(ciphertext.toString("hex")).toBe(expected)
    expect(key.decrypt(nonce, ciphertext, Buffer.from(bound))?.toString()).toBe("XAES-256-GCM")
  })
})

describe("the nonces of a key", () => {
  it("are never the same, also where a run of them ends and the next one begins", () => {
    const nonces = new Nonces()
    const count = 3 * 4096
    const seen = new Set(Array.from({ length: count }, () => nonces.next().toString("latin1")))
    expect(seen.size).toBe(count)
    // A run has one derived key, and the next run another one.
    expect(new Set([...seen].map((nonce) => nonce.slice(0, derivingBytes))).size).toBe(3)
  })

  it("have a second half that is all random", () => {
    const nonces = new Nonces()
    const halves = Array.from({ length: 4096 }, () => nonces.next().subarray(derivingBytes))
    const inCommon = halves.flatMap((half, index) => [...half].filter((byte, at) => byte === halves[index - 1]?.[at]))
    // By chance it is one byte in 256.
    expect(inCommon.length).toBeLessThan(4096 * 12 / 128)
  })

  it("differ where two processes are restored from one snapshot, and have the same random bits", () => {
    const alike = (bytes: Buffer) => bytes.fill(5)
    const restored = [new Nonces(alike), new Nonces(alike)]
    const seen = Array.from({ length: 100 }, () => restored.map((nonces) => nonces.next().toString("latin1"))).flat()
    // A clock may be coarse, and then some of them are taken at the same time.
    expect(new Set(seen).size).toBeGreaterThan(seen.length / 2)
  })

  it("are taken as they were given: a later one does not change them", () => {
    const nonces = new Nonces()
    const first = nonces.next()
    const kept = Buffer.from(first)
    nonces.next()
    expect(first).toEqual(kept)
  })
})

describe("a key", () => {
  it("opens what was sealed while each nonce was all random", () => {
    const sealed = "sealed1|k1|-2-PkZNZ6SwKNJTYnRRADma7EXkp6rYet_xXpVYukQynU7FUkQO4rGqpSdtztw"
    expect(aesSealer.open(key, sealed, place)).toBe("\"text\"")
  })

  it("opens what more keys were derived for than it keeps, in any order", () => {
    const sealed = Array.from(
      { length: 100 },
      (_, index) => aesSealer.seal(new SealingKey(bytes), "k1", `"${index}"`, place)
    )
    for (const [index, text] of [...sealed.entries(), ...[...sealed.entries()].reverse()]) {
      expect(aesSealer.open(key, text, place)).toBe(`"${index}"`)
    }
  })
})
