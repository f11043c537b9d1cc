/**
 * The promise facade shows no type of Effect. What this file claims about types is checked by `npm run types`.
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Pipeable } from "effect/Pipeable"
import type * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import type * as Facade from "mcp-task-storage/promise"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest"
import { optionNames } from "../../src/domain/options/optionNames.ts"
import type { RequireInputOptions, TouchOptions } from "../../src/domain/options/TaskOptions.ts"
import type { SessionTasks, TaskStorageShape } from "../../src/domain/service/TaskOperations.ts"
import type { TaskRecord, TaskSummary } from "../../src/domain/task/TaskRecord.ts"
import type { TaskStorageUrlOptions } from "../../src/layers/TaskStorageUrl.ts"
import type { TaskRunnerOptions } from "../../src/runner/service/TaskRunnerOptions.ts"
import { install } from "../package/packed.ts"

/** The types of Effect, all of which have a `pipe`, that can be reached from a type; a `Duration` is taken everywhere. */
type Leaks<T, Depth extends ReadonlyArray<0> = []> = Depth["length"] extends 7 ? never
  : T extends Duration.Duration ? never
  : T extends Pipeable ? T
  : T extends AbortSignal | Date | Uint8Array ? never
  : T extends (...args: infer Args) => infer Result ? Leaks<Args, [...Depth, 0]> | Leaks<Result, [...Depth, 0]>
  : T extends Promise<infer Value> ? Leaks<Value, [...Depth, 0]>
  : T extends AsyncIterable<infer Item> ? Leaks<Item, [...Depth, 0]>
  : T extends ReadonlyArray<infer Item> ? Leaks<Item, [...Depth, 0]>
  : T extends object ? { [Key in keyof T]-?: Leaks<T[Key], [...Depth, 0]> }[keyof T]
  : never

describe("types", () => {
  test("a leak would be seen", () => {
    expectTypeOf<Leaks<() => Effect.Effect<1>>>().not.toBeNever()
    expectTypeOf<Leaks<{ readonly get: () => Promise<Option.Option<1> | undefined> }>>().not.toBeNever()
    expectTypeOf<Leaks<(options?: { readonly password?: Redacted.Redacted }) => void>>().not.toBeNever()
    expectTypeOf<Leaks<{ readonly tasks: ReadonlyArray<{ readonly createdAt: DateTime.Utc }> }>>().not.toBeNever()
    expectTypeOf<Leaks<AsyncIterable<Stream.Stream<1>>>>().not.toBeNever()
  })

  test("storage, tasks and options are free of Effect", () => {
    expectTypeOf<Leaks<Facade.PromiseTaskStorage>>().toBeNever()
    expectTypeOf<Leaks<Facade.PromiseSessionTasks>>().toBeNever()
    // The errors of single tasks are those that promises reject with.
    expectTypeOf<Exclude<Leaks<Facade.PromiseTaskAdmin>, Facade.TaskStorageError>>().toBeNever()
    expectTypeOf<Leaks<Facade.OpenOptions>>().toBeNever()
    expectTypeOf<Leaks<Facade.LayerOpenOptions>>().toBeNever()
    expectTypeOf<Leaks<Facade.PromiseTaskRunner>>().toBeNever()
    expectTypeOf<Leaks<Facade.PromiseTaskContext>>().toBeNever()
    expectTypeOf<Leaks<Facade.OpenRunnerOptions>>().toBeNever()
    expectTypeOf<Leaks<Facade.LayerRunnerOptions>>().toBeNever()
    expectTypeOf<Leaks<Facade.LayerSource<never>>>().not.toBeNever()
  })

  test("tasks are the encoded records", () => {
    expectTypeOf<typeof TaskRecord.Encoded>().toExtend<Facade.Task>()
    expectTypeOf<Facade.Task>().toExtend<typeof TaskRecord.Encoded>()
    expectTypeOf<typeof TaskSummary.Encoded>().toExtend<Facade.TaskSummary>()
    expectTypeOf<Facade.TaskSummary>().toExtend<typeof TaskSummary.Encoded>()
    expectTypeOf<keyof Facade.Task>().toEqualTypeOf<keyof typeof TaskRecord.Encoded>()
  })

  test("operations are those of the service", () => {
    expectTypeOf<keyof Facade.PromiseSessionTasks>().toEqualTypeOf<keyof SessionTasks>()
    type Added = Exclude<keyof Facade.PromiseTaskStorage, keyof TaskStorageShape>
    expectTypeOf<Added>().toEqualTypeOf<"close" | typeof Symbol.asyncDispose>()
    type Missing = Exclude<keyof TaskStorageShape, keyof Facade.PromiseTaskStorage>
    expectTypeOf<Missing>().toEqualTypeOf<"generateTaskId" | "seatNews">()
  })

  test("options are those of the layers and of the runner, but for what is written with Effect", () => {
    type Own<Options> = Omit<Options, keyof Facade.LayerOpenOptions>
    expectTypeOf<Own<Omit<Facade.OpenOptions, "postgres" | "encryption">>>()
      .toEqualTypeOf<Own<Omit<TaskStorageUrlOptions, "postgres" | "encryption">>>()
    expectTypeOf<Omit<Facade.EncryptionOptions, "keys">>()
      .toEqualTypeOf<Omit<NonNullable<TaskStorageUrlOptions["encryption"]>, "keys">>()
    expectTypeOf<Omit<Facade.PostgresOptions, "password">>()
      .toEqualTypeOf<Omit<NonNullable<TaskStorageUrlOptions["postgres"]>, "password">>()
    expectTypeOf<Omit<Facade.RunnerOptions, "dispatch">>().toEqualTypeOf<Omit<TaskRunnerOptions, "dispatch">>()
    expectTypeOf<Facade.TouchOptions>().toExtend<TouchOptions>()
    expectTypeOf<Facade.RequireInputOptions>().toExtend<RequireInputOptions>()
  })

  test("a list of options that forgets one, or has another, does not compile", () => {
    // @ts-expect-error since b is missing
    expect(optionNames<{ readonly a?: 1; readonly b: 2 }>({ a: true })).toEqual(["a"])
    // @ts-expect-error since c is none of them
    expect(optionNames<{ readonly a?: 1 }>({ a: true, c: true })).toEqual(["a", "c"])
  })

  test("opening takes a URL, or a layer without the options that are the layer's own", () => {
    expectTypeOf<typeof Facade.openTaskStorage>().toBeCallableWith("memory:", { maxTasks: 1 })
    expectTypeOf<Facade.LayerOpenOptions>().not.toHaveProperty("maxTasks")
  })
})

describe("declarations", () => {
  const modules = mkdtempSync(join(tmpdir(), "mcp-task-storage-types-"))
  const folder = join(modules, "mcp-task-storage/dist")
  /** What each declaration of the facade that a user can reach imports. */
  const imports = new Map<string, ReadonlyArray<string>>()

  const follow = (file: string): void => {
    const name = relative(folder, file)
    if (imports.has(name)) return
    const found = Array.from(
      readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?"([^"]+)"/g),
      ([, from = ""]) => from
    )
    imports.set(name, found)
    for (const from of found) {
      if (from.startsWith("./")) follow(join(dirname(file), from.replace(/\.[jt]s$/, ".d.ts")))
    }
  }

  beforeAll(async () => {
    await install(modules)
    follow(join(folder, "promise/index.d.ts"))
  })
  afterAll(() => rmSync(modules, { recursive: true, force: true }))

  test("only the layer overload and durations import Effect", () => {
    const effects = [...imports].map(([file, from]) => [file, from.filter((name) => name.startsWith("effect"))])
    expect(effects.filter(([, names]) => names?.length !== 0)).toEqual([
      ["promise/LayerSource.d.ts", ["effect/Layer"]],
      ["promise/PromiseCallOptions.d.ts", ["effect/Duration"]],
      ["promise/PromiseTaskStorage.d.ts", ["effect/Duration"]],
      ["promise/PromiseTaskRunner.d.ts", ["effect/Duration"]]
    ])
  })

  test("the interfaces and the overload are among those looked at", () => {
    expect([...imports.keys()].toSorted()).toEqual([
      "promise/LayerSource.d.ts",
      "promise/OpenOptions.d.ts",
      "promise/PromiseCallOptions.d.ts",
      "promise/PromiseTaskAdmin.d.ts",
      "promise/PromiseTaskRunner.d.ts",
      "promise/PromiseTaskStats.d.ts",
      "promise/PromiseTaskStorage.d.ts",
      "promise/ReportOptions.d.ts",
      "promise/RunnerOptions.d.ts",
      "promise/SignalOption.d.ts",
      "promise/Task.d.ts",
      "promise/Telemetry.d.ts",
      "promise/index.d.ts",
      "promise/makeTaskAdmin.d.ts",
      "promise/openTaskRunner.d.ts",
      "promise/openTaskStorage.d.ts"
    ])
  })
})
