/** That nobody but their owner reads the files that are made, unless it is asked for, and that files keep their modes. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, existsSync, statSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import type * as SqliteTaskStorage from "../../../src/layers/SqliteTaskStorage.ts"
import { freshFile, open } from "./database.ts"

const modesOf = (filename: string) =>
  ["", "-wal", "-shm"].map((suffix) => (statSync(`${filename}${suffix}`).mode & 0o777).toString(8))

const used = (options: SqliteTaskStorage.Options) =>
  Effect.flatMap(open(options), (storage) => storage.createTask({ originalMethod: "tools/call" }))

/** Undoes a change of the process, which the tests of this file share with nobody. */
const withUmask = (mask: number) =>
  Effect.acquireRelease(Effect.sync(() => process.umask(mask)), (before) => Effect.sync(() => process.umask(before)))

const names: ReadonlyArray<readonly [name: string, of: (path: string) => string]> = [
  ["a path", (path) => path],
  ["a file: URL", (path) => `file:${path}`],
  ["a file: URL with a host and parameters", (path) => `file://localhost${path}?mode=rwc&cache=private#part`],
  ["a file: URL with escapes", (path) => `file://${path.replace("tasks", "t%61sks")}`]
]

describe("files", () => {
  for (const [name, of] of names) {
    it.live(`made for ${name} are their owner's alone`, () =>
      Effect.gen(function*() {
        yield* withUmask(0)
        const filename = yield* freshFile
        yield* used({ filename: of(filename) })
        assert.deepStrictEqual(modesOf(filename), ["600", "600", "600"])
      }))
  }

  it.live("are made with the mode that is asked for, whatever the umask", () =>
    Effect.gen(function*() {
      yield* withUmask(0o077)
      const filename = yield* freshFile
      yield* used({ filename, fileMode: 0o660 })
      assert.deepStrictEqual(modesOf(filename), ["660", "660", "660"])
    }))

  it.live("keep the mode that they have", () =>
    Effect.gen(function*() {
      yield* withUmask(0)
      const filename = yield* freshFile
      writeFileSync(filename, "")
      chmodSync(filename, 0o644)
      yield* used({ filename })
      assert.deepStrictEqual(modesOf(filename), ["644", "644", "644"])
    }))

  it.live("are not made where there is no folder, or where the URL says that they are there", () =>
    Effect.gen(function*() {
      const filename = yield* freshFile
      for (
        const wrong of [`${dirname(filename)}/no/tasks.db`, `file:${filename}?mode=ro`, `file:${filename}?mode=rw`]
      ) {
        const error = yield* Effect.flip(open({ filename: wrong }))
        assert.include(error.message, "the database file cannot be opened")
      }
      for (const inMemory of [":memory:", "file::memory:", `file:${filename}?mode=memory`]) {
        yield* used({ filename: inMemory })
      }
      assert.isFalse(existsSync(filename))
      assert.isFalse(existsSync(":memory:"))
    }))

  it.live("have no mode that is none, or that keeps their owner out", () =>
    Effect.gen(function*() {
      for (const fileMode of [-1, 0o1600, 0.5, 0o060, 0o400, Number.NaN]) {
        const error = yield* Effect.flip(open({ filename: yield* freshFile, fileMode }))
        assert.deepInclude(error, { _tag: "InvalidInput", field: "fileMode" })
      }
    }))
})
