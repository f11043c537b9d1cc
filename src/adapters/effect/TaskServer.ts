/**
 * What the tools of a server and the protocols that it speaks share.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import { TaskStorage } from "../../domain/TaskStorage.ts"
import { knownOwner } from "../../protocol/askOwner.ts"
import type { OwnedTasks } from "../../protocol/OwnedTasks.ts"
import { type Anonymous, anonymous, type KnownOwner, nobody } from "../../protocol/TaskOwner.ts"
import { makeTasks, type Tasks } from "../../protocol/Tasks.ts"
import { resolveTasksOptions } from "../../protocol/TasksOptions.ts"
import { type WireError, wireError } from "../../protocol/WireError.ts"
import { TaskRunner } from "../../runner/service/TaskRunner.ts"
import type { Owner, TasksOptions } from "./TasksOptions.ts"

/**
 * A server with tasks. Only the layers of this module provide it, so that a tool that becomes a task does not compile on
 * a server that knows of none.
 *
 * @since 0.2.0
 * @category services
 */
export class TaskServer extends Context.Service<TaskServer, Tasks>()("mcp-task-storage/mcp/TaskServer") {}

/** What a protocol needs of the server. `R` is what the owner and the principal take from a request. */
export interface ServedTasks<R> {
  readonly tasks: Tasks
  /** The tasks that this request may reach. */
  readonly owned: Effect.Effect<OwnedTasks, WireError, R>
  /** The same for a call, with the principal that is stored with its task. */
  readonly ownedByCall: Effect.Effect<OwnedTasks, WireError, R>
  readonly canList: boolean
  /** Done when the client of a connection that has one is gone. */
  readonly gone: Effect.Effect<void>
}

/**
 * Makes what a server shares with its tools and protocols.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeServedTasks = Effect.fnUntraced(function*<OR, PR>(
  owner: Owner<OR> | undefined,
  options: TasksOptions<PR>,
  gone: Effect.Effect<void> = Effect.never
): Effect.fn.Return<ServedTasks<OR | PR>, InvalidInput, TaskStorage | TaskRunner> {
  const settings = yield* Effect.fromResult(resolveTasksOptions(options))
  const tasks = makeTasks(settings, { runner: yield* TaskRunner, storage: yield* TaskStorage })
  const { principal } = options
  const known: Effect.Effect<KnownOwner, WireError, OR> = owner === undefined
    ? Effect.succeed(nobody)
    : isAnonymous(owner)
    ? knownOwner(owner)
    : Effect.flatMapEager(Effect.mapErrorEager(owner, wireError), knownOwner)
  // An owner who is always the same is asked for once.
  const owned = Effect.mapEager(known, tasks.ownedBy)
  return {
    tasks,
    owned,
    ownedByCall: principal === undefined ?
      owned :
      Effect.flatMap(
        known,
        (owner) =>
          Effect.map(Effect.mapError(principal, wireError), (principal) => tasks.ownedBy({ ...owner, principal }))
      ),
    canList: owner === undefined || !isAnonymous(owner),
    gone
  }
})

const isAnonymous = <R>(owner: Owner<R>): owner is Anonymous => owner === anonymous
