/**
 * What a look at the store promises: it finds what breaks the rules, and nothing else.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { InspectOptions } from "../../domain/options/TaskOptions.ts"
import { equal, refused } from "./check.ts"
import { contractCase, type ContractGroup, type World } from "./ContractCase.ts"
import { bury, createIn, failure, longLease, register, success, tool } from "./fixtures.ts"
import { call } from "./untyped.ts"

/** What is found. The clock of the case is not that of the engine, and what the engine itself needs is no matter of the contract. */
const found = (tasks: World["first"], options?: InspectOptions) =>
  Effect.map(tasks.inspectStore(options), ({ findings }) =>
    findings
      .filter(({ code }) => code === "rows" || code === "workers" || code === "messages" || code === "counters")
      .map(({ code, count, examples, fixable, fixed }) => ({ code, count, examples, fixable, fixed })))

/**
 * @since 0.2.0
 * @category suite
 */
export const inspectionGroup: ContractGroup = {
  subject: "inspection",
  cases: [
    contractCase("finds nothing wrong with what the operations write", function*({ clock, first, second }) {
      const workerId = yield* register(first, longLease)
      yield* createIn(first, "open", "working", { sessionId: "s", worker: workerId })
      yield* createIn(second, "asking", "working")
      yield* second.requireInput("asking", { "q\u0000": { method: "ask" } }, { requestState: "\ud800" })
      yield* createIn(first, "settled", "working", {
        originalParams: { deep: [[[{}]]] },
        meta: { "": 1 },
        principal: 7
      })
      yield* first.storeTaskStep("settled", "__proto__", { a: [1] })
      yield* first.settleTask("settled", success)
      yield* createIn(second, "failed", "working", { sessionId: "s", ttl: 60_000 })
      yield* second.settleTask("failed", failure, { failure: new TypeError("\ud83d") })
      yield* createIn(first, "cancelled", "working")
      yield* first.updateTaskStatus("cancelled", "cancelled")
      yield* first.rerunTask("cancelled", { taskId: "again" })
      yield* createIn(first, "expired", "working", { sessionId: "s", ttl: 1 })
      yield* first.messages.enqueue("open", { text: "hello" })
      yield* second.deleteTask("asking")
      yield* clock.advance(1)
      const report = yield* second.inspectStore({ deep: true })
      yield* equal("the backend", report.backend, second.backendName)
      yield* equal("checked", ["rows", "workers"].filter((code) => !report.checked.includes(code)), [])
      yield* equal("found", yield* found(second, { deep: true }), [])
      yield* equal("found without reading all", yield* found(first), [])
      yield* equal("found to mend", yield* found(first, { deep: true, fix: true }), [])
    }, { maxTasks: 100, maxTasksPerSession: 10 }),

    contractCase("finds tasks whose status and outcome do not agree, and leaves them alone", function*({ first }) {
      yield* createIn(first, "ended", "working")
      yield* first.updateTaskStatus("ended", "completed")
      yield* createIn(first, "open", "working")
      yield* first.storeTaskResult("open", success)
      const both = [
        { code: "rows", count: 1, examples: ["ended"], fixable: false, fixed: undefined },
        { code: "rows", count: 1, examples: ["open"], fixable: false, fixed: undefined }
      ]
      yield* equal("without reading all", yield* found(first), [])
      yield* equal("with it", yield* found(first, { deep: true, fix: true }), both)
      yield* equal("once more", yield* found(first, { deep: true }), both)
    }),

    contractCase("counts what it finds, and names a few", function*({ first }) {
      for (let index = 10; index < 30; index++) {
        yield* createIn(first, `task-${index}`, "working")
        yield* first.storeTaskResult(`task-${index}`, success)
      }
      const [finding, ...others] = yield* found(first, { deep: true })
      yield* equal("findings", others, [])
      yield* equal("tasks", finding?.count, 20)
      yield* equal("examples", finding?.examples?.length, 10)
    }),

    contractCase("finds the tasks of dead workers, and frees them on demand", function*(world) {
      const { clock, first, second } = world
      const [dead, live] = [yield* register(first, longLease), yield* register(second, longLease)]
      yield* createIn(first, "one", "working", { worker: dead })
      yield* createIn(first, "two", "working", { worker: dead })
      yield* createIn(second, "three", "working", { worker: live })
      yield* bury(world, dead)
      const finding = { code: "workers", count: 2, examples: [dead], fixable: true }
      yield* equal("found", yield* found(second), [{ ...finding, fixed: undefined }])
      yield* equal("mended", yield* found(second, { fix: true }), [{ ...finding, fixed: true }])
      yield* equal("afterwards", yield* found(second, { fix: true }), [])
      yield* equal(
        "workers",
        (yield* first.listWorkers()).map(({ tasks, worker }) => [worker.workerId, tasks]),
        [[dead, 0] as const, [live, 1] as const].toSorted()
      )
      yield* clock.advance(1)
      yield* equal("free", (yield* first.claimableTasks()).toSorted(), ["one", "two"])
    }),

    contractCase(
      "finds workers that nobody declares dead, and declares nobody dead itself",
      function*({ clock, first }) {
        const workerId = yield* register(first, { lease: 1_000 })
        yield* createIn(first, "one", "working", { worker: workerId })
        yield* clock.advance(301_000)
        yield* equal("in time", yield* found(first, { fix: true }), [])
        yield* clock.advance(1)
        const finding = { code: "workers", count: 1, examples: [workerId], fixable: false, fixed: undefined }
        yield* equal("long after", yield* found(first, { fix: true }), [finding])
        yield* first.renewWorker(workerId, longLease)
        yield* equal("renewed", yield* found(first), [])
      }
    ),

    contractCase("refuses options that it does not know", function*({ first }) {
      yield* first.createTask(tool)
      yield* refused("a text", call(first.inspectStore, { fix: "yes" }), { _tag: "InvalidInput", field: "fix" })
      yield* refused("a number", call(first.inspectStore, { deep: 1 }), { _tag: "InvalidInput", field: "deep" })
    })
  ]
}
