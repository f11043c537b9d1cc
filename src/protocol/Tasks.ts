/**
 * What the tools of a server and the requests of its clients share.
 *
 * @since 0.2.0
 */
import type { SessionTasks, TaskStorageShape } from "../domain/service/TaskOperations.ts"
import type { SessionRunner, TaskRunnerShape } from "../runner/service/TaskRunner.ts"
import { KnownTasks } from "./KnownTasks.ts"
import type { OwnedTasks } from "./OwnedTasks.ts"
import { OwnerCount } from "./OwnerCount.ts"
import { limitsOf, type OwnerLimits } from "./OwnerLimits.ts"
import type { ProgressSender } from "./ProgressSender.ts"
import { Questions } from "./Questions.ts"
import type { KnownOwner } from "./TaskOwner.ts"
import { TaskRoom } from "./TaskRoom.ts"
import type { TasksSettings, TaskSupport } from "./TasksOptions.ts"

/**
 * The tasks of a server. One serves any number of connections, and of servers of an SDK.
 *
 * @since 0.2.0
 * @category models
 */
export interface Tasks {
  readonly runner: TaskRunnerShape
  readonly settings: TasksSettings
  /** The tools that may become tasks, by name. */
  readonly support: Map<string, TaskSupport>
  /** Gives the tasks of an owner. */
  readonly ownedBy: (owner: KnownOwner) => OwnedTasks
  readonly questions: Questions
  readonly known: KnownTasks
  /** Who is told of the progress of tasks that run here, by id. */
  readonly progress: Map<string, ProgressSender>
  /** What lets new tasks in. */
  readonly room: TaskRoom
  readonly openStreams: OwnerCount
  readonly openCalls: OwnerCount
  readonly blockedResults: OwnerCount
}

/** What all owners share. */
interface Served {
  readonly runner: TaskRunnerShape
  readonly storage: TaskStorageShape
}

/**
 * Makes the tasks of a server, on a storage and a runner.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeTasks = (settings: TasksSettings, { runner, storage }: Served): Tasks => ({
  runner,
  settings,
  support: new Map(),
  ownedBy: (owner) => new Owned(owner, limitsOf(settings.limits, owner.id), { runner, storage }),
  questions: new Questions(),
  known: new KnownTasks(settings.inputOnPoll),
  progress: new Map(),
  room: new TaskRoom(),
  openStreams: new OwnerCount("openStreams", settings.limits),
  openCalls: new OwnerCount("openCalls", settings.limits),
  blockedResults: new OwnerCount("blockedResults", settings.limits)
})

/** Most requests need one of the two. */
class Owned implements OwnedTasks {
  readonly id: string | null
  readonly principal: unknown
  readonly canList: boolean
  readonly limits: OwnerLimits
  readonly #server: Served
  #storage: SessionTasks | undefined
  #runner: SessionRunner | undefined

  constructor({ canList, id, principal }: KnownOwner, limits: OwnerLimits, server: Served) {
    this.id = id
    this.principal = principal
    this.canList = canList
    this.limits = limits
    this.#server = server
  }

  get storage(): SessionTasks {
    return this.#storage ??= this.#server.storage.forSession(this.id)
  }

  get runner(): SessionRunner {
    return this.#runner ??= this.#server.runner.forSession(this.id)
  }
}

/**
 * Tells whether calls of a tool may become tasks; those of tools that are registered without tasks never do.
 *
 * @since 0.2.0
 * @category accessors
 */
export const supportOf = ({ support }: Tasks, tool: string): TaskSupport => support.get(tool) ?? "forbidden"
