/** That a write-ahead log which grew while somebody read for long is small again after maintenance, and nobody is held up. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { statSync } from "node:fs"
import * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { storedTask, text } from "../storedTask.ts"
import { bare, freshFile, open, unlimited } from "./database.ts"

const megabyte = 1_000_000

/** A file whose log has grown to many megabytes, because of a reader that is still there. */
const grownLog = Effect.gen(function*() {
  const filename = yield* freshFile
  const driver = yield* SqliteTaskStorage.makeDriver({ filename, synchronous: "off", lockTimeout: 200 })
  const reader = yield* bare(filename)
  reader.exec("BEGIN; SELECT count(*) FROM mcp_tasks")
  for (let count = 0; count < 12; count++) {
    yield* driver.insert(storedTask(`t${count}`, { result: text("x".repeat(megabyte)) }), unlimited, 1000)
  }
  return { driver, filename, reader, logSize: () => statSync(`${filename}-wal`).size }
})

describe("the write-ahead log", () => {
  it.live("shrinks in the first maintenance after a long reader has left", () =>
    Effect.gen(function*() {
      const { driver, logSize, reader } = yield* grownLog
      const maintain = driver.maintain ?? Effect.die("no maintenance")
      assert.isAbove(logSize(), 10 * megabyte)
      assert.deepInclude(yield* maintain, { walTruncated: false })
      assert.isAbove(logSize(), 10 * megabyte)
      reader.exec("COMMIT")
      assert.deepInclude(yield* maintain, { walTruncated: true })
      assert.strictEqual(logSize(), 0)
      assert.deepInclude(yield* driver.find("t0", { now: 1000, session: undefined }), { taskId: "t0" })
    }))

  it.live("shrinks where a writer has begun it anew, too", () =>
    Effect.gen(function*() {
      const { driver, filename, logSize, reader } = yield* grownLog
      reader.exec("COMMIT; PRAGMA wal_checkpoint(PASSIVE)")
      yield* driver.insert(storedTask("later"), unlimited, 1000)
      assert.isAbove(logSize(), 10 * megabyte)
      const storage = yield* open({ filename })
      assert.deepInclude((yield* storage.maintenance()).engine, { walTruncated: true })
      assert.strictEqual(logSize(), 0)
    }))

  it.live("is left as it is while somebody reads from its end, without holding up anybody", () =>
    Effect.gen(function*() {
      const { driver, logSize, reader } = yield* grownLog
      reader.exec("COMMIT; PRAGMA wal_checkpoint(PASSIVE); BEGIN; SELECT count(*) FROM mcp_tasks")
      const maintaining = yield* Effect.forkChild(driver.maintain ?? Effect.die("no maintenance"))
      const turns: Array<number> = []
      for (let turn = 0; turn < 20; turn++) {
        const start = performance.now()
        yield* driver.insert(storedTask(`beside ${turn}`), unlimited, 1000)
        yield* Effect.sleep(2)
        turns.push(performance.now() - start)
      }
      assert.deepInclude(yield* Fiber.join(maintaining), { walTruncated: false })
      assert.isAbove(logSize(), 10 * megabyte)
      // The typical turn: a single one may be long for other reasons, on a machine with much to do.
      assert.isBelow(turns.sort((left, right) => left - right)[10] ?? Infinity, 250)
    }))
})
