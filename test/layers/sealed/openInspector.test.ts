/** How often a deep look reads a sealed store, and what it sees of it. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Encryption } from "mcp-task-storage/encryption"
import type { StoreInspector } from "../../../src/domain/driver/StoreInspector.ts"
import type { StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { openInspector } from "../../../src/layers/sealed/openInspector.ts"
import { makeSealing } from "../../../src/layers/sealed/Sealing.ts"
import { storedTask, text } from "../storedTask.ts"

const key = new Uint8Array(32).fill(1)

const encryptions: ReadonlyArray<readonly [keys: string, looks: number, encryption: Encryption]> = [
  ["once where all keys are at hand", 1, { current: "k1", keys: { k1: key } }],
  ["twice where keys have to be asked for, first for their ids", 2, { current: "k1", keys: () => key }]
]

it.effect.each(encryptions)("reads the store %s", ([, looks, encryption]) =>
  Effect.gen(function*() {
    const sealing = yield* makeSealing(encryption)
    const stored = yield* sealing.seal("one", null, storedTask("one", { meta: text("plain") }))
    let looked = 0
    const inspector: StoreInspector = {
      look: ({ fix, seen }) =>
        Effect.sync(() => {
          looked++
          // Only the last look mends.
          expect(fix).toBe(looked === looks)
          seen?.("one", stored)
          return { findings: [], checked: [], isUsable: true }
        }),
      plan: Effect.succeed({ version: 1, isUpToDate: true, statements: [] })
    }
    const seen: Array<StoredTask | undefined> = []
    yield* openInspector(inspector, sealing).look({ now: 0, fix: true, seen: (_, task) => seen.push(task) })
    expect(looked).toBe(looks)
    expect(seen.map((task) => task?.meta?.text)).toEqual(["\"plain\""])
  }))
