/**
 * Values that many cases use.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { CreateTask, RegisterWorker } from "../../domain/options/TaskOptions.ts"
import type { SessionTasks } from "../../domain/service/TaskOperations.ts"
import type { WorkerOperations } from "../../domain/service/WorkerOperations.ts"
import type { Sizing } from "../../domain/task/StoredTask.ts"
import type { TaskRecord } from "../../domain/task/TaskRecord.ts"
import { activeStatuses, type TaskStatus, taskStatuses } from "../../domain/task/TaskStatus.ts"
import { Mismatch } from "./check.ts"
import type { World } from "./ContractCase.ts"

/** The smallest task. */
export const tool = { originalMethod: "tools/call" } as const

/** Its method as JSON text. */
export const methodBytes = 12

/** A task with everything that a caller may give it while it works. */
export const whole = {
  originalMethod: "tools/call",
  originalParams: { name: "report", arguments: { b: ["\ud800\u0000", -0.5], a: 1 } },
  meta: { owner: "me" },
  name: "report",
  pollInterval: 250,
  principal: { user: 1 },
  sessionId: "session-1",
  ttl: 60_000,
  traceparent: "00-a-b-01",
  tracestate: "vendor=1",
  statusMessage: "at work",
  requestState: "state",
  steps: { one: 1 }
} as const

/** A successful outcome. */
export const success = { _tag: "Success", value: { content: [] } } as const

/** A JSON-RPC error as an outcome. */
export const failure = { _tag: "Error", code: -32000, message: "It broke", data: { step: 3 } } as const

/** The statuses that a task never leaves. */
export const terminalStatuses: ReadonlyArray<TaskStatus> = taskStatuses.filter((status) =>
  !activeStatuses.includes(status)
)

/** Creates a task in a status; one that ended has no outcome. */
export const createIn = (
  tasks: SessionTasks,
  taskId: string,
  status: TaskStatus,
  fields: Partial<CreateTask> = {}
): ReturnType<SessionTasks["createTask"]> => tasks.createTask({ ...tool, ...fields, taskId, status })

/** Reads a task that has to be there. */
export const mustGet = (
  tasks: SessionTasks,
  taskId: string
): Effect.Effect<TaskRecord, Effect.Error<ReturnType<SessionTasks["getTask"]>> | Mismatch> =>
  Effect.flatMap(
    tasks.getTask(taskId),
    (found) =>
      found._tag === "Some"
        ? Effect.succeed(found.value)
        : Effect.fail(new Mismatch({ difference: `task ${taskId} is not there` }))
  )

/** More tasks than the library removes or recovers in one step. */
export const moreThanOneStep = 210

/** A lease that no case outlasts. */
export const longLease = { lease: "1 hour" } as const

/** Registers a worker and gives its id. */
export const register = (
  storage: WorkerOperations,
  worker: RegisterWorker = longLease
): Effect.Effect<string, Effect.Error<ReturnType<WorkerOperations["registerWorker"]>>> =>
  Effect.map(storage.registerWorker(worker), ({ workerId }) => workerId)

/** Lets the lease of a worker run out, and declares it dead. */
export const bury = Effect.fnUntraced(function*({ clock, first }: Pick<World, "clock" | "first">, workerId: string) {
  yield* first.renewWorker(workerId, { lease: 1 })
  yield* clock.advance(1)
  const dead = yield* first.declareDeadWorkers()
  if (!dead.includes(workerId)) return yield* new Mismatch({ difference: `worker ${workerId} was not declared dead` })
})

/** Gives the bytes of the longest text of a payload that takes no more than so many. */
export const largestText = (payloadBytes: Sizing, bytes: number): number => {
  let [fits, tooLong] = [0, bytes + 1]
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2)
    if (payloadBytes(middle) <= bytes) fits = middle
    else tooLong = middle
  }
  return fits
}
