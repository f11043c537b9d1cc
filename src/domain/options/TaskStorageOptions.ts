/**
 * The options of every layer, whatever its backend.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { ActiveBounds, WhenMaxActive } from "../driver/ActiveBounds.ts"
import type { TaskBounds, TaskDriver } from "../driver/TaskDriver.ts"
import { maxBytes } from "../json/StoredJson.ts"
import type { PayloadLimits } from "../task/PayloadLimits.ts"
import { asText } from "../task/StoredTask.ts"
import { InvalidInput } from "../task/TaskError.ts"
import { uuidV7 } from "../task/TaskId.ts"
import { orNull, parseCount, parseMillis } from "./ArgumentParsers.ts"
import { optionNames, parseNames } from "./optionNames.ts"
import { parseRepeat, type RepeatOption } from "./RepeatOption.ts"

/**
 * Options that every layer takes.
 *
 * @since 0.1.0
 * @category options
 */
export interface TaskStorageOptions {
  /** How many tasks may be stored, expired ones that were not swept yet included. Off by default. */
  readonly maxTasks?: number | undefined
  /** How many tasks each session may have stored. Off by default; tasks bound to no session are not limited by it. */
  readonly maxTasksPerSession?: number | undefined
  /** How many tasks may be active at once, over all processes: those that have not ended. Off by default. */
  readonly maxActive?: number | undefined
  /** How many tasks of each session may be active at once. Off by default; tasks bound to no session are not limited by it. */
  readonly maxActivePerSession?: number | undefined
  /**
   * What becomes of a task that is over one of these two. `refuse`, the default, refuses its creation, and each task that has not
   * ended counts. With `wait` it is stored and waits, unclaimed, until it may begin. Each task counts from its beginning to its end.
   */
  readonly whenMaxActive?: WhenMaxActive | undefined
  /** The ttl of tasks that are created without one. Unlimited (`null`) by default. */
  readonly defaultTtl?: Duration.Input | null | undefined
  /** The longest ttl: a longer or unlimited one is shortened to it. Off by default. */
  readonly maxTtl?: Duration.Input | undefined
  /** The poll interval of tasks that are created without one. None by default. */
  readonly defaultPollInterval?: Duration.Input | undefined
  /**
   * The largest payloads, in bytes of stored JSON: the outcome, and everything else of a task together (`content`). A
   * number limits each of the two. 7 MiB each by default and 64 MiB at most, unless the backend stores less.
   */
  readonly maxPayloadBytes?:
    | number
    | { readonly outcome?: number | undefined; readonly content?: number | undefined }
    | undefined
  /** The largest page that a list gives, 1000 by default; a larger `limit` is lowered to it. */
  readonly maxPageSize?: number | undefined
  /**
   * How often the layer removes expired tasks and tends its engine: every minute by default, `false` for never. It removes expired
   * messages and dead workers along with them, every ten minutes or as seldom as this.
   */
  readonly maintenance?: RepeatOption | undefined
  /** Generates the ids of tasks that are created without one: a UUID version 7 by default. */
  readonly generateId?: Effect.Effect<string> | undefined
}

/**
 * The names of {@link TaskStorageOptions}.
 *
 * @since 0.2.0
 * @category constants
 */
export const taskStorageOptions = optionNames<TaskStorageOptions>({
  defaultPollInterval: true,
  defaultTtl: true,
  generateId: true,
  maintenance: true,
  maxActive: true,
  maxActivePerSession: true,
  maxPageSize: true,
  maxPayloadBytes: true,
  maxTasks: true,
  maxTasksPerSession: true,
  maxTtl: true,
  whenMaxActive: true
})

/**
 * Refuses an option that is neither one of every layer nor one of the layer's own.
 *
 * @since 0.2.0
 * @category guards
 */
export const requireOptions = (options: unknown, own: ReadonlyArray<string>): Result.Result<void, InvalidInput> =>
  typeof options === "object" && options !== null
    ? parseNames(options, [...taskStorageOptions, ...own])
    : refuse("options", "must be an object")

/**
 * Options in their parsed form, defaults filled in; durations in milliseconds, sizes in bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResolvedOptions extends PayloadLimits, TaskBounds {
  readonly defaultTtl: number | null
  readonly maxTtl: number | null
  readonly defaultPollInterval: number | null
  readonly maxPageSize: number
  readonly maintenanceInterval: number | null
  readonly generateId: Effect.Effect<string>
  /** Gives a text that no other task of this id has, whichever process made it. */
  readonly nextIncarnation: () => string
}

const defaultBytes = 7 * 1024 * 1024

type PayloadBytes = NonNullable<TaskDriver["maxPayloadBytes"]>

/**
 * Parses options, or says which of them is wrong. `engine` says what the engine can store at all, and what a payload takes there.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resolveOptions = (
  options: TaskStorageOptions,
  engine: Partial<Pick<TaskDriver, "backendName" | "findsSeats" | "maxPayloadBytes" | "payloadBytes">> = {}
): Result.Result<ResolvedOptions, InvalidInput> => {
  if (typeof options !== "object" || options === null) return refuse("options", "must be an object")
  return Result.map(
    Result.all({
      maxTasks: orNull(options.maxTasks, (value) => parseCount("maxTasks", value)),
      maxTasksPerSession: orNull(options.maxTasksPerSession, (value) => parseCount("maxTasksPerSession", value)),
      active: parseActive(options, engine),
      defaultTtl: orNull(options.defaultTtl, (value) => parseMillis("defaultTtl", value, 1)),
      maxTtl: orNull(options.maxTtl, (value) => parseMillis("maxTtl", value, 1)),
      defaultPollInterval: orNull(
        options.defaultPollInterval,
        (value) => parseMillis("defaultPollInterval", value, 0)
      ),
      maxPayloadBytes: parsePayloadBytes(options.maxPayloadBytes, engine.maxPayloadBytes ?? anySize),
      maxPageSize: parseCount("maxPageSize", options.maxPageSize ?? 1000),
      maintenanceInterval: parseRepeat("maintenance", options.maintenance ?? "1 minute"),
      generateId: parseGenerator(options.generateId)
    }),
    ({ maxPayloadBytes, ...resolved }) => ({
      ...resolved,
      maxOutcomeBytes: maxPayloadBytes.outcome,
      maxContentBytes: maxPayloadBytes.content,
      payloadBytes: engine.payloadBytes ?? asText,
      nextIncarnation: makeIncarnations()
    })
  )
}

const parseActive = (
  options: TaskStorageOptions,
  { backendName, findsSeats }: Partial<Pick<TaskDriver, "backendName" | "findsSeats">>
): Result.Result<ActiveBounds | undefined, InvalidInput> =>
  Result.map(
    Result.all({
      maxActive: orNull(options.maxActive, (value) => parseCount("maxActive", value)),
      maxActivePerSession: orNull(options.maxActivePerSession, (value) => parseCount("maxActivePerSession", value)),
      whenMaxActive: parseWhenMaxActive(
        options.whenMaxActive ?? "refuse",
        findsSeats === true ? undefined : backendName
      )
    }),
    (active) => active.maxActive === null && active.maxActivePerSession === null ? undefined : active
  )

const parseWhenMaxActive = (
  value: WhenMaxActive,
  refusing: string | undefined
): Result.Result<WhenMaxActive, InvalidInput> => {
  if (value === "refuse") return Result.succeed(value)
  if (value !== "wait") return refuse("whenMaxActive", "must be \"refuse\" or \"wait\"")
  return refusing === undefined
    ? Result.succeed(value)
    : refuse("whenMaxActive", `must be "refuse" on ${refusing}, where tasks cannot wait for their turn in the storage`)
}

const anySize: PayloadBytes = { outcome: maxBytes, content: maxBytes }

const parsePayloadBytes = (
  bytes: TaskStorageOptions["maxPayloadBytes"],
  storable: PayloadBytes
): Result.Result<PayloadBytes, InvalidInput> => {
  if (bytes === undefined || typeof bytes === "number") return parseBoth({ outcome: bytes, content: bytes }, storable)
  if (typeof bytes !== "object" || bytes === null || Array.isArray(bytes)) {
    return refuse("maxPayloadBytes", "must be a number of bytes, or an object with outcome and content")
  }
  return Result.flatMap(
    parseNames(bytes, ["outcome", "content"], "maxPayloadBytes."),
    () => parseBoth(bytes, storable)
  )
}

const parseBoth = (
  { content, outcome }: Exclude<NonNullable<TaskStorageOptions["maxPayloadBytes"]>, number>,
  storable: PayloadBytes
): Result.Result<PayloadBytes, InvalidInput> =>
  Result.all({
    outcome: parseBytes("maxPayloadBytes.outcome", outcome, storable.outcome),
    content: parseBytes("maxPayloadBytes.content", content, storable.content)
  })

const parseGenerator = (
  generateId: TaskStorageOptions["generateId"]
): Result.Result<Effect.Effect<string>, InvalidInput> =>
  generateId === undefined || Effect.isEffect(generateId)
    ? Result.succeed(generateId ?? uuidV7)
    : refuse("generateId", "must be an Effect")

/** One random number for all, because drawing one for each task would cost as much as its id. */
const makeIncarnations = (): () => string => {
  const origin = crypto.randomUUID().slice(0, 13)
  let count = 0
  return () => `${origin}.${(count++).toString(36)}`
}

const parseBytes = (field: string, value: unknown, most: number): Result.Result<number, InvalidInput> =>
  Result.flatMap(
    parseCount(field, value ?? Math.min(defaultBytes, most)),
    (bytes) => bytes <= most ? Result.succeed(bytes) : refuse(field, `must be at most ${most}`)
  )

const refuse = (field: string, reason: string): Result.Result<never, InvalidInput> =>
  Result.fail(new InvalidInput({ field, reason }))
