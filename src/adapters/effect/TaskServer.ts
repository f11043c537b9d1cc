/**
 * What the tools of a server and the protocols that it speaks share.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { SessionTasks } from "../../domain/TaskOperations.ts"
import { TaskStorage } from "../../domain/TaskStorage.ts"
import { type SessionRunner, TaskRunner, type TaskRunnerShape } from "../../runner/TaskRunner.ts"
import type { CallSlot, TaskDraft } from "./CallSlot.ts"
import { type KeyLocks, makeKeyLocks } from "./KeyLocks.ts"
import { isAnonymous, type Owner } from "./Owner.ts"
import type { TaskSupport } from "./TaskAnnotations.ts"
import type { TasksOptions } from "./TasksOptions.ts"
import { toWireError, type WireError, wireError } from "./WireError.ts"

/** The tasks of one principal. */
export interface OwnTasks {
  readonly storage: SessionTasks
  readonly runner: SessionRunner
}

/**
 * The operations of {@link TaskServer}.
 *
 * @since 0.2.0
 * @category models
 */
export interface TaskServerShape {
  readonly runner: TaskRunnerShape
  /** The tools that may become tasks, by name. */
  readonly tools: Map<string, TaskSupport>
  /** Shortens a ttl to the longest that the server allows. */
  readonly boundedTtl: (ttl: Duration.Input | null) => Duration.Input | null
}

/**
 * A server with tasks. Only the layers of this module provide it, so that a tool that becomes a task does not compile on
 * a server that knows of none.
 *
 * @since 0.2.0
 * @category services
 */
export class TaskServer extends Context.Service<TaskServer, TaskServerShape>()("mcp-task-storage/mcp/TaskServer") {}

/** What a protocol needs of the server. `R` is what the owner and the principal take from a request. */
export interface ServedTasks<R> extends TaskServerShape {
  readonly supportOf: (tool: string) => TaskSupport
  /** The tasks that this request may reach. */
  readonly own: Effect.Effect<OwnTasks, WireError, R>
  /** Makes what a call needs to become a task. */
  readonly creation: (ttl: number | null | undefined) => Effect.Effect<NonNullable<CallSlot["create"]>, WireError, R>
  readonly canList: boolean
  readonly inputOnPoll: boolean
  /** Who is asked what, in this process. */
  readonly asking: KeyLocks
}

const defaultTtl = Duration.hours(24)
const defaultMaxTtl = Duration.days(30)
const defaultPollInterval = Duration.seconds(1)

/**
 * Makes what a server shares with its tools and protocols.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeServedTasks = Effect.fnUntraced(function*<OR, PR>(
  owner: Owner<OR> | undefined,
  options: TasksOptions<PR>
): Effect.fn.Return<ServedTasks<OR | PR>, never, TaskStorage | TaskRunner> {
  const storage = yield* TaskStorage
  const runner = yield* TaskRunner
  const tools = new Map<string, TaskSupport>()
  const boundedTtl = (ttl: Duration.Input | null): Duration.Input | null =>
    shorter(ttl, options.maxTtl === undefined ? defaultMaxTtl : options.maxTtl)
  const ttlFor = (asked: Duration.Input | null | undefined): Duration.Input | null =>
    boundedTtl(asked === undefined ? options.defaultTtl === undefined ? defaultTtl : options.defaultTtl : asked)
  const session: Effect.Effect<string | null, WireError, OR> = owner === undefined || isAnonymous(owner)
    ? Effect.succeed(null)
    : Effect.mapError(owner, wireError)
  const principal: Effect.Effect<unknown, WireError, PR> = options.principal === undefined
    ? Effect.void
    : Effect.mapError(options.principal, wireError)
  return {
    runner,
    tools,
    boundedTtl,
    supportOf: (tool) => tools.get(tool) ?? "forbidden",
    own: Effect.map(session, (id) => ({ storage: storage.forSession(id), runner: runner.forSession(id) })),
    creation: Effect.fnUntraced(function*(ttl) {
      const tasks = runner.forSession(yield* session)
      const services = yield* Effect.context<PR>()
      return Effect.fnUntraced(function*(draft: TaskDraft) {
        const behalf = yield* Effect.provideContext(principal, services)
        return yield* tasks.startTask({
          originalMethod: "tools/call",
          originalParams: { name: draft.name, arguments: draft.arguments },
          ttl: ttlFor(ttl === undefined ? draft.ttl : ttl),
          pollInterval: draft.pollInterval ?? options.pollInterval ?? defaultPollInterval,
          meta: draft.meta,
          ...(behalf === undefined ? {} : { principal: behalf })
        }).pipe(Effect.catch((error) => toWireError(undefined, error)))
      })
    }),
    canList: owner === undefined || !isAnonymous(owner),
    inputOnPoll: options.inputOnPoll ?? false,
    asking: makeKeyLocks()
  }
})

const shorter = (asked: Duration.Input | null, most: Duration.Input | null): Duration.Input | null => {
  if (most === null) return asked
  return asked === null ? most : Duration.min(Duration.fromInputUnsafe(asked), Duration.fromInputUnsafe(most))
}
