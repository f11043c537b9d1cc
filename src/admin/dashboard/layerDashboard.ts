/**
 * The page of tasks on Effect's router.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as HttpEffect from "effect/http/HttpEffect"
import * as HttpRouter from "effect/http/HttpRouter"
import type * as Layer from "effect/Layer"
import type { InvalidInput } from "../../domain/task/TaskError.ts"
import { TaskStorage } from "../../domain/TaskStorage.ts"
import type { DashboardOptions } from "./DashboardOptions.ts"
import { makeDashboard } from "./makeDashboard.ts"

/**
 * Serves the page of the `TaskStorage` at a path of the router, such as `/tasks`, without a slash at its end.
 *
 * @since 0.2.0
 * @category layers
 */
export const layerDashboard = (
  path: `/${string}`,
  options?: DashboardOptions
): Layer.Layer<never, InvalidInput, TaskStorage | HttpRouter.HttpRouter> =>
  HttpRouter.use((router) =>
    Effect.gen(function*() {
      const handler = yield* makeDashboard(yield* TaskStorage, options)
      // It answers whatever happens. Only the server itself can still fail.
      const dashboard = Effect.orDie(HttpEffect.fromWebHandler(handler))
      // It takes the path itself too.
      yield* router.add("*", path === "/" ? "/*" : `${path}/*`, dashboard)
    })
  )
