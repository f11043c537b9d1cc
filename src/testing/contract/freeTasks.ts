/**
 * What `claimableTasks` and the recovery of expired leases promise.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { TaskStorageError } from "../../domain/task/TaskError.ts"
import { equal, equalRecord, hasFields, holds } from "./check.ts"
import { contractCase, type ContractGroup } from "./ContractCase.ts"
import { createIn, failure, moreThanOneStep, mustGet, success, terminalStatuses } from "./fixtures.ts"

const expired = { leases: "expired" } as const

/** Lets others go first, so many times. */
const turns = (count: number) => Effect.forEach(Array.from({ length: count }), () => Effect.yieldNow, { discard: true })

/** A write that comes between, and how it leaves the task. */
interface Race {
  readonly race: (taskId: string) => Effect.Effect<unknown, TaskStorageError>
  readonly won: { readonly [field: string]: unknown }
}

/**
 * @since 0.2.0
 * @category suite
 */
export const freeTasksGroup: ContractGroup = {
  subject: "claimableTasks, expired leases",
  cases: [
    contractCase("lists what waits for a worker, then what ran out first", function*({ clock, first, second }) {
      const leases = [["c", 300], ["a", 200], ["b", 200], ["\u{10000}", 100], ["\ue000", 100], [
        "held",
        10_000
      ]] as const
      for (const [taskId, lease] of leases) yield* createIn(first, taskId, "working", { lease })
      yield* createIn(second, "waiting", "working", { lease: 0, sessionId: "s" })
      yield* createIn(second, "released", "working", { lease: "1 hour" })
      yield* second.touchTask("released", { attempt: 1, lease: 0 })
      yield* createIn(first, "nobody's", "working")
      yield* equal("at once", yield* first.claimableTasks(), ["released", "waiting"])
      yield* clock.advance(200)
      yield* equal("later", yield* first.claimableTasks(), ["released", "waiting", "\ue000", "\u{10000}", "a", "b"])
      yield* equal("two of them", yield* second.claimableTasks({ limit: 2 }), ["released", "waiting"])
      yield* clock.advance(1_000)
      yield* equal("by another process", yield* second.claimableTasks(), [
        "released",
        "waiting",
        "\ue000",
        "\u{10000}",
        "a",
        "b",
        "c"
      ])
    }),

    contractCase("lists a task from the very millisecond at which its lease runs out", function*({ clock, first }) {
      yield* createIn(first, "one", "working", { lease: 100 })
      yield* clock.advance(99)
      yield* equal("just before", yield* first.claimableTasks(), [])
      yield* clock.advance(1)
      yield* equal("then", yield* first.claimableTasks(), ["one"])
      yield* first.touchTask("one", { attempt: 1, lease: 100 })
      yield* equal("once it is extended", yield* first.claimableTasks(), [])
      yield* clock.advance(100)
      yield* first.claimTask("one", { lease: 100 })
      yield* equal("once it is claimed", yield* first.claimableTasks(), [])
    }),

    contractCase("lists neither what waits for input, nor what has ended or expired", function*({ clock, first }) {
      yield* equal("before there are any", yield* first.claimableTasks(), [])
      yield* createIn(first, "asks", "input_required", { lease: 0 })
      yield* createIn(first, "asks since", "working", { lease: 10 })
      yield* first.requireInput("asks since", { a: 1 })
      for (const status of terminalStatuses) {
        yield* createIn(first, status, "working", { lease: 0 })
        yield* first.updateTaskStatus(status, status)
      }
      yield* createIn(first, "expired", "working", { lease: 0, ttl: 50 })
      yield* equal("before it expires", yield* first.claimableTasks(), ["expired"])
      yield* clock.advance(50)
      yield* equal("afterwards", yield* first.claimableTasks(), [])
      yield* first.updateTaskStatus("asks since", "working")
      yield* equal("once it works again", yield* first.claimableTasks(), ["asks since"])
      yield* first.deleteTask("asks since")
      yield* equal("once it is deleted", yield* first.claimableTasks(), [])
    }),

    contractCase("lists 50 tasks, or as many as are asked for", function*({ first }) {
      const ids = Array.from({ length: 60 }, (_, index) => `task-${String(index).padStart(2, "0")}`)
      for (const taskId of ids) yield* createIn(first, taskId, "working", { lease: 0 })
      yield* equal("by default", yield* first.claimableTasks(), ids.slice(0, 50))
      yield* equal("asked for", yield* first.claimableTasks({ limit: 55 }), ids.slice(0, 55))
      yield* equal("all", yield* first.claimableTasks({ limit: 1_000 }), ids)
    }),

    contractCase("recovery fails a task that its worker left, with an error as its outcome", function*({
      clock,
      first,
      second
    }) {
      yield* createIn(first, "one", "working", { lease: 100, meta: { kept: 1 }, statusMessage: "old" })
      yield* first.storeTaskStep("one", "step", 1, { attempt: 1 })
      yield* clock.advance(1_099)
      yield* equal("too early", yield* second.recoverStuckTasks("1 second", expired), [])
      yield* clock.advance(1)
      yield* equal("recovered", yield* second.recoverStuckTasks("1 second", expired), ["one"])
      const record = yield* mustGet(first, "one")
      yield* hasFields("the task", record, {
        attempt: 1,
        lastUpdatedAt: clock.currentTimeMillisUnsafe(),
        leaseExpiresAt: undefined,
        meta: { kept: 1 },
        resultKind: "error",
        revision: 3,
        status: "failed",
        steps: { step: 1 }
      })
      const { result, statusMessage } = record
      yield* equal("the outcome", result, { _tag: "Error", code: -32603, message: statusMessage })
      yield* holds("the message gives a reason", statusMessage !== undefined && statusMessage.length > 10)
      yield* equal("recovered again", yield* second.recoverStuckTasks(0, expired), [])
    }),

    contractCase("recovery of expired leases touches nothing else, however old it is", function*({ clock, first }) {
      const others = [
        yield* createIn(first, "nobody's", "working"),
        yield* createIn(first, "waiting", "working", { lease: 0 }),
        yield* createIn(first, "held", "working", { lease: 100_000 }),
        yield* createIn(first, "asks", "input_required", { lease: 10 }),
        yield* createIn(first, "ended", "completed", { lease: 10 })
      ]
      yield* createIn(first, "released", "working", { lease: 10 })
      const released = yield* first.touchTask("released", { lease: 0 })
      yield* createIn(first, "expired", "working", { lease: 10, ttl: 50 })
      yield* createIn(first, "left", "working", { lease: 10 })
      yield* clock.advance(90_000)
      yield* equal(
        "those that wait",
        yield* first.recoverStuckTasks(0, { ...expired, statuses: ["input_required"] }),
        []
      )
      yield* equal("recovered", yield* first.recoverStuckTasks(0, { ...expired, statuses: ["working"] }), ["left"])
      for (const task of [...others, released]) {
        yield* equalRecord(task.taskId, yield* mustGet(first, task.taskId), task)
      }
    }),

    contractCase("recovery gives a task with a stored outcome the status that it implies", function*({ clock, first }) {
      yield* createIn(first, "completes", "working", { lease: 10, statusMessage: "kept" })
      yield* first.storeTaskResult("completes", success)
      yield* createIn(first, "fails", "working", { lease: 10 })
      yield* first.storeTaskResult("fails", failure)
      yield* clock.advance(10)
      const recovered = yield* first.recoverStuckTasks(0, expired)
      yield* equal("recovered", recovered.toSorted(), ["completes", "fails"])
      yield* hasFields("the success", yield* mustGet(first, "completes"), {
        leaseExpiresAt: undefined,
        result: success,
        status: "completed",
        statusMessage: "kept"
      })
      yield* hasFields("the error", yield* mustGet(first, "fails"), { result: failure, status: "failed" })
    }),

    contractCase("recovery takes more than a batch holds, behind more that waits", function*({ clock, first }) {
      for (let index = 0; index < 2 * moreThanOneStep; index++) {
        yield* createIn(first, `task-${index}`, "working", { lease: index % 2 === 0 ? 10 : 0 })
      }
      yield* clock.advance(10)
      const recovered = yield* first.recoverStuckTasks(0, expired)
      yield* equal("recovered", new Set(recovered).size, moreThanOneStep)
      yield* equal("each is told once", recovered.length, moreThanOneStep)
      yield* equal("still waiting", (yield* first.claimableTasks({ limit: 1_000 })).length, moreThanOneStep)
    }),

    contractCase("recovery never undoes what raced it, and tells exactly what it wrote", function*({
      clock,
      first,
      second
    }) {
      const races: ReadonlyArray<Race> = [
        {
          race: (taskId: string) => second.claimTask(taskId, { lease: 1_000 }),
          won: { attempt: 2, status: "working" }
        },
        {
          race: (taskId: string) => second.touchTask(taskId, { attempt: 1, lease: 1_000 }),
          won: { attempt: 1, status: "working" }
        },
        {
          race: (taskId: string) => second.touchTask(taskId, { lease: 0 }),
          won: { leaseExpiresAt: 0, status: "working" }
        },
        {
          race: (taskId: string) => second.touchTask(taskId, { delay: 1_000 }),
          won: { startedAt: undefined, status: "working" }
        },
        { race: (taskId: string) => second.settleTask(taskId, success), won: { status: "completed" } },
        { race: (taskId: string) => second.requireInput(taskId, { a: 1 }), won: { status: "input_required" } }
      ]
      for (let round = 0; round < 8; round++) {
        const tasks = [...races, ...races].map((race, index) => ({ ...race, taskId: `task-${round}-${index}` }))
        for (const { taskId } of tasks) yield* createIn(first, taskId, "working", { lease: 10 })
        yield* clock.advance(10)
        const [raced, one, two] = yield* Effect.all(
          [
            // Some begin when the recovery has already found them.
            Effect.forEach(
              tasks,
              ({ race, taskId }, index) => Effect.andThen(turns(index + 2 * round), Effect.exit(race(taskId))),
              { concurrency: "unbounded" }
            ),
            first.recoverStuckTasks(0, expired),
            second.recoverStuckTasks(0, expired)
          ],
          { concurrency: "unbounded" }
        )
        const recovered = [...one, ...two]
        yield* equal("told twice", recovered.length - new Set(recovered).size, 0)
        for (const [index, { taskId, won }] of tasks.entries()) {
          const isWritten = raced[index]?._tag === "Success"
          yield* equal(`${taskId} is recovered or was written`, recovered.includes(taskId), !isWritten)
          yield* hasFields(taskId, yield* mustGet(first, taskId), {
            revision: 2,
            ...(isWritten ? won : { attempt: 1, leaseExpiresAt: undefined, status: "failed" })
          })
          yield* first.deleteTask(taskId)
        }
      }
    }),

    contractCase("many workers share the tasks, and none is worked on twice", function*({ first, second }) {
      const ids = Array.from({ length: 30 }, (_, index) => `task-${index}`)
      for (const taskId of ids) yield* createIn(first, taskId, "working", { lease: 0 })
      const work = Effect.fnUntraced(function*(tasks: typeof first) {
        const done: Array<string> = []
        while (true) {
          const claimable = yield* tasks.claimableTasks({ limit: 4 })
          if (claimable.length === 0) return done
          for (const taskId of claimable) {
            const claim = yield* Effect.result(tasks.claimTask(taskId, { lease: 1_000 }))
            if (claim._tag === "Failure") continue
            yield* tasks.settleTask(taskId, success, { attempt: 1 })
            done.push(taskId)
          }
        }
      })
      const done = yield* Effect.all([first, second, first, second].map(work), { concurrency: "unbounded" })
      yield* equal("done", done.flat().toSorted(), ids.toSorted())
    })
  ]
}
