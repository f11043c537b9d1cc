/**
 * The way to the operations for operators in promises.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import { makeTaskAdmin as makeAdmin } from "../admin/makeTaskAdmin.ts"
import * as Names from "../admin/operationOptions.ts"
import { storageOperations } from "../admin/storageOperations.ts"
import type { OptionNames } from "../domain/options/optionNames.ts"
import { InvalidInput } from "../domain/task/TaskError.ts"
import { isObject, requireObject } from "./arguments.ts"
import { plainCall } from "./callOptions.ts"
import { decodeFilter, encodeSummary } from "./codec.ts"
import { iterate } from "./iterate.ts"
import { type OpenedStorage, openedStorage } from "./openedStorages.ts"
import type * as Calls from "./PromiseTaskAdmin.ts"
import type { PromiseTaskStorage } from "./PromiseTaskStorage.ts"

/**
 * Makes the operations for operators on a storage of `openTaskStorage`. They end when that is closed. Throws `InvalidInput` for
 * anything else.
 *
 * **Example** (Running all of a tool's failed tasks again)
 *
 * ```ts
 * import { makeTaskAdmin, openTaskStorage } from "mcp-task-storage/promise"
 *
 * const storage = await openTaskStorage("sqlite:tasks.db")
 * const admin = makeTaskAdmin(storage)
 * for await (const { done, skipped } of admin.rerunTasks({ status: "failed", name: "report" })) {
 *   console.log(`${done} run again, ${skipped} skipped`)
 * }
 * await storage.close()
 * ```
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTaskAdmin = (storage: PromiseTaskStorage): Calls.PromiseTaskAdmin => {
  const { calls, storage: service } = requireOpened("storage", storage)
  const admin = makeAdmin(service)
  return {
    ...Struct.pick(storage, storageOperations),

    cancelTask: (taskId, options) =>
      calls.write("cancelTask", options, cancelCall, (own) => admin.cancelTask(taskId, own), encodeSummary),

    findTask: (idOrEnding, options) =>
      calls.read("findTask", options, plainCall, () => admin.findTask(idOrEnding), identity),

    rerunTasks: (selection, options) =>
      iterate(
        writing("rerunTasks"),
        calls,
        options,
        rerunTasksCall,
        (own) => admin.rerunTasks(decodeSelection(selection), own)
      ),

    cancelTasks: (selection, options) =>
      iterate(
        writing("cancelTasks"),
        calls,
        options,
        cancelTasksCall,
        (own) => admin.cancelTasks(decodeSelection(selection), own)
      ),

    deleteTasks: (selection, options) =>
      iterate(
        writing("deleteTasks"),
        calls,
        options,
        bulkCall,
        (own) => admin.deleteTasks(decodeSelection(selection), own)
      ),

    eraseSession: (sessionId, options) =>
      iterate(writing("eraseSession"), calls, options, eraseCall, (own) => admin.eraseSession(sessionId, own)),

    exportTasks: (selection, options) =>
      iterate(
        { name: "exportTasks", kind: "read" },
        calls,
        options,
        exportCall,
        (own) => admin.exportTasks(decodeSelection(selection), own)
      ),

    importTasks: (lines, options) =>
      iterate(writing("importTasks"), calls, options, importTasksCall, (own) => admin.importTasks(linesOf(lines), own)),

    copyTasks: (to, selection, options) =>
      iterate(
        writing("copyTasks"),
        calls,
        options,
        copyCall,
        (own) => admin.copyTasks(requireOpened("to", to).storage, decodeSelection(selection), own)
      )
  }
}

const writing = (name: string) => ({ name, kind: "write" }) as const

const cancelCall: OptionNames<Calls.CancelOptions> = [...Names.cancelOptions, ...plainCall]
const rerunTasksCall: OptionNames<Calls.RerunTasksOptions> = [...Names.rerunTasksOptions, ...plainCall]
const cancelTasksCall: OptionNames<Calls.CancelTasksOptions> = [...Names.cancelTasksOptions, ...plainCall]
const bulkCall: OptionNames<Calls.BulkOptions> = [...Names.bulkOptions, ...plainCall]
const eraseCall: OptionNames<Calls.EraseOptions> = [...Names.eraseOptions, ...plainCall]
const exportCall: OptionNames<Calls.ExportOptions> = [...Names.exportOptions, ...plainCall]
const copyCall: OptionNames<Calls.CopyOptions> = bulkCall
const importTasksCall: OptionNames<Calls.ImportTasksOptions> = [...Names.importTasksOptions, ...plainCall]

const requireOpened = (field: string, storage: PromiseTaskStorage): OpenedStorage => {
  const opened = openedStorage(storage)
  if (opened === undefined) throw new InvalidInput({ field, reason: "must be one that openTaskStorage gave" })
  return opened
}

const decodeSelection = (selection: Calls.TaskSelection) => {
  requireObject("selection", selection)
  return decodeFilter(selection) ?? {}
}

const linesOf = (lines: Iterable<string> | AsyncIterable<string>): Stream.Stream<string, unknown> => {
  // One text would be taken for as many lines as it has characters.
  if (!isObject(lines) && !Array.isArray(lines)) {
    throw new InvalidInput({ field: "lines", reason: "must be iterable, such as an array or readline" })
  }
  const texts = Stream.fromAsyncIterable(inTurn(lines), (error) => error)
  return Stream.mapEffect(texts, (line) =>
    typeof line === "string"
      ? Effect.succeed(line)
      : Effect.fail(new InvalidInput({ field: "lines", reason: "must give strings" })))
}

/** Gives the items of either kind of iterable. */
const inTurn = async function*(lines: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  yield* lines
}
