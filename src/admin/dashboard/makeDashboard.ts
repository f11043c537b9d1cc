/**
 * The page of tasks, as a handler of requests.
 *
 * @since 0.2.0
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { ownValue } from "../../domain/json/ownValue.ts"
import type { TaskStorageShape } from "../../domain/service/TaskOperations.ts"
import { InvalidInput, isTaskStorageError, type TaskStorageError } from "../../domain/task/TaskError.ts"
import { makeTaskAdmin } from "../makeTaskAdmin.ts"
import { decideAccess, decideVisit } from "./access.ts"
import {
  BulkActionSchema,
  changePause,
  changeTask,
  changeTasks,
  PauseActionSchema,
  TaskActionSchema
} from "./actions.ts"
import { loadAssets } from "./bundleAssets.ts"
import { type DashboardOptions, parseDashboardOptions, type ResolvedDashboardOptions } from "./DashboardOptions.ts"
import { checkHost } from "./hostRules.ts"
import { LiveFeeds, type Look } from "./LiveFeeds.ts"
import { firstVisitDocument, pageDocument, refusalDocument } from "./page.ts"
import { readBody } from "./readBody.ts"
import type { Refusal } from "./Refusal.ts"
import { refusalOf } from "./refusalOf.ts"
import { answer, errorOf, html, json, redirect, refusalJson } from "./responses.ts"
import {
  findView,
  followTask,
  overviewView,
  payloadView,
  tasksView,
  taskView,
  type View,
  workersView
} from "./views.ts"

/**
 * Answers a request for the page, or one of the page.
 *
 * @since 0.2.0
 * @category models
 */
export type DashboardHandler = (request: Request) => Promise<Response>

/**
 * Runs what the page does with the storage. `work` is a call like any other; `watch` goes on until its signal is aborted, or the
 * storage is closed.
 *
 * @since 0.2.0
 * @category models
 */
export interface DashboardRuns {
  readonly work: <A>(effect: Effect.Effect<A>, signal: AbortSignal) => Promise<A>
  readonly watch: (effect: Effect.Effect<void>, signal: AbortSignal) => Promise<void>
  /** Logs what went wrong beside all that. */
  readonly log: (error: unknown) => void
}

/**
 * Makes the page of a storage. It serves one page, at whatever path the requests have, and all else below `/-/` behind that.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeDashboard = Effect.fnUntraced(function*(
  storage: TaskStorageShape,
  options?: DashboardOptions
): Effect.fn.Return<DashboardHandler, InvalidInput> {
  return yield* Effect.fromResult(makeDashboardWith(storage, options, runsIn(yield* Effect.context<never>())))
})

/**
 * Runs it with the references of a context.
 *
 * @since 0.2.0
 * @category constructors
 */
export const runsIn = (context: Context.Context<never>): DashboardRuns => {
  const run = Effect.runPromiseWith(context)
  return {
    work: (effect, signal) => run(effect, { signal }),
    watch: (effect, signal) => run(effect, { signal }),
    log: logIn(context)
  }
}

/**
 * Logs with the loggers of a context.
 *
 * @since 0.2.0
 * @category constructors
 */
export const logIn = (context: Context.Context<never>): DashboardRuns["log"] => {
  const fork = Effect.runForkWith(context)
  return (error) => fork(logFailure(error))
}

/**
 * Makes the page of a storage whose effects run as `runs` says.
 *
 * @since 0.2.0
 * @category constructors
 */
export const makeDashboardWith = (
  storage: TaskStorageShape,
  options: DashboardOptions | undefined,
  runs: DashboardRuns
): Result.Result<DashboardHandler, InvalidInput> =>
  Result.map(parseDashboardOptions(options), (options) => {
    const dashboard = new Dashboard(storage, options, runs)
    return (request) => dashboard.handle(request)
  })

const views: { readonly [path: string]: View<unknown> } = {
  tasks: tasksView,
  task: taskView,
  payload: payloadView,
  workers: workersView,
  overview: overviewView,
  find: findView
}

/** What can be followed: the same, each time that it changes. */
const liveViews: { readonly [path: string]: View<unknown> } = {
  tasks: tasksView,
  task: followTask,
  workers: workersView,
  overview: overviewView
}

const livePrefix = "live/"

const isKept = "private, max-age=31536000, immutable"

class Dashboard {
  readonly #storage: TaskStorageShape
  readonly #options: ResolvedDashboardOptions
  readonly #runs: DashboardRuns
  readonly #feeds: LiveFeeds
  readonly #changes: { readonly [path: string]: (body: string) => Effect.Effect<unknown, TaskStorageError> }

  constructor(storage: TaskStorageShape, options: ResolvedDashboardOptions, runs: DashboardRuns) {
    this.#storage = storage
    this.#options = options
    this.#runs = runs
    this.#feeds = new LiveFeeds(runs.watch, options.maxStreams)
    const admin = makeTaskAdmin(storage)
    this.#changes = {
      change: (body) => Effect.flatMap(parseBody(TaskActionSchema, body), (action) => changeTask(admin, action)),
      "change-all": (body) => Effect.flatMap(parseBody(BulkActionSchema, body), (action) => changeTasks(admin, action)),
      pause: (body) => Effect.flatMap(parseBody(PauseActionSchema, body), (action) => changePause(storage, action))
    }
  }

  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url)
    const path = /\/-\/(.*)$/s.exec(url.pathname)?.[1]
    try {
      const response = path === undefined ? await this.#page(request, url) : await this.#below(request, url, path)
      return request.method === "HEAD" ? new Response(null, response) : response
    } catch (error) {
      if (isTaskStorageError(error)) return refusalJson(refusalOf(error))
      // Nobody reads the answer of a browser that has left.
      if (!request.signal.aborted) this.#runs.log(error)
      return refusalJson(broken)
    }
  }

  async #page(request: Request, { pathname, search }: URL): Promise<Response> {
    // Its links are relative, so that it may stand behind any proxy.
    if (!pathname.endsWith("/")) return redirect(`./${pathname.slice(pathname.lastIndexOf("/") + 1)}/${search}`)
    const visit = await decideVisit(request, this.#options)
    if (visit !== undefined) return html(firstVisitDocument(visit.next), 200, { "set-cookie": visit.cookie })
    const access = await decideAccess(request, this.#options, true)
    const assets = await loadAssets()
    switch (access._tag) {
      case "Answered":
        return access.response
      case "Refused":
        return html(refusalDocument(assets, access.refusal), access.refusal.status)
      case "Granted":
        return isRead(request)
          ? html(pageDocument(assets, this.#storage.backendName, access.mayWrite))
          : refusalJson(wrongMethod)
    }
  }

  async #below(request: Request, url: URL, path: string): Promise<Response> {
    const asset = Object.values(await loadAssets()).find((asset) => asset.path === path)
    if (asset !== undefined) {
      // These files come with the package, so that anybody may see them.
      const refusal = checkHost(request, this.#options) ?? (isRead(request) ? undefined : wrongMethod)
      return refusal === undefined
        ? answer({ type: asset.type, body: asset.content, headers: { "cache-control": isKept } })
        : refusalJson(refusal)
    }
    const access = await decideAccess(request, this.#options, false)
    switch (access._tag) {
      case "Answered":
        return access.response
      case "Refused":
        return refusalJson(access.refusal)
      case "Granted":
        return request.method === "POST"
          ? this.#change(request, path)
          : isRead(request)
          ? this.#read(request, url, path)
          : refusalJson(wrongMethod)
    }
  }

  async #read(request: Request, { search, searchParams }: URL, path: string): Promise<Response> {
    const isLive = path.startsWith(livePrefix)
    const name = isLive ? path.slice(livePrefix.length) : path
    const view = ownValue(isLive ? liveViews : views, name)
    if (view === undefined) return refusalJson(noSuchPath)
    const effect = view(this.#storage, searchParams)
    if (!isLive) return this.#answer(effect, request)
    return this.#feeds.open(`${name}${search}`, lookOf(effect), request.signal) ?? refusalJson(tooMany)
  }

  async #change(request: Request, path: string): Promise<Response> {
    const change = ownValue(this.#changes, path)
    if (change === undefined) return refusalJson(noSuchPath)
    const body = await readBody(request)
    if (body === undefined) return refusalJson(tooLarge)
    const response = await this.#answer(change(body), request)
    this.#feeds.refresh()
    return response
  }

  #answer(effect: Effect.Effect<unknown, TaskStorageError>, { signal }: Request): Promise<Response> {
    return this.#runs.work(
      Effect.match(effect, {
        onSuccess: (value) => json(value),
        onFailure: (error) => refusalJson(refusalOf(error))
      }),
      signal
    )
  }
}

const isRead = ({ method }: Request): boolean => method === "GET" || method === "HEAD"

/** A look that fails is seen as well. The next one may succeed. */
const lookOf = (view: Effect.Effect<unknown, TaskStorageError>): Effect.Effect<Look> =>
  view.pipe(
    Effect.map((value) => ({ event: "view", data: JSON.stringify(value) })),
    Effect.catch((error) => Effect.succeed(problem(refusalOf(error)))),
    Effect.catchDefect((defect) => Effect.as(Effect.logError("The page of tasks failed", defect), problem(broken)))
  )

const logFailure = (error: unknown): Effect.Effect<void> => Effect.logError("The page of tasks failed", error)

const problem = (refusal: Refusal): Look => ({ event: "problem", data: JSON.stringify(errorOf(refusal)) })

const parseBody = <A>(schema: Schema.Decoder<A>, body: string): Effect.Effect<A, InvalidInput> =>
  Effect.mapError(
    Schema.decodeUnknownEffect(Schema.fromJsonString(schema), { onExcessProperty: "error" })(body),
    () => new InvalidInput({ field: "body", reason: "is not what this path takes" })
  )

const broken: Refusal = {
  status: 500,
  tag: "Failed",
  message: "The page has failed. The log of its server says why."
}

const wrongMethod: Refusal = { status: 405, tag: "WrongMethod", message: "Send GET to read, and POST to change." }

const noSuchPath: Refusal = { status: 404, tag: "NoSuchPath", message: "The page has nothing at this path." }

const tooLarge: Refusal = { status: 413, tag: "BodyTooLarge", message: "The body of the request is too large." }

const tooMany: Refusal = {
  status: 503,
  tag: "TooManyStreams",
  message: "Too many browsers watch at the moment. Reload to see what is new, or raise maxStreams."
}
