/**
 * What a new field of a task takes: the program does not compile until each of these files knows of it. CONTRIBUTING.md
 * says the same to people.
 */
import { execFileSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest"
import type { CreateTask } from "../../../src/domain/options/TaskOptions.ts"
import type { StoredTask } from "../../../src/domain/task/StoredTask.ts"
import { TaskRecord, type TaskRecordFields } from "../../../src/domain/task/TaskRecord.ts"
import { type ModelTask, recordOf } from "../../../src/testing/model/ModelState.ts"
import { oneChecker } from "../../support/oneChecker.ts"

const root = join(import.meta.dirname, "../../..")
const folder = mkdtempSync(join(tmpdir(), "mcp-task-storage-field-"))

/** Gives which of these and of the files that they need do not compile, in order. */
const compile = (...include: ReadonlyArray<string>): ReadonlyArray<string> => {
  // The page runs in a browser, and has a project of its own.
  const config = { extends: join(root, "tsconfig.json"), include, exclude: ["src/admin/dashboard/client"] }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config))
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  try {
    execFileSync(process.execPath, [tsc, "-p", folder, ...oneChecker], { cwd: folder, encoding: "utf8" })
    return []
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : String(error)
    return [...new Set(Array.from(output.matchAll(/^(\S+\.ts)\(/gm), ([, file = ""]) => file))].toSorted()
  }
}

const insert = (file: string, behind: string, text: string): void => {
  const path = join(folder, file)
  const source = readFileSync(path, "utf8")
  expect(source).toContain(behind)
  writeFileSync(path, source.replace(behind, `${behind}\n${text}`))
}

beforeAll(() => {
  for (const path of ["src", "package.json"]) cpSync(join(root, path), join(folder, path), { recursive: true })
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test("a new field of a task is asked for in every place that keeps, reads or shows tasks", { timeout: 120_000 }, () => {
  insert("src/domain/task/StoredTask.ts", "readonly meta: StoredJson | null", "readonly added: StoredJson | null")
  insert("src/domain/task/TaskRecord.ts", "const summaryFields = {", "added: Schema.optionalKey(Schema.String),")
  expect(compile("src")).toEqual([
    "src/domain/driver/TaskWrite.ts",
    "src/domain/machine/TaskMachine.ts",
    "src/domain/machine/decideRerun.ts",
    "src/domain/operations/TaskDraft.ts",
    "src/domain/operations/TaskImport.ts",
    "src/domain/options/operationOptions.ts",
    "src/domain/task/StoredTask.ts",
    "src/domain/task/TaskRecord.ts",
    "src/domain/task/plainTask.ts",
    "src/layers/dynamodb/TaskItem.ts",
    "src/layers/sql/TaskStatements.ts",
    "src/layers/sql/TaskTables.ts",
    "src/layers/sql/patchClauses.ts",
    "src/promise/codec.ts"
  ])
})

test("a new field of JSON text is asked for where sizes are added up", { timeout: 120_000 }, () => {
  insert("src/domain/task/StoredTask.ts", "const bounds = {", "added: \"content\",")
  expect(compile("src/domain/task/StoredTask.ts")).toContain("src/domain/task/StoredTask.ts")
})

describe("fields", () => {
  test("of a stored task are all shown in a record, but for what is the storage's own", () => {
    type Hidden = Exclude<keyof StoredTask, keyof TaskRecordFields>
    expectTypeOf<Hidden>().toEqualTypeOf<"incarnation" | "dueAt" | "inputKeys" | "failureStack">()
  })

  test("of a record can all be given to a new task, but for what is derived or written by workers", () => {
    type Derived = Exclude<keyof TaskRecordFields, keyof CreateTask>
    expectTypeOf<Derived>().toEqualTypeOf<
      "revision" | "resultKind" | "rerunOf" | "rerunAs" | "attempt" | "leaseExpiresAt" | "startedAt"
    >()
    expectTypeOf<Exclude<keyof CreateTask, keyof TaskRecordFields>>().toEqualTypeOf<"lease" | "delay">()
  })

  test("of a record are all known to the reference model, but for what nothing depends on", () => {
    const task: ModelTask = {
      taskId: "t",
      sessionId: "s",
      status: "failed",
      statusMessage: "m",
      createdAt: 0,
      lastUpdatedAt: 0,
      ttl: 1,
      pollInterval: 1,
      originalMethod: "m",
      result: { _tag: "Success", value: 1 },
      revision: 1,
      inputRequests: {},
      inputResponses: {},
      requestState: "",
      usedKeys: [],
      attempt: 1,
      leaseExpiresAt: 0,
      waits: false,
      worker: "w",
      startedAt: 0,
      name: "n",
      traceparent: "t",
      failure: { name: "n", message: "m", at: 0 },
      principal: "p",
      steps: {},
      rerunOf: "o",
      rerunAs: "a"
    }
    const unknown = Object.keys(TaskRecord.fields).filter((field) => !Object.hasOwn(recordOf(task), field))
    expect(unknown.toSorted()).toEqual(["meta", "originalParams", "runTraceparent", "tracestate"])
  })
})
